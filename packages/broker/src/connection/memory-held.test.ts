import { afterEach, expect, test, vi } from "vitest";
import { memoryHeld } from "./memory-held.ts";

afterEach(() => vi.restoreAllMocks());

test("what is held is known where no file may be opened any more, which process.memoryUsage needs", () => {
  const { heapTotal, external } = process.memoryUsage();
  vi.spyOn(process, "memoryUsage").mockImplementation(() => {
    throw new Error("EMFILE: too many open files, uv_resident_set_memory");
  });
  const kept = Buffer.alloc(64_000_000);
  const { all, heap } = memoryHeld();
  expect(all).toBeGreaterThan((heapTotal + external) / 2 + kept.length / 2);
  expect(heap).toBeGreaterThan(0);
  expect(heap).toBeLessThan(all);
});
