import { randomInt } from "node:crypto";
import { MqttError } from "@bowline/protocol";
import { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { CONNECTION_OPTIONS, connectionTarget } from "../connection-options.ts";
import { ExitCode } from "../exit-code.ts";
import { interruption } from "../interruption.ts";
import { LiveLine } from "../load/live-line.ts";
import { grouped } from "../terminal/progress.ts";
import type { ScenarioRun } from "../load/simulate/scenario-device.ts";
import type { SimulationCounts } from "../load/simulate/run-simulation.ts";

export const simulate: Command = {
  usage: ["bowline simulate NAME|FILE URL", "bowline simulate NAME|FILE --dry-run", "bowline simulate --list"],
  description: [
    "Runs devices that publish, take commands and lose their connections, as a scenario says: one that comes with the command,",
    "or a file in TypeScript whose default export is made by scenario() of the package bowline. Ctrl-C ends it.",
  ].join("\n"),
  options: {
    list: { type: "boolean", help: "Name the scenarios that come with the command." },
    devices: { type: "string", short: "n", value: "N", help: "So many devices; default the scenario's own, or 10." },
    duration: { type: "string", value: "SECONDS", help: "End so long after all have begun; of --dry-run: default 10." },
    ramp: { type: "string", value: "SECONDS", help: "Let the devices come online over this time; default 0." },
    topic: { type: "string", short: "t", value: "PREFIX", help: "Where the devices' topics begin; default simulate/NAME." },
    seed: { type: "string", value: "N", help: "Repeat the chance of another run, which printed this number." },
    "dry-run": { type: "boolean", help: "Print what the devices would publish, at once and without a broker." },
    verbose: { type: "boolean", short: "v", help: "Print every message." },
    json: { type: "boolean", help: "Print JSON: the summary, and messages where they are printed." },
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "bowline simulate --list",
    "bowline simulate weather --dry-run -n 2 --duration 3",
    "bowline simulate factory --credentials .bowline/first-user.json --duration 2",
    "bowline simulate fleet --credentials .bowline/first-user.json -n 20 --ramp 1 --duration 2 --json",
  ],
  run,
};

const SEED_MAX = 0xffff_ffff;

async function run(line: CommandLine): Promise<number> {
  if (line.flag("list")) return list();
  const [word, ...rest] = line.words;
  if (word === undefined) throw new MqttError("USAGE", { detail: "the scenario is missing; --list names those that come along" });
  const { loadScenario } = await import("../load/simulate/load-scenario.ts");
  const { name, scenario } = await loadScenario(word);
  const seed = line.number("seed", 0, SEED_MAX) ?? randomInt(SEED_MAX);
  const prefix = line.text("topic") ?? `simulate/${name}`;
  const scenarioRun = { scenario, seed, prefix, clientId: line.text("client-id") };
  const devices = line.number("devices", 1, 100_000) ?? scenario.devices ?? 10;
  process.stderr.write(`note: ${name}, ${devices} devices, seed ${seed}\n`);
  if (line.flag("dry-run")) return dry(line, scenarioRun, devices);
  return real(new CommandLine(rest, line.values), name, scenarioRun, devices);
}

async function list(): Promise<number> {
  const { BUILT_IN } = await import("../load/simulate/built-in/index.ts");
  for (const [name, { title = "" }] of Object.entries(BUILT_IN)) process.stdout.write(`${name.padEnd(8)} ${title}\n`);
  return ExitCode.Well;
}

async function dry(line: CommandLine, scenarioRun: ScenarioRun, devices: number): Promise<number> {
  const { dryRun } = await import("../load/simulate/dry-run.ts");
  const seconds = (line.milliseconds("duration") ?? 10_000) / 1_000;
  for (const { at, topic, payload } of dryRun(scenarioRun, devices, seconds)) {
    const text = Buffer.from(payload).toString();
    process.stdout.write(
      line.flag("json")
        ? `${JSON.stringify({ v: 1, type: "message", at, topic, payload: text })}\n`
        : `${at.toFixed(3)} ${topic} ${text}\n`,
    );
  }
  return ExitCode.Well;
}

async function real(line: CommandLine, name: string, scenarioRun: ScenarioRun, devices: number): Promise<number> {
  const isJson = line.flag("json");
  const target = await connectionTarget(line);
  const { runSimulation } = await import("../load/simulate/run-simulation.ts");
  const end = new AbortController();
  const interrupted = interruption(() => end.abort());
  const live = new LiveLine();
  const order = {
    devices,
    durationMs: line.milliseconds("duration"),
    ramp: (line.milliseconds("ramp") ?? 0) / 1_000,
    onProgress: shown(live),
    ...(line.flag("verbose") ? { onPublished: printed(isJson) } : {}),
  };
  try {
    const counts = await runSimulation(scenarioRun, target, order, end.signal);
    live.clear();
    const ok = counts.connected === devices && counts.publishFailures === 0 && counts.losses === 0;
    const record = { v: 1, type: "simulate", ok, scenario: name, seed: scenarioRun.seed, ...counts };
    process.stdout.write(isJson ? `${JSON.stringify(record)}\n` : summary(counts));
    if (interrupted.happened()) return ExitCode.Interrupted;
    return ok ? ExitCode.Well : ExitCode.Failed;
  } finally {
    live.clear();
    interrupted.stop();
  }
}

function printed(isJson: boolean): (topic: string, payload: string | Uint8Array) => void {
  return (topic, payload) => {
    const text = Buffer.from(payload).toString();
    process.stdout.write(isJson ? `${JSON.stringify({ v: 1, type: "message", topic, payload: text })}\n` : `${topic} ${text}\n`);
  };
}

function shown(live: LiveLine): (counts: SimulationCounts) => void {
  let last = 0;
  return ({ online, devices, published, commands, drops }) => {
    live.show(`${online} of ${devices} online  ${grouped(published - last)} messages/s  ${commands} commands  ${drops} drops`);
    last = published;
  };
}

function summary({
  devices,
  connected,
  published,
  publishFailures,
  commands,
  drops,
  losses,
  failedAttempts,
}: SimulationCounts): string {
  const lines = [
    `${grouped(connected)} of ${grouped(devices)} devices were online`,
    `${grouped(published)} messages published, ${grouped(publishFailures)} of them failed; ${grouped(commands)} commands taken`,
    `${grouped(drops)} drops by the scenario, ${grouped(losses)} connections lost, ${grouped(failedAttempts)} attempts failed`,
  ];
  return `${lines.join("\n")}\n`;
}
