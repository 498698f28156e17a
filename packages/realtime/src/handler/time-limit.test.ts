import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { timeLimit } from "./time-limit.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("its time ends, whatever the garbage collector takes meanwhile", async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const collecting = setInterval(collectGarbage, 5);
  try {
    const reasons = Array.from({ length: 10 }, () => {
      const signal = timeLimit(50, AbortSignal.any([one.signal]), other.signal);
      return new Promise<string>((resolve) => {
        signal.addEventListener("abort", () => resolve((signal.reason as Error).name));
      });
    });
    expect(new Set(await Promise.all(reasons))).toEqual(new Set(["TimeoutError"]));
  } finally {
    clearInterval(collecting);
  }
});

test("any of the others ends it before", async () => {
  const other = new AbortController();
  const signal = timeLimit(60_000, other.signal);
  const aborted = once(signal, "abort");
  other.abort("enough");
  await aborted;
  expect(signal.reason).toBe("enough");
});
