import { afterEach, expect, test, vi } from "vitest";
import { onDemand } from "./on-demand.ts";

afterEach(() => vi.unstubAllGlobals());

test("a part is loaded once, at its first use", async () => {
  let loads = 0;
  const part = onDemand(async () => ++loads);
  expect(loads).toBe(0);
  expect(await Promise.all([part(), part()])).toEqual([1, 1]);
  expect(await part()).toBe(1);
});

test("what could not be loaded is told as an error of ours, and tried again at the next use", async () => {
  const cause = new TypeError("Failed to fetch");
  let loads = 0;
  const part = onDemand(async () => {
    if (++loads === 1) throw cause;
    return loads;
  });
  await expect(part()).rejects.toMatchObject({ code: "INTERNAL", retry: "backoff", cause });
  expect(await part()).toBe(2);
});

test("a service worker, which may import nothing later, is told what to do and does not try again by itself", async () => {
  vi.stubGlobal("ServiceWorkerGlobalScope", () => undefined);
  const part = onDemand(() => Promise.reject(new TypeError("import() is disallowed")), "STORE_FAILED", "storage");
  const expected = { code: "STORE_FAILED", stage: "storage", retry: "never", remedy: "Bundle the client into one file." };
  await expect(part()).rejects.toMatchObject(expected);
});
