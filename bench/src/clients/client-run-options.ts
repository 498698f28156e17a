import { parseArgs } from "node:util";
import type { QoS } from "@bowline/protocol";

/** Whose client is measured: `@bowline/client`, `@bowline/mqttjs` or npm's `mqtt`. */
export type Library = "client" | "drop-in" | "mqttjs";
/** How the application hears of its messages. */
export type Form = "callbacks" | "promises";

/** What one run of one client does: so many messages with so many under way. */
export interface ClientRunOptions {
  readonly library: Library;
  readonly form: Form;
  readonly direction: "publish" | "receive";
  readonly qos: QoS;
  /** Messages. */
  readonly count: number;
  /** The first of them, whose cost is not counted: they are when the engine compiles what runs often. */
  readonly warm: number;
  /** Topics that messages take in turn: 1, 2, 4, 8 or 16. */
  readonly topics: number;
  /** Messages with QoS 1 and 2 that are not acknowledged. */
  readonly inflight: number;
  /** Protocol level. */
  readonly version: 4 | 5;
  /** Of the far end, on 127.0.0.1. */
  readonly port: number;
}

/** What a measured client says of its run. */
export interface ClientRunResult {
  /** User and system, from the end of the warm-up until the connection was closed after the last message, in seconds. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** Messages that were confirmed to the application, or reached its handler. */
  readonly told: number;
  /** Messages that failed, or came with another content or out of order. */
  readonly faults: number;
}

/** Options as words of a command line. */
export function clientRunWords(options: ClientRunOptions): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** The same options from the words; those of a far end alone may miss some. */
export function parseClientRun(words: readonly string[]): ClientRunOptions {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...words],
    options: {
      library: text,
      form: text,
      direction: text,
      qos: text,
      count: text,
      warm: text,
      topics: text,
      inflight: text,
      version: text,
      port: text,
    },
  });
  const { library = "client", form = "callbacks", direction = "publish" } = values;
  return {
    library: library as Library,
    form: form as Form,
    direction: direction as "publish" | "receive",
    qos: Number(values.qos ?? 0) as QoS,
    count: Number(values.count ?? 100_000),
    warm: Number(values.warm ?? 0),
    topics: Number(values.topics ?? 1),
    inflight: Number(values.inflight ?? 100),
    version: Number(values.version ?? 4) as 4 | 5,
    port: Number(values.port ?? 0),
  };
}
