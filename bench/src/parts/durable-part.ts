import { table } from "../compare/tables.ts";
import { compareDurable, DURABLE_TARGETS, type DurableRate, missedByDurable } from "../durable/compare-durable.ts";
import type { Report } from "./report.ts";

/** Durable QoS 1 to Sessions that are away, beside LMDB alone. */
export async function durablePart(report: Report): Promise<void> {
  const pace = report.isQuick ? { rounds: 1, seconds: 2, warm: 1 } : { rounds: 5, seconds: 2, warm: 1 };
  const found = await compareDurable(pace);
  const { libraryPerSecond, alone, hashing } = found;
  const row = (name: string, rate: DurableRate, of: number, target: number): string[] => [
    name,
    rate.perSecond.toFixed(0),
    (rate.perSecond / of).toFixed(2),
    `${rate.perSecond >= target * of ? "held" : "MISSED"} (${target})`,
    `${rate.lagP99.toFixed(1)} / ${rate.lagMax.toFixed(1)}`,
    String(rate.hashed),
  ];
  const rows = [
    ["LMDB, batches of 100", libraryPerSecond.toFixed(0), "", "", "", ""],
    row("durable QoS 1", alone, libraryPerSecond, DURABLE_TARGETS.ofLibrary),
    row("with four password hashes", hashing, alone.perSecond, DURABLE_TARGETS.withHashes),
  ];
  console.log(`${table(["durable, 256 bytes", "a second", "ratio", "target", "loop late ms p99 / most", "hashes"], rows)}\n`);
  report.figures["durable"] = found;
  report.missed.push(...missedByDurable(found));
}
