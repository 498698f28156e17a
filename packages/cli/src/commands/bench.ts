import { MqttError } from "@bowline/protocol";
import { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { type ConnectionTarget, connectionTarget } from "../connection-options.ts";
import { ExitCode } from "../exit-code.ts";
import { interruption } from "../interruption.ts";
import { BENCH_OPTIONS } from "../load/bench/bench-options.ts";
import { type BenchOrder, readBenchOrder } from "../load/bench/bench-order.ts";

export const bench: Command = {
  usage: [
    "bowline bench [pairs|fan-in|fan-out] URL   messages through the broker, numbered and checked",
    "bowline bench pub|sub URL                  one side alone",
    "bowline bench conn URL                     connections",
  ],
  description: [
    "Measures a broker. Without --rate as much is sent as the broker delivers, which finds its throughput; with --rate messages",
    "leave when they are due, and latency counts from then. Lost, doubled and reordered messages are counted, and fail the run.",
  ].join("\n"),
  options: BENCH_OPTIONS,
  examples: [
    "bowline bench mqtts://localhost:8883 --credentials .bowline/first-user.json --duration 2",
    "bowline bench --credentials .bowline/first-user.json --rate 5000 --qos 1 --duration 5 --json",
    "bowline bench fan-out --credentials .bowline/first-user.json -n 50 --count 1000",
    "bowline bench conn --credentials .bowline/first-user.json -n 100 --hold 2",
  ],
  run,
};

async function run(line: CommandLine): Promise<number> {
  const order = await readBenchOrder(line);
  const targets = await targetsOf(order);
  // The generator is loaded when the command line is right.
  const [{ runBench }, { benchText }] = await Promise.all([
    import("../load/bench/run-bench.ts"),
    import("../load/bench/bench-text.ts"),
  ]);
  const end = new AbortController();
  const interrupted = interruption(() => end.abort());
  try {
    const record = await runBench(order, targets, end.signal);
    process.stdout.write(order.isJson ? `${JSON.stringify(record)}\n` : benchText(record));
    if (interrupted.happened()) return ExitCode.Interrupted;
    return record.ok ? ExitCode.Well : ExitCode.Failed;
  } finally {
    interrupted.stop();
  }
}

async function targetsOf({ line, vs, kind, topic }: BenchOrder): Promise<ConnectionTarget[]> {
  if (kind === "sub" && topic === undefined)
    throw new MqttError("USAGE", { detail: "sub needs the filter of what it receives: -t FILTER" });
  const first = await connectionTarget(line);
  if (vs === undefined) return [first];
  // What was said of the connection holds for both brokers; logins are each one's own.
  const { url: _url, credentials: _file, profile: _profile, username: _name, ...shared } = line.values;
  const login = vs.credentials === undefined ? {} : { credentials: vs.credentials };
  const others = Object.entries(shared).filter(([name]) => !name.startsWith("password"));
  return [first, await connectionTarget(new CommandLine([vs.url], { ...Object.fromEntries(others), ...login }))];
}
