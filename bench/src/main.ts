// npm run bench [-- --quick] [--only PART] [--json FILE]
// Compares with mqtt-packet, MQTT.js and mosquitto in one run, prints tables, and ends with 1 when a target is missed, with 2 when it is
// asked for something that there is not.
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import { brokersPart, connectionsPart, latencyPart } from "./parts/broker-parts.ts";
import { clientsPart, codecPart, topicPart } from "./parts/client-parts.ts";
import { durablePart } from "./parts/durable-part.ts";
import { Report } from "./parts/report.ts";
import { restartPart } from "./parts/restart-part.ts";

const PARTS: Readonly<Record<string, (report: Report) => Promise<void>>> = {
  codec: codecPart,
  topic: topicPart,
  clients: clientsPart,
  brokers: brokersPart,
  latency: latencyPart,
  connections: connectionsPart,
  restart: restartPart,
  durable: durablePart,
};

interface Flags {
  readonly quick?: boolean | undefined;
  readonly only?: readonly string[] | undefined;
  readonly json?: string | undefined;
}

const flags = readFlags();
if (flags === undefined) process.exitCode = 2;
else await run(flags);

/** Undefined for words that mean nothing here, which stderr has been told. */
function readFlags(): Flags | undefined {
  try {
    const options = { quick: { type: "boolean" }, only: { type: "string", multiple: true }, json: { type: "string" } } as const;
    const { values } = parseArgs({ options });
    const unknown = values.only?.find((name) => !Object.hasOwn(PARTS, name));
    if (unknown !== undefined) throw new Error(`--only takes ${Object.keys(PARTS).join(", ")}, not ${unknown}`);
    return values;
  } catch (error) {
    console.error((error as Error).message);
    return undefined;
  }
}

async function run({ quick, only, json }: Flags): Promise<void> {
  const report = new Report(quick === true);
  const machine = `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${process.platform} ${release()}`;
  const load = loadavg()
    .map((one) => one.toFixed(1))
    .join(" ");
  console.log(`Node ${process.version}, ${machine}, load ${load}\n`);
  for (const [name, part] of Object.entries(PARTS)) if (only === undefined || only.includes(name)) await part(report);
  const { figures, missed, isQuick } = report;
  const date = new Date().toISOString();
  if (json !== undefined) {
    const content = { node: process.version, machine, load, date, isQuick, ...figures, missed };
    await writeFile(json, `${JSON.stringify(content, undefined, 2)}\n`);
  }
  const words = missed.map((one) => `- ${one}`).join("\n");
  console.log(missed.length === 0 ? "Every target that was measured is held." : `MISSED\n${words}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}
