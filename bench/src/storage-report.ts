// Prints the figures of the embedded storage alone: node bench/dist/storage-report.js
import { benchStorage, type FlowFigures } from "./storage.ts";

for (const { libraryPerSecond, oursPerSecond, durable, relaxed } of await benchStorage()) {
  const ratio = oursPerSecond / libraryPerSecond;
  console.log(
    `batches of 100 awaited: library ${round(libraryPerSecond)}/s, ours ${round(oursPerSecond)}/s (${ratio.toFixed(2)} x); ` +
      `durable ${describe(durable)}; relaxed ${describe(relaxed)}`,
  );
}

function describe({ perSecond, group, latencyP50, latencyP99, lagP99 }: FlowFigures): string {
  return `${round(perSecond)}/s in groups of ${round(group)}, ${latencyP50.toFixed(1)}/${latencyP99.toFixed(1)} ms p50/p99, loop late ${lagP99.toFixed(1)} ms p99`;
}

function round(value: number): string {
  return value.toFixed(0);
}
