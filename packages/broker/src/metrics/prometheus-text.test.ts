import { parsePrometheus } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import { Counters } from "./counters.ts";
import { prometheusText } from "./prometheus-text.ts";
import { tenantFigures } from "./tenant-figures.ts";

test("labels with every awkward character, and values that are no numbers, come back as they were", () => {
  const path = 'a"b\\c\nd{},=é';
  const text = prometheusText([
    {
      name: "x_bytes",
      type: "gauge",
      help: "with \\ and\nend",
      samples: [
        { value: 1.5, labels: { path } },
        { value: Infinity, labels: { path: "+" } },
        { value: NaN, labels: { path: "?" } },
      ],
    },
  ]);
  const parsed = parsePrometheus(text);
  expect(parsed.samples).toEqual([
    { name: "x_bytes", labels: { path }, value: 1.5 },
    { name: "x_bytes", labels: { path: "+" }, value: Infinity },
    { name: "x_bytes", labels: { path: "?" }, value: NaN },
  ]);
});

test.each(["x 1", "# TYPE x gauge\nx{a=b} 1\n", "# TYPE x gauge\nx 1\nx 1\n", "# TYPE x gauge\nx one\n", "# TYPE x gauge\ny 1\n"])(
  "the parser of these tests refuses %j",
  (text) => {
    expect(() => parsePrometheus(text)).toThrow(/./);
  },
);

test("tenants beyond the bound share one label, and no count is lost", () => {
  const tenants = Array.from({ length: 5 }, (_, i) => {
    const counters = new Counters();
    counters.messagesReceived = 10 ** i;
    return {
      name: `t${i}`,
      counters,
      sessions: { size: i, values: () => [] },
      router: { subscriptionCount: 1, retained: { size: 2 } },
    };
  });
  const connections = new Map([
    ["t1", 7],
    ["t3", 9],
  ]);
  const figures = tenantFigures(tenants as never, connections, 2);
  expect(figures.map(({ tenant }) => tenant)).toEqual(["t3", "t1", "_other"]);
  expect(figures.at(-1)).toMatchObject({
    connections: 0,
    sessions: 6,
    subscriptions: 3,
    retainedMessages: 6,
  });
  expect(figures.at(-1)?.counters.messagesReceived).toBe(10_101);
});
