import { expect, test } from "vitest";
import { CommandLine } from "../../command-line.ts";
import { benchOrderOf } from "./bench-order.ts";

function order(words: readonly string[], values: Readonly<Record<string, string>> = {}): ReturnType<typeof benchOrderOf> {
  return benchOrderOf(new CommandLine(words, values));
}

test("the kind may be left out, and the URL comes first then", () => {
  expect(order(["mqtt://a"])).toMatchObject({ kind: "pairs", line: { words: ["mqtt://a"] } });
  expect(order(["conn", "mqtt://a"])).toMatchObject({ kind: "conn", line: { words: ["mqtt://a"] } });
  expect(order([])).toMatchObject({ kind: "pairs", flow: { publishers: 10, subscribers: 10 } });
});

test.each([
  ["pairs", { publishers: 7, subscribers: 7, topology: "pairs" }],
  ["fan-in", { publishers: 7, subscribers: 1, topology: "shared" }],
  ["fan-out", { publishers: 1, subscribers: 7, topology: "shared" }],
  ["pub", { publishers: 7, subscribers: 0 }],
  ["sub", { publishers: 0, subscribers: 7 }],
])("%s has its clients on its sides", (kind, flow) => {
  expect(order([kind, "mqtt://a"], { clients: "7" }).flow).toMatchObject(flow);
});

test("the window shrinks with the payload and with publishers of one subscriber", () => {
  const windowOf = (kind: string, values: Readonly<Record<string, string>>): number => order([kind], values).flow.window;
  expect(windowOf("pairs", {})).toBe(512);
  expect(windowOf("pairs", { clients: "3000" })).toBe(512);
  expect(windowOf("pairs", { size: "8192" })).toBe(32);
  expect(windowOf("fan-in", { clients: "1000" })).toBe(20);
  expect(windowOf("fan-in", { clients: "100000", size: "100000" })).toBe(4);
  expect(windowOf("fan-in", { clients: "1000", window: "99" })).toBe(99);
});

test("what is missing is waited for longer than the time between two messages", () => {
  expect(order([], { patience: "0.5" }).flow.patience).toBe(500);
  expect(order([], { patience: "0.5", rate: "1" }).flow.patience).toBe(2_000);
});

test("connections begin at a rate when they have a ramp or one of their own", () => {
  expect(order(["conn"], { clients: "100", ramp: "4" }).connect).toMatchObject({ count: 100, rate: 25, hold: undefined });
  expect(order(["conn"], { clients: "100", rate: "7", hold: "0" }).connect).toMatchObject({ rate: 7, hold: 0 });
});
