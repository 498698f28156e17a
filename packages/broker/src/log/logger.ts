import { pino, type DestinationStream } from "pino";
import { formatLine } from "./format-line.ts";
import { hidingFields } from "./hide-fields.ts";

/** From the most talkative to silence. The default is `info`. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `text` is one readable line per event, `json` one JSON object per line. */
export type LogFormat = "text" | "json";

type LogMethod = (fields: object, message: string) => void;

/** What the rest of the broker knows of logging: facts as fields, then one constant sentence which says what happened. */
export interface Logger {
  trace: LogMethod;
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  /** A logger which adds these fields to every event. */
  child(fields: object): Logger;
  /** The least important event that is logged, where it can change while the program runs; those made by `child` keep theirs. */
  level?: string;
}

export interface LoggerOptions {
  level: LogLevel;
  /** Default: `text` when standard error is a terminal, else `json`, which log collectors read. */
  format?: LogFormat | undefined;
  /** Fields whose value is told as a keyed hash: lines of the same one can be found, and nobody learns whose they are. */
  hide?: readonly string[];
  /** Where the lines go; standard error unless a test says otherwise. */
  destination?: DestinationStream;
}

/** Bytes of log lines kept when nobody reads standard error; beyond it lines are dropped, since a log must not end the broker. */
const MAXIMUM_BUFFERED_BYTES = 4 * 1024 * 1024;

/** The logger of a process. Secrets are redacted by their type, see `Secret`. */
export function createLogger(options: LoggerOptions): Logger {
  const format = options.format ?? (process.stderr.isTTY ? "text" : "json");
  const target = options.destination ?? standardError();
  const destination = format === "json" ? target : textDestination(target, useColour());
  const hide = hidingFields(options.hide ?? []);
  return pino(
    {
      level: options.level,
      base: null,
      messageKey: "message",
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: (fields) => hide({ ...fields, ...errorOf(fields, options.level) }) },
    },
    destination,
  );
}

const nothing = (): void => {};

/** A logger that says nothing, for tests and for callers who gave none. All share it, so that it has no level that one could change. */
export const silentLogger: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};

function standardError(): DestinationStream {
  const stream = pino.destination({ dest: 2, sync: false, maxLength: MAXIMUM_BUFFERED_BYTES });
  // The reader of the log went away (EPIPE), or its disk is full. Losing the log is no reason to end the broker, nor to keep it from its
  // end: the last flush would try again for ever what the system refuses, and block.
  let isRefused = false;
  stream.on("error", () => (isRefused = true)).on("write", () => (isRefused = false));
  const flush = stream.flushSync.bind(stream);
  stream.flushSync = () => {
    if (!isRefused) flush();
  };
  return stream;
}

function textDestination(target: DestinationStream, colour: boolean): DestinationStream {
  return { write: (line) => target.write(formatLine(line, colour)) };
}

// https://no-color.org and the usual meaning of TERM=dumb.
function useColour(): boolean {
  return process.stderr.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

/** Described before anything is hidden: its words may have what is to be. */
function errorOf({ error }: Record<string, unknown>, level: LogLevel): { error?: unknown } {
  return error === undefined ? {} : { error: describeError(error, level) };
}

/** The stack is for whoever debugs the broker itself; everybody else gets the code and the sentence. */
function describeError(error: unknown, level: LogLevel): unknown {
  if (!(error instanceof Error)) return error;
  const described: Record<string, unknown> = { message: error.message };
  if ("code" in error) described["code"] = error.code;
  if (error.cause instanceof Error) described["cause"] = describeError(error.cause, level);
  if (level === "debug" || level === "trace") described["stack"] = error.stack;
  return described;
}
