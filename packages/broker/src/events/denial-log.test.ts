import { expect, test } from "vitest";
import type { Rights } from "../acl/access-control.ts";
import { superuserRights } from "../acl/fixed-rights.ts";
import type { DeniedAction, ObservedClient } from "./client-observer.ts";
import { RefusalLog } from "./refusal-log.ts";

let asked = 0;
const rights: Rights = {
  ...superuserRights,
  whyNot: (topicName) => {
    asked++;
    return `no rule matches ${topicName}`;
  },
  subscribing: (topicFilter) => ({ isAllowed: false, reason: `rule 1 denies ${topicFilter}` }),
};

const lines: object[] = [];
const client = (identifier: string, tenant = "acme"): ObservedClient =>
  ({
    tenant: { name: tenant, logger: { warn: (fields: object) => lines.push(fields), debug: () => {} } },
    arrival: { remoteAddress: "192.0.2.1", transport: "wss" },
    session: { clientIdentifier: identifier, rights },
    principal: "",
    claimedIdentifier: identifier,
  }) as never;

const publish = (topic: string, times = 1): DeniedAction => ({
  action: "publish",
  topic,
  qos: 1,
  retain: false,
  reasonCode: 0x87,
  times,
});

test("repeats have one row and one line, and why is not worked out for each", () => {
  let now = 1_000;
  lines.length = asked = 0;
  const log = new RefusalLog(undefined, () => now);
  log.denied(client("one"), { ...publish("$share/g/a/#"), action: "subscribe" });
  for (let i = 0; i < 1_000; i++) log.denied(client("one"), publish("a", 2));
  log.denied(client("one", "beta"), publish("$SYS/x"));
  expect(log.of("acme")).toMatchObject([
    { action: "publish", topic: "a", times: 2_000, code: "NOT_AUTHORIZED", reasonCode: 0x87, reason: "no rule matches a" },
    { action: "subscribe", topic: "$share/g/a/#", reason: "rule 1 denies a/#", remedy: expect.stringContaining("a/#") as string },
  ]);
  expect(log.of("beta")).toMatchObject([{ topic: "$SYS/x", remedy: "Publish to another topic." }]);
  expect([lines.length, asked]).toEqual([3, 1]);
  now += 1_000;
  log.denied(client("one"), publish("a"));
  expect([lines.length, asked]).toEqual([3, 2]);
  log.drop("acme");
  expect(log.of("acme")).toEqual([]);
});

test("a client has ten places, a tenant fifty, new ones are twenty in ten seconds, and long topics are cut", () => {
  let now = 0;
  lines.length = 0;
  const log = new RefusalLog(undefined, () => now);
  for (let i = 0; i < 100; i++) log.denied(client("one"), publish(`${i}${"x".repeat(60_000)}`));
  expect([log.of("acme").length, lines.length]).toEqual([10, 20]);
  for (let i = 0; i < 100; i++) {
    now += 1_000;
    log.denied(client(`c${i}`), publish("a"));
  }
  expect(log.of("acme")).toHaveLength(50);
  now += 10_000;
  for (let i = 0; i < 10; i++) log.denied(client("x".repeat(60_000)), publish(`${i}${"ä".repeat(60_000)}`));
  expect(Buffer.byteLength(JSON.stringify(log.of("acme").slice(0, 10)))).toBeLessThan(10 * 8_000);
});

test("what is withheld from a client has room of its own, says why, and is no news in the log", () => {
  lines.length = 0;
  const log = new RefusalLog(undefined, () => 1_000);
  const told: Rights = { ...rights, whyWithheld: (topicName, qos, filter) => `rule 2 denies ${topicName} ${qos} ${filter ?? ""}` };
  const reader = { ...client("reader"), session: { clientIdentifier: "reader", rights: told } } as never;
  log.denied(client("one"), publish("a"));
  for (let i = 0; i < 30; i++)
    log.denied(reader, { ...publish(`s/${i}`, 5), action: "receive", topicFilter: "$share/g/s/+", reasonCode: undefined });
  const rows = log.of("acme");
  expect(rows.filter(({ action }) => action === "receive")).toHaveLength(10);
  expect(rows).toContainEqual(
    expect.objectContaining({
      action: "receive",
      topic: "s/19",
      times: 5,
      reason: "rule 2 denies s/19 1 s/+",
      remedy: "Let a rule of the tenant, or whoever grants this client its rights, allow subscribe on s/19.",
    }),
  );
  expect(rows).toContainEqual(expect.objectContaining({ action: "publish", topic: "a" }));
  expect(lines).toHaveLength(1);
});
