import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Progress } from "./progress.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubEnv("TERM", "xterm");
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

/** What is written while 1,000 are done in half a second. */
function watched(isTTY: boolean): string[] {
  const written: string[] = [];
  let count = 0;
  const progress = new Progress(
    () => count,
    () => `${count} sent`,
    { isTTY, write: (text: string) => written.push(text) },
  );
  count = 1_000;
  vi.advanceTimersByTime(500);
  progress.stop();
  return written;
}

test("a terminal sees a count and a rate, and nothing is left of it", () => {
  expect(watched(true)).toEqual(["\r1000 sent, 2,000/s\u001b[K", "\r\u001b[K"]);
});

test("who is no terminal, or a dumb one, sees nothing", () => {
  expect(watched(false)).toEqual([]);
  vi.stubEnv("TERM", "dumb");
  expect(watched(true)).toEqual([]);
});
