// node fuzz/dist/sockets/run.js [--minutes N] [--seed N] [--first N] [--count N]: attacks the built bowline over real sockets; an hour
// without options. Prints seed and report, exit status 1 for a finding.
import { parseArgs } from "node:util";
import { fuzzSockets, GROWTH_MAX, WARM_BYTES } from "./fuzz-sockets.ts";
import { startTarget } from "./target.ts";

const options = {
  minutes: { type: "string" },
  seed: { type: "string" },
  first: { type: "string" },
  count: { type: "string" },
} as const;
const { values } = parseArgs({ options });
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const first = Number(values.first ?? 0);
const last = first + Number(values.count ?? Infinity);
const end = performance.now() + Number(values.minutes ?? 60) * 60_000;

console.log(`sockets: seed ${seed}, inputs from ${first}`);
const broker = await startTarget();
try {
  const report = await fuzzSockets(broker, seed, first, (input) => input >= last || performance.now() > end);
  console.log(JSON.stringify(report, null, 2));
  const { disturbances } = report.friend;
  const grew = report.secondHalfBytes > report.firstHalfBytes + GROWTH_MAX || report.endBytes > report.startBytes + WARM_BYTES;
  const findings = [...disturbances, ...broker.faults, ...(grew ? ["memory grew"] : [])];
  for (const finding of findings) console.error(finding);
  if (findings.length > 0) process.exitCode = 1;
} finally {
  await broker.remove();
}
