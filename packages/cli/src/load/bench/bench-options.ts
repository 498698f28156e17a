import { CONNECTION_OPTIONS } from "../../connection-options.ts";
import type { OptionSpec } from "../../option-spec.ts";
import { OWN_MESSAGE_OPTIONS } from "./message-of-order.ts";

const group = "Measuring";

/** Options of `bowline bench`. */
export const BENCH_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  clients: {
    type: "string",
    short: "n",
    value: "N",
    help: "Pairs, or clients of the side that has many; default 10 (conn 1000).",
  },
  topic: {
    type: "string",
    short: "t",
    value: "PREFIX",
    help: "Where topics begin, default bench/RANDOM; of sub: the filter. %i, %c, %u: one each.",
  },
  qos: { type: "string", short: "q", value: "0|1|2", help: "Quality of service of publish and subscription; default 0." },
  size: { type: "string", short: "s", value: "BYTES", help: "Payload, at least 16; default 64." },
  retain: { type: "boolean", short: "r", help: "Let the broker keep the last message of each topic." },
  rate: { type: "string", value: "N", help: "Messages (of conn: connections) a second; default as many as go." },
  duration: { type: "string", value: "SECONDS", help: "Measured time; default 10." },
  count: { type: "string", value: "N", help: "Messages of each publisher, in place of a time." },
  ramp: { type: "string", value: "SECONDS", help: "Open the connections over this time." },
  hold: { type: "string", value: "SECONDS", help: "conn: keep all open so long; else each ends at once." },
  vs: { type: "string", value: "URL", help: "Measure this broker too, in turns, and print ratios." },
  "vs-credentials": { type: "string", value: "FILE", help: "Login for --vs; else none.", group },
  rounds: { type: "string", value: "N", help: "Turns of each broker with --vs; default 3.", group },
  "server-pid": { type: "string", value: "PID", help: "Broker on this machine whose CPU and memory are read." },
  json: { type: "boolean", help: "Print one JSON record." },
  verbose: { type: "boolean", short: "v", help: "Print the rates of each second on standard error." },
  qoe: { type: "string", value: "FILE", help: "Write the times of each connection, as JSON lines.", group },
  prometheus: { type: "string", value: "PORT", help: "Serve http://127.0.0.1:PORT/metrics during the run.", group },
  publishers: { type: "string", value: "N", help: "fan-in, fan-out: so many publishers on the one topic.", group },
  subscribers: { type: "string", value: "N", help: "fan-in, fan-out: so many subscribers to it.", group },
  topics: { type: "string", value: "N", help: "Topics that each publisher takes in turn; default 1.", group },
  window: {
    type: "string",
    value: "N",
    help: "Without --rate: messages on the way of each publisher; default 512, less where they are large or many.",
    group,
  },
  inflight: { type: "string", value: "N", help: "Without --rate: unacknowledged messages of each publisher; default 100.", group },
  warm: { type: "string", value: "SECONDS", help: "Time before the measured one; default 1.", group },
  patience: { type: "string", value: "SECONDS", help: "After so long without news what is missing is lost; default 5.", group },
  threads: {
    type: "string",
    value: "N",
    help: "Threads of the generator; default half the cores (conn: all but one), at most 4.",
    group,
  },
  retries: { type: "string", value: "N", help: "Attempts after the first that each connection has; default 0.", group },
  "first-number": { type: "string", value: "N", help: "What %i is in the first connection; default 0.", group },
  "local-address": { type: "string", multiple: true, value: "ADDRESS", help: "Connect from these addresses in turn.", group },
  "vs-pid": { type: "string", value: "PID", help: "As --server-pid, of the broker of --vs.", group },
  ...OWN_MESSAGE_OPTIONS,
  ...CONNECTION_OPTIONS,
};
