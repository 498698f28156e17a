import { afterEach, expect, test, vi } from "vitest";
import { interruption } from "./interruption.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs the steps with a clock and an exit of the test's own; answers what was exited with. */
function play(steps: readonly (readonly [atMs: number, signal: NodeJS.Signals])[]): {
  signals: NodeJS.Signals[];
  exits: unknown[];
} {
  let now = 1;
  const signals: NodeJS.Signals[] = [];
  const exits: unknown[] = [];
  vi.spyOn(performance, "now").mockImplementation(() => now);
  vi.spyOn(process, "exit").mockImplementation(((code: unknown) => exits.push(code)) as never);
  const { stop } = interruption((name) => signals.push(name));
  for (const [atMs, signal] of steps) {
    now = atMs;
    process.emit(signal, signal);
  }
  stop();
  return { signals, exits };
}

test("the first signal is told, the second one ends the process with 130", () => {
  expect(
    play([
      [1_000, "SIGTERM"],
      [1_301, "SIGINT"],
    ]),
  ).toEqual({ signals: ["SIGTERM"], exits: [130] });
});

test("a Ctrl-C that npm passes on once more is one Ctrl-C", () => {
  expect(
    play([
      [1_000, "SIGINT"],
      [1_005, "SIGINT"],
    ]),
  ).toEqual({ signals: ["SIGINT"], exits: [] });
});
