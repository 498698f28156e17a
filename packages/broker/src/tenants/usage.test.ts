import { MqttError } from "@bowline/protocol";
import { expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import type { Storage, StoredRule } from "../storage/storage.ts";
import type { Tenant } from "./tenant.ts";
import { UsageMeters } from "./usage.ts";

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 10, 21, 12);

/** Keeps rows and counts how many were written. */
function store() {
  const rows = new Map<string, StoredRule>();
  const count = { written: 0, isFull: false };
  const storage = {
    putRule: (row: StoredRule) => {
      if (count.isFull) throw new MqttError("STORE_READ_ONLY");
      count.written++;
      rows.set(`${row.tenant} ${row.id}`, row);
    },
    deleteRule: (whose: string, id: string) => rows.delete(`${whose} ${id}`),
  } as unknown as Storage;
  const meters = (now = 0): UsageMeters => {
    const made = new UsageMeters(storage, silentLogger, now);
    made.begin([...rows.values()]);
    return made;
  };
  return { rows, count, meters };
}

function tenant(name: string, sessions = 0) {
  const counters = { messagesReceived: 0, messagesSent: 0, bytesReceived: 0, bytesSent: 0 };
  const one = { name, gate: "open", counters, sessions: { size: sessions } };
  return { counters, sessions: one.sessions, one: one as unknown as Tenant };
}

test("a tenant at rest costs no row, and its session minutes go on", () => {
  const { count, meters } = store();
  const meter = meters();
  const all = Array.from({ length: 100 }, (_, i) => tenant(`t${i}`, i < 50 ? 2 : 0));
  const sample = (seconds: number): void =>
    meter.sample(
      all.map(({ one }) => one),
      seconds * 1_000,
      NOON + seconds * 1_000,
    );
  sample(60);
  // Hour and month of those with sessions, and that the process is there.
  expect(count.written).toBe(101);
  count.written = 0;
  for (let second = 61; second <= 120; second++) sample(second);
  expect(count.written).toBe(60);
  expect(meter.of("t0").hours).toMatchObject([{ period: "2026-11-21T12", sessionMinutes: 4 }]);
  expect(meter.of("t99")).toEqual({ hours: [], months: [] });
  all[99]!.counters.bytesReceived = 7;
  count.written = 0;
  sample(121);
  expect(meter.thisMonth("t99", NOON)).toMatchObject({ period: "2026-11", bytesReceived: 7, sessionMinutes: 0 });
  // The one that had traffic, the one that was read, and the process.
  expect(count.written).toBe(5);
});

test("after a crash the sessions of a tenant at rest stood until the last second, in each hour of it, and never longer", () => {
  const { meters } = store();
  const first = meters();
  const { one, sessions } = tenant("acme", 1);
  const step = (seconds: number): void => first.sample([one], seconds * 1_000, NOON + HOUR / 2 + seconds * 1_000);
  step(0);
  for (let second = 1; second <= 3_600; second++) step(second);
  // The clock of the next process begins anew, a day later.
  const next = meters(500);
  const told = {
    hours: [{ period: "2026-11-21T13", sessionMinutes: 30 }, { sessionMinutes: 30 }],
    months: [{ sessionMinutes: 60 }],
  };
  expect(next.of("acme")).toMatchObject(told);
  // Killed again before it wrote anything, it is the same again.
  expect(meters(0).of("acme")).toMatchObject(told);
  sessions.size = 0;
  next.sample([one], 1_500, NOON + 24 * HOUR);
  expect(meters(0).of("acme")).toMatchObject(told);
});

test("a tenant that was made anew counts from the beginning, and old hours are forgotten", () => {
  const { rows, meters } = store();
  const meter = meters();
  const before = tenant("acme");
  before.counters.messagesReceived = 5;
  meter.sample([before.one], 1_000, NOON);
  const anew = tenant("acme");
  anew.counters.messagesReceived = 3;
  meter.sample([anew.one], 2_000, NOON);
  expect(meter.thisMonth("acme", NOON)).toMatchObject({ messagesReceived: 8 });
  for (let hour = 1; hour <= 250; hour++) {
    anew.counters.messagesReceived++;
    meter.sample([anew.one], 2_000 + hour * 1_000, NOON + hour * HOUR);
  }
  expect(meter.of("acme").hours).toHaveLength(192);
  expect([...rows.keys()].filter((key) => key.includes("T"))).toHaveLength(192);
  expect(meter.drop("acme")).toBe(194);
});

test("what the store did not take is written with the next sums", () => {
  const { rows, count, meters } = store();
  const meter = meters();
  const { one, counters } = tenant("acme", 6);
  counters.bytesSent = 10;
  count.isFull = true;
  meter.sample([one], 30_000, NOON);
  counters.bytesSent = 11;
  meter.sample([one], 60_000, NOON);
  expect(rows.size).toBe(0);
  count.isFull = false;
  meter.sample([one], 90_000, NOON);
  expect(meters().of("acme").months).toMatchObject([{ bytesSent: 11, sessionMinutes: 9 }]);
  rows.set("x", { tenant: "acme", id: "$usage:2026-11", order: -1, rule: '{"messagesReceived":"many"}' });
  expect(() => meters()).toThrow(/the usage of the tenant "acme" cannot be read/);
  expect(meter.of("nobody")).toEqual({ hours: [], months: [] });
});
