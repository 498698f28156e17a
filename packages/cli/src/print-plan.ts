import type { Plan } from "@bowline/broker/internal";
import type { CommandLine } from "./command-line.ts";

/** A plan on standard output, a line for each limit. */
export function printPlan(line: CommandLine, { limits, ...plan }: Plan): void {
  const { name, ...bounds } = plan;
  const rows = Object.entries({ ...bounds, ...limits }).map(([key, value]) => `  ${key.padEnd(30)} ${String(value)}`);
  const text = line.flag("json") ? JSON.stringify({ v: 1, ...plan, limits }) : [name, ...rows].join("\n");
  process.stdout.write(`${text}\n`);
}
