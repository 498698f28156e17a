import { once } from "node:events";
import type { AttemptFailure, Client } from "@bowline/client";
import { type QoS, MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { CONNECTION_OPTIONS, connectionTarget } from "../connection-options.ts";
import { ExitCode } from "../exit-code.ts";
import { formatMessage, type MessageFormat } from "../format-message.ts";
import { interruption } from "../interruption.ts";

export const sub: Command = {
  usage: ["bowline sub URL -t FILTER ..."],
  description: [
    "Subscribes and prints each message, until Ctrl-C, a count or a time. Messages go to standard output, all else to standard",
    "error. A lost connection comes back by itself; a first attempt that fails ends the command.",
  ].join("\n"),
  options: {
    topic: {
      type: "string",
      short: "t",
      multiple: true,
      value: "FILTER",
      help: "Topic filter; + stands for one level, # for all below.",
    },
    qos: { type: "string", short: "q", value: "0|1|2", help: "Highest quality of service; default 0." },
    count: { type: "string", short: "C", value: "N", help: "End after N messages." },
    wait: {
      type: "string",
      short: "W",
      value: "SECONDS",
      help: "End after so many seconds; with -C, failing when messages are missing.",
    },
    verbose: { type: "boolean", short: "v", help: "Print the topic before each message." },
    json: { type: "boolean", help: "Print one JSON record for each message." },
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "bowline sub mqtts://localhost:8883 --credentials .bowline/first-user.json -t 'demo/#' -v",
    "bowline sub --credentials .bowline/first-user.json -t demo/hello -C 1 -W 10",
    "bowline sub --credentials .bowline/first-user.json -t '#' --json | jq .topic",
  ],
  run: subscribe,
};

async function subscribe(line: CommandLine): Promise<number> {
  const order = orderOf(line);
  const { url, options } = await connectionTarget(line);
  const { connect } = await import("@bowline/client");
  // Somebody watches: a broker that is back is found within seconds, not after the minute a fleet of devices would leave it.
  const client = connect(url, { ...options, reconnect: { maximumDelayMs: 5_000 } });
  const end = new AbortController();
  const interrupted = interruption(() => end.abort());
  const timer = order.waitSeconds === undefined ? undefined : setTimeout(() => end.abort(), order.waitSeconds * 1_000);
  try {
    const missing = await receive(client, order, end.signal);
    if (interrupted.happened()) return ExitCode.Interrupted;
    return missing > 0 && Number.isFinite(missing) ? tooFew(order, missing) : ExitCode.Well;
  } finally {
    clearTimeout(timer);
    interrupted.stop();
    await client.close();
  }
}

interface Order {
  filters: readonly string[];
  qos: QoS;
  /** Infinity when none was asked for. */
  count: number;
  waitSeconds: number | undefined;
  format: MessageFormat;
}

function orderOf(line: CommandLine): Order {
  const filters = line.list("topic");
  if (filters.length === 0) throw new MqttError("USAGE", { detail: "the topic filter is missing; give it with -t" });
  return {
    filters,
    qos: (line.number("qos", 0, 2) ?? 0) as QoS,
    count: line.number("count", 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    waitSeconds: line.number("wait", 1, 1_000_000),
    format: line.flag("json") ? "json" : line.flag("verbose") ? "verbose" : "payload",
  };
}

/** Prints messages until all have come or the signal aborts; resolves with how many are missing. */
async function receive(client: Client, order: Order, signal: AbortSignal): Promise<number> {
  let missing = order.count;
  try {
    await firstConnection(client, signal);
    const subscription = client.subscribe(order.filters, { qos: order.qos, acknowledge: "handled", signal });
    // A refused filter rejects here too.
    for await (const message of subscription) {
      // A message is acknowledged after it was written, so none is lost on the way to a file or a pipe.
      if (!process.stdout.write(formatMessage(message, order.format))) await once(process.stdout, "drain");
      if (--missing === 0) break;
    }
  } catch (error) {
    // An end that was asked for is no failure, whatever was waiting then.
    if (!signal.aborted) throw error;
  }
  return missing;
}

/** The client would try for ever; a person at a terminal wants to know at once that the address or the password is wrong. */
async function firstConnection(client: Client, signal: AbortSignal): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    client.once("attemptFailed", (failure) => reject(failure.error));
  });
  await Promise.race([client.online({ signal }), failed]);
  // From here on a failed attempt is only told.
  failed.catch(() => {});
  client.on("connectionLost", (failure) => note("connection lost", failure));
  client.on("attemptFailed", (failure) => note("still not back", failure));
  client.on("gap", () => void process.stderr.write("note: the broker no longer had the session; messages may be missing\n"));
}

function note(what: string, failure: AttemptFailure): void {
  const next = failure.retryInMs === undefined ? "" : `; next attempt in ${(failure.retryInMs / 1_000).toFixed(1)} s`;
  process.stderr.write(`note: ${what} (${failure.code})${next}\n`);
}

function tooFew(order: Order, missing: number): number {
  process.stderr.write(`only ${order.count - missing} of ${order.count} messages came within ${order.waitSeconds} s\n`);
  return ExitCode.Failed;
}
