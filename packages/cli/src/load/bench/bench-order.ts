import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { MqttError, type QoS } from "@bowline/protocol";
import { CommandLine } from "../../command-line.ts";
import type { ConnectionsOptions } from "../connections-options.ts";
import type { LoadOptions } from "../load-options.ts";
import { isOfEach } from "../load-topics.ts";
import type { OwnMessage } from "../own-message.ts";
import { BENCH_KINDS, type BenchKind } from "./bench-kind.ts";
import { ownMessageOf } from "./message-of-order.ts";

/** What a run does, wherever it does it. */
export type FlowOrder = Omit<LoadOptions, "server" | "pid">;
export type ConnectOrder = Omit<ConnectionsOptions, "server" | "pid">;

export interface BenchOrder {
  readonly kind: BenchKind;
  /** The words and options without the kind, so that the broker's URL comes first. */
  readonly line: CommandLine;
  /** Further servers of the same broker, which the connections take in turn. */
  readonly otherUrls: readonly string[];
  readonly topic: string | undefined;
  readonly qos: QoS;
  readonly flow: FlowOrder;
  readonly connect: ConnectOrder;
  readonly rounds: number;
  readonly serverPid: number;
  readonly vs: { readonly url: string; readonly credentials: string | undefined; readonly pid: number } | undefined;
  readonly localAddresses: readonly string[];
  readonly firstNumber: number;
  readonly retries: number;
  readonly isJson: boolean;
  readonly isVerbose: boolean;
  /** File for the times of each connection. */
  readonly qoe: string | undefined;
  /** Port for metrics. */
  readonly metricsPort: number | undefined;
}

/** Counters of a run have 32 bits. */
const COUNT_MAX = 100_000_000;
const CONNECTIONS_MAX = 1_000_000;
const PID_MAX = 4_194_304;

/** @throws MqttError USAGE, OPTION_INVALID */
export async function readBenchOrder(given: CommandLine): Promise<BenchOrder> {
  const { kind, line } = kindOf(given);
  return benchOrderOf(given, await ownMessageOf(line, kind));
}

/** @throws MqttError USAGE */
export function benchOrderOf(given: CommandLine, message?: OwnMessage): BenchOrder {
  const { kind, line } = kindOf(given);
  const vs = line.text("vs");
  const vsCredentials = line.text("vs-credentials");
  if (vs === undefined && vsCredentials !== undefined)
    throw new MqttError("USAGE", { detail: "--vs-credentials belongs to --vs URL" });
  const flow = flowOf(kind, line, message);
  // The first word is the broker's URL, unless --url has it.
  const otherUrls = line.words.slice(line.text("url") === undefined ? 1 : 0);
  if (vs !== undefined && otherUrls.length > 0)
    throw new MqttError("USAGE", { detail: "--vs compares two brokers of one URL each" });
  return {
    kind,
    line,
    otherUrls,
    topic: line.text("topic"),
    qos: flow.qos,
    flow,
    connect: connectOf(line),
    rounds: vs === undefined ? 1 : (line.number("rounds", 1, 100) ?? 3),
    serverPid: line.number("server-pid", 1, PID_MAX) ?? 0,
    vs: vs === undefined ? undefined : { url: vs, credentials: vsCredentials, pid: line.number("vs-pid", 1, PID_MAX) ?? 0 },
    localAddresses: line.list("local-address"),
    firstNumber: line.number("first-number", 0, 1_000_000_000) ?? 0,
    retries: line.number("retries", 0, 1_000) ?? 0,
    isJson: line.flag("json"),
    isVerbose: line.flag("verbose"),
    qoe: line.text("qoe"),
    metricsPort: line.number("prometheus", 0, 65_535),
  };
}

function kindOf(line: CommandLine): { kind: BenchKind; line: CommandLine } {
  const [first, ...rest] = line.words;
  const kind = BENCH_KINDS.find((one) => one === first);
  if (kind !== undefined) return { kind, line: new CommandLine(rest, line.values) };
  if (first !== undefined && !first.includes(":"))
    throw new MqttError("USAGE", { detail: `"${first}" is neither a URL nor one of ${BENCH_KINDS.join(", ")}` });
  return { kind: "pairs", line };
}

function flowOf(kind: BenchKind, line: CommandLine, message: OwnMessage | undefined): FlowOrder {
  const clients = line.number("clients", 1, kind === "conn" ? CONNECTIONS_MAX : 100_000) ?? 10;
  const many = { publishers: clients, subscribers: clients };
  const sides: Record<BenchKind, { publishers: number; subscribers: number }> = {
    pairs: many,
    "fan-in": {
      publishers: line.number("publishers", 1, 100_000) ?? clients,
      subscribers: line.number("subscribers", 1, 100_000) ?? 1,
    },
    "fan-out": {
      publishers: line.number("publishers", 1, 100_000) ?? 1,
      subscribers: line.number("subscribers", 1, 100_000) ?? clients,
    },
    pub: { ...many, subscribers: 0 },
    sub: { ...many, publishers: 0 },
    conn: many,
  };
  const isShared = kind === "fan-in" || kind === "fan-out";
  if (!isShared && (line.text("publishers") ?? line.text("subscribers")) !== undefined)
    throw new MqttError("USAGE", { detail: `--publishers and --subscribers belong to fan-in and fan-out; ${kind} has --clients` });
  const rate = line.number("rate", 1, 10_000_000) ?? 0;
  const size =
    message === undefined
      ? (line.number("size", 16, 1_048_576) ?? 64)
      : Math.max(1, ...message.payloads.map(({ length }) => length));
  const prefix = line.text("topic") ?? `bench/${randomBytes(3).toString("hex")}`;
  if (isShared && isOfEach(prefix))
    throw new MqttError("USAGE", { detail: `${kind} has one topic for all; %i, %c and %u in it belong to pairs, pub and sub` });
  return {
    ...sides[kind],
    topology: isShared ? "shared" : "pairs",
    prefix,
    topics: topicsOf(line),
    qos: (line.number("qos", 0, 2) ?? 0) as QoS,
    retain: line.flag("retain"),
    message,
    size,
    window: line.number("window", 1, 100_000) ?? windowOf(size, isShared ? sides[kind].publishers : 1),
    inflight: line.number("inflight", 1, 65_535) ?? 100,
    rate,
    seconds: secondsOf(line, "duration", 10),
    warm: secondsOf(line, "warm", 1),
    count: line.number("count", 1, COUNT_MAX) ?? 0,
    ramp: secondsOf(line, "ramp", 0),
    hasTimes: line.text("qoe") !== undefined,
    threads: line.number("threads", 1, 64) ?? Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2))),
    // At a low rate there is no news between two messages.
    patience: Math.max(line.milliseconds("patience") ?? 5_000, rate > 0 ? 2_000 / rate : 0),
  };
}

/** Small enough that large payloads do not measure memory, and that a subscriber of many publishers is no slow one by their number alone. */
function windowOf(size: number, publishers: number): number {
  const most = Math.min(512, 262_144 / size, 20_000 / publishers);
  return Math.max(4, Math.floor(most));
}

/** A listener may let no more than 100 wait to be accepted, such as mosquitto's. */
const AT_ONCE = 96;

/** Connecting costs the generator twice what it costs a broker: it takes every core but one. */
function connectOf(line: CommandLine): ConnectOrder {
  const threads = line.number("threads", 1, 64) ?? Math.min(4, Math.max(1, availableParallelism() - 1));
  const count = line.number("clients", 1, CONNECTIONS_MAX) ?? 1_000;
  const ramp = secondsOf(line, "ramp", 0);
  const rate = line.number("rate", 1, 1_000_000) ?? (ramp > 0 ? count / ramp : 0);
  const hold = line.text("hold") === undefined ? undefined : secondsOf(line, "hold", 0);
  const hasTimes = line.text("qoe") !== undefined;
  return { count, atOnce: Math.min(AT_ONCE, count), rate, hold, hasTimes, threads: Math.min(threads, count) };
}

function secondsOf(line: CommandLine, name: string, otherwise: number): number {
  const given = line.milliseconds(name);
  return given === undefined ? otherwise : given / 1_000;
}

function topicsOf(line: CommandLine): number {
  const topics = line.number("topics", 1, 20_000) ?? 1;
  if (topics > 10 && topics % 2 === 1) throw new MqttError("USAGE", { detail: "--topics above 10 must be an even number" });
  return topics;
}
