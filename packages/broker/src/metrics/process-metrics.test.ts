import { expect, test, vi } from "vitest";
import { ProcessMetrics } from "./process-metrics.ts";

async function resident(metrics: ProcessMetrics): Promise<number | undefined> {
  const families = await metrics.collect();
  expect(families.find(({ name }) => name === "nodejs_heap_size_used_bytes")!.samples[0]!.value).toBeGreaterThan(1_000_000);
  return families.find(({ name }) => name === "process_resident_memory_bytes")!.samples[0]!.value;
}

test("where no more files may be open the metrics come all the same, with the resident memory known last", async () => {
  const metrics = new ProcessMetrics();
  const known = await resident(metrics);
  expect(known).toBeGreaterThan(1_000_000);
  const asked = vi.spyOn(process.memoryUsage, "rss").mockImplementation(() => {
    throw Object.assign(new Error("EMFILE: too many open files, uv_resident_set_memory"), { code: "EMFILE" });
  });
  try {
    expect(await resident(metrics)).toBe(known);
    expect(asked).toHaveBeenCalled();
  } finally {
    asked.mockRestore();
    metrics.close();
  }
});
