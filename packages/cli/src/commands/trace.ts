import { once } from "node:events";
import type { TraceEvent } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import { ADMIN_OPTIONS, adminTarget } from "../admin-target.ts";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { interruption } from "../interruption.ts";
import { TENANT_OPTION, tenantIn, tenantPath } from "../tenant-option.ts";
import { traceLine } from "../trace-line.ts";

const SECONDS_MAX = 3_600;
const PACKETS_MAX = 1_000_000;
const PAYLOAD_BYTES_MAX = 8_192;

export const trace: Command = {
  usage: ["bowline trace [--client ID] [--topic FILTER] [--address A]"],
  description: [
    "Shows the packets that pass at the running broker, of one client, about topics, or of an address; what is given must all hold. > is from",
    "the client, < to it, x the end of its connection. Passwords and tokens are never shown, payloads up to a limit. It ends by itself, or at",
    "Ctrl-C. By topic it shows messages, subscriptions that may match them, and what answers both.",
  ].join("\n"),
  options: {
    ...ADMIN_OPTIONS,
    ...TENANT_OPTION,
    client: { type: "string", value: "ID", help: "Of this Client Identifier, also when its CONNECT is refused." },
    topic: { type: "string", short: "t", value: "FILTER", help: "About topics that this filter matches." },
    address: { type: "string", value: "ADDRESS", help: "Of clients from this address or range, such as 10.0.0.0/8." },
    seconds: { type: "string", value: "N", help: "End after so many seconds; default 300, at most an hour." },
    count: { type: "string", short: "C", value: "N", help: "End after N packets; default 10000." },
    payload: { type: "string", value: "BYTES", help: "How much of each payload is shown; default 256, 0 for none." },
    json: { type: "boolean", help: "Print one JSON record for each event." },
  },
  examples: [
    "bowline trace --client dash-1",
    "bowline trace --topic 'plant/#' --seconds 60",
    "bowline trace --address 10.0.0.0/8 --json",
  ],
  run: follow,
};

async function follow(line: CommandLine): Promise<number> {
  if (line.words.length > 0)
    throw new MqttError("USAGE", { detail: `say --client, --topic or --address before "${line.words[0]}"` });
  const path = pathOf(line);
  const { client: admin } = await adminTarget(line);
  const stop = new AbortController();
  const interrupted = interruption(() => stop.abort());
  let isComplete = false;
  try {
    for await (const text of admin.lines(path, stop.signal)) {
      const event = JSON.parse(text) as TraceEvent;
      isComplete = event.kind === "end";
      const shown = line.flag("json") ? JSON.stringify({ v: 1, ...event }) : traceLine(event);
      if (shown !== undefined && !process.stdout.write(`${shown}\n`)) await once(process.stdout, "drain");
      const note = noteOf(event);
      if (note !== undefined) process.stderr.write(`${note}\n`);
    }
  } catch (error) {
    if (!interrupted.happened()) throw error;
  } finally {
    interrupted.stop();
  }
  if (interrupted.happened()) return ExitCode.Interrupted;
  if (!isComplete) throw new MqttError("ADMIN_UNREACHABLE", { detail: "the broker ended before the trace did" });
  return ExitCode.Well;
}

/** What is about the trace and not of it. */
function noteOf(event: TraceEvent): string | undefined {
  if (event.kind === "started") {
    return `tracing ${event.connections} connections and those that come, for ${event.seconds} s or ${event.packets} packets`;
  }
  return event.kind === "end" ? `ended (${event.reason}): ${event.packets} packets, ${event.dropped} not shown` : undefined;
}

function pathOf(line: CommandLine): string {
  const query = new URLSearchParams();
  for (const name of ["client", "topic", "address"]) {
    const value = line.text(name);
    if (value !== undefined) query.set(name, value);
  }
  const numbers = {
    seconds: line.number("seconds", 1, SECONDS_MAX),
    packets: line.number("count", 1, PACKETS_MAX),
    payload: line.number("payload", 0, PAYLOAD_BYTES_MAX),
  };
  for (const [name, value] of Object.entries(numbers)) if (value !== undefined) query.set(name, String(value));
  return `${tenantPath(tenantIn(line))}/trace?${query.toString()}`;
}
