import type { QoS } from "@bowline/protocol";

/** What one run of the load generator does. */
export interface LoadOptions {
  /**
   * pairs: `n` publishers, each with a topic and a subscriber of its own; fanin: `n` publishers, one subscriber; fanout: the reverse;
   * churn: `count` connections, `n` of them under way at once, each closed after its CONNACK; hold: the same, but all stay open
   * until memory is read.
   */
  readonly mode: "pairs" | "fanin" | "fanout" | "churn" | "hold";
  readonly n: number;
  /**
   * Topics that a publisher takes in turn: with one a broker may treat equal headers as one, with two it cannot. Up to 10 their
   * subscriber has one filter; of more, an even number, each two have a wildcard filter of their own.
   */
  readonly topics: number;
  /** Of the publish and of the subscription. */
  readonly qos: QoS;
  /** Payload in bytes, 16 to 131,072: the first 16 hold time, publisher and sequence number. */
  readonly size: number;
  /** Protocol level: 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
  readonly version: 4 | 5;
  /** IPv4 address of the broker. */
  readonly host: string;
  readonly port: number;
  /** Closed loop: messages between a publisher and its subscribers (at fanout on average per subscriber). It goes on at half. */
  readonly window: number;
  /** Closed loop: unacknowledged messages of one publisher, QoS 1 and 2. */
  readonly inflight: number;
  /** Above 0 the loop is open: messages published per second in total, whatever the broker does. */
  readonly rate: number;
  /** Seconds that are measured, and seconds before them that are not. */
  readonly seconds: number;
  readonly warm: number;
  /** Above 0: messages per publisher instead of a time, measured to the last delivery without a warm-up. */
  readonly count: number;
  readonly threads: number;
  /** Credentials of CONNECT; none when empty. */
  readonly user: string;
  readonly password: string;
  /** churn and hold: above 1 the connections log in as `user`-0 and so on, in turn. */
  readonly users: number;
  /** churn and hold: 1 for TLS, whose certificate is not checked and whose sessions are not resumed. */
  readonly tls: 0 | 1;
  /** Process of the broker, whose CPU and memory are read; 0 for none. */
  readonly pid: number;
  /** After this time without a delivery or an acknowledgement what is missing counts as lost, ms. */
  readonly patience: number;
  readonly label: string;
}

export const defaultLoadOptions: LoadOptions = {
  mode: "pairs",
  n: 10,
  topics: 1,
  qos: 0,
  size: 64,
  version: 4,
  host: "127.0.0.1",
  port: 1883,
  window: 512,
  inflight: 100,
  rate: 0,
  seconds: 5,
  warm: 1,
  count: 0,
  threads: 2,
  user: "",
  password: "",
  users: 1,
  tls: 0,
  pid: 0,
  patience: 5000,
  label: "",
};

const LIMITS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  n: [1, 5000],
  topics: [1, 20_000],
  qos: [0, 2],
  size: [16, 131_072],
  version: [4, 5],
  port: [1, 65_535],
  window: [1, 100_000],
  inflight: [1, 65_535],
  rate: [0, 10_000_000],
  seconds: [0.1, 600],
  warm: [0, 600],
  // Sequence numbers and counters have 32 bits.
  count: [0, 100_000_000],
  threads: [1, 16],
  users: [1, 100_000],
  tls: [0, 1],
  pid: [0, 4_194_304],
  patience: [1, 600_000],
};

/**
 * Reads `--name value` words.
 *
 * @throws Error with one line that says which option is wrong.
 */
export function parseLoadOptions(words: readonly string[]): LoadOptions {
  const options: Record<string, string | number> = { ...defaultLoadOptions };
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i]!.replace(/^--/, "");
    const word = words[i + 1];
    if (!(name in options) || word === undefined) throw new Error(`unknown option or no value: ${words[i]}`);
    options[name] = name in LIMITS ? number(name, word) : word;
  }
  const mode = String(options["mode"]);
  if (!["pairs", "fanin", "fanout", "churn", "hold"].includes(mode)) throw new Error(`unknown mode ${mode}`);
  if ((mode === "churn" || mode === "hold") && options["count"] === 0) throw new Error(`${mode} takes a --count of connections`);
  return options as unknown as LoadOptions;
}

/** The words that `parseLoadOptions` reads. */
export function loadOptionWords(options: Partial<LoadOptions>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function number(name: string, word: string): number {
  const value = Number(word);
  const [least, most] = LIMITS[name]!;
  if (!(value >= least && value <= most)) throw new Error(`--${name} takes ${least} to ${most}, not ${word}`);
  return value;
}
