import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { CONNECTION_OPTIONS, type ConnectionTarget, connectionTarget } from "../connection-options.ts";
import { ExitCode } from "../exit-code.ts";
import { interruption } from "../interruption.ts";
import type { HoldOrder } from "../load/conn/hold-connections.ts";

export const conn: Command = {
  usage: ["bowline conn URL", "bowline conn URL --clients N"],
  mostWords: 1,
  description: [
    "Connects and stays, until Ctrl-C or for a time. One client prints a line for everything that happens to its connection; of",
    "many, the time it took to connect, lost connections and those that came back are counted.",
  ].join("\n"),
  options: {
    clients: { type: "string", short: "n", value: "N", help: "So many clients; default 1." },
    interval: { type: "string", value: "SECONDS", help: "Time from one client to the next; default 0.01." },
    hold: { type: "string", value: "SECONDS", help: "End so long after all have connected; default: Ctrl-C ends it." },
    json: { type: "boolean", help: "Print JSON: a record for each event, or one for all clients." },
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "bowline conn mqtts://localhost:8883 --credentials .bowline/first-user.json --hold 2",
    "bowline conn --credentials .bowline/first-user.json -n 50 --interval 0.005 --hold 2",
    "bowline conn --credentials .bowline/first-user.json -n 20 -i 'device-%i' --hold 1 --json",
  ],
  run,
};

async function run(line: CommandLine): Promise<number> {
  const clients = line.number("clients", 1, 100_000) ?? 1;
  const intervalMs = line.milliseconds("interval") ?? 10;
  const order = { clients, intervalMs, holdMs: line.milliseconds("hold"), isJson: line.flag("json") };
  const target = await connectionTarget(line);
  const end = new AbortController();
  const interrupted = interruption(() => end.abort());
  try {
    const code = await (clients === 1 ? watch(target, order, end.signal) : hold(target, order, end.signal));
    return interrupted.happened() ? ExitCode.Interrupted : code;
  } finally {
    interrupted.stop();
  }
}

async function watch(target: ConnectionTarget, order: HoldOrder, signal: AbortSignal): Promise<number> {
  const { watchConnection } = await import("../load/conn/watch-connection.ts");
  return watchConnection(target, order, signal);
}

async function hold(target: ConnectionTarget, order: HoldOrder, signal: AbortSignal): Promise<number> {
  const { holdConnections } = await import("../load/conn/hold-connections.ts");
  return holdConnections(target, order, signal);
}
