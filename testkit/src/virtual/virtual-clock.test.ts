import { expect, test } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

test("runs timers in the order they fall due, at their time", async () => {
  const clock = new VirtualClock({ now: 100 });
  const log: string[] = [];
  const note = (name: string) => (): number => log.push(`${name}@${clock.now()}`);
  clock.setTimer(note("c"), 30);
  clock.setTimer(note("a"), 10);
  clock.setTimer(note("b1"), 20);
  clock.setTimer(note("b2"), 20);
  await clock.advance(20);
  expect(log).toEqual(["a@110", "b1@120", "b2@120"]);
  expect(clock.now()).toBe(120);
  expect(clock.pendingTimers).toBe(1);
  await clock.advance(100);
  expect(log.at(-1)).toBe("c@130");
  expect(clock.now()).toBe(220);
});

test("runs what a timer sets if it falls due in the same span", async () => {
  const clock = new VirtualClock();
  const times: number[] = [];
  const tick = (): void => {
    times.push(clock.now());
    clock.setTimer(tick, 10);
  };
  clock.setTimer(tick, 0);
  await clock.advance(35);
  expect(times).toEqual([0, 10, 20, 30]);
});

test("does not run a timer that was cleared, also by another timer of the same time", async () => {
  const clock = new VirtualClock();
  const log: string[] = [];
  clock.setTimer(() => clock.clearTimer(second), 5);
  const second = clock.setTimer(() => log.push("second"), 5);
  clock.clearTimer(clock.setTimer(() => log.push("third"), 5));
  await clock.advance(10);
  expect(log).toEqual([]);
  clock.clearTimer(second);
});

test("promises settle between timers, however long their chains are", async () => {
  const clock = new VirtualClock();
  const log: string[] = [];
  const waitUntil = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimer(resolve, delayMs);
    });
  const work = async (): Promise<void> => {
    await waitUntil(10);
    for (let i = 0; i < 50; i++) await Promise.resolve();
    log.push(`first at ${clock.now()}`);
    await waitUntil(10);
    log.push(`second at ${clock.now()}`);
  };
  const done = work();
  clock.setTimer(() => log.push("timer at 15"), 15);
  await clock.advance(25);
  expect(log).toEqual(["first at 10", "timer at 15", "second at 20"]);
  await done;
});

test("wall time goes along with monotonic time", async () => {
  const clock = new VirtualClock({ now: 5, wallTime: 1_000_000 });
  await clock.advance(250);
  expect(clock.wallTime()).toBe(1_000_250);
});

test("runs until idle, and gives up on what never is", async () => {
  const clock = new VirtualClock();
  clock.setTimer(() => clock.setTimer(() => {}, 1_000), 1_000);
  await clock.runUntilIdle();
  expect(clock.now()).toBe(2_000);
  const again = (): void => void clock.setTimer(again, 60_000);
  again();
  await expect(clock.runUntilIdle(600_000)).rejects.toThrow("1 timers are left");
});

test("hands on what a timer throws, and can go on after it", async () => {
  const clock = new VirtualClock();
  clock.setTimer(() => {
    throw new Error("from a timer");
  }, 1);
  await expect(clock.advance(2)).rejects.toThrow("from a timer");
  await clock.advance(2);
  expect(clock.now()).toBe(3);
});

test("refuses to be advanced by two at once", async () => {
  const clock = new VirtualClock();
  const first = clock.advance(1);
  await expect(clock.advance(1)).rejects.toThrow("advanced already");
  await first;
});
