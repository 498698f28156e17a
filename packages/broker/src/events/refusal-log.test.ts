import { MqttError } from "@bowline/protocol";
import { expect, test } from "vitest";
import type { ObservedClient } from "./client-observer.ts";
import { RefusalLog } from "./refusal-log.ts";

const client = (identifier: string, tenant = "acme", session?: unknown): ObservedClient =>
  ({
    tenant: { name: tenant },
    arrival: { remoteAddress: "192.0.2.1", transport: "wss" },
    session,
    principal: "",
    claimedIdentifier: identifier,
  }) as never;

test("a client that tries again and again has one place, and there are no more than fifty", () => {
  let now = 1;
  const log = new RefusalLog(undefined, () => now++);
  const error = new MqttError("BAD_CREDENTIALS", { reasonCode: 0x86 });
  for (let i = 0; i < 3; i++) log.refused(client("one"), error);
  log.refused(client("two"), error);
  log.refused(client("one", "beta"), error);
  expect(log.of("acme").map(({ at, times, clientIdentifier }) => [at, times, clientIdentifier])).toEqual([
    [4, 1, "two"],
    [3, 3, "one"],
  ]);
  for (let i = 0; i < 100; i++) log.refused(client(`${i}${"x".repeat(300)}`), error);
  expect([log.of("acme").length, log.of("acme")[0]?.clientIdentifier.length, log.of("beta").length]).toEqual([50, 256, 1]);
  log.drop("acme");
  expect(log.of("acme")).toEqual([]);
});

test("what an authorizer's answer was refused for is told with its own remedy", () => {
  const log = new RefusalLog();
  const detail = 'AWS_PRINCIPAL_ID: principalId "a/b" is not 1 to 128 letters and digits';
  const details = { because: "AWS_PRINCIPAL_ID" };
  log.refused(client("one"), new MqttError("NOT_AUTHORIZED", { reasonCode: 0x87, detail, details }));
  expect(log.of("acme")).toMatchObject([
    { code: "AWS_PRINCIPAL_ID", reasonCode: 0x87, remedy: expect.stringContaining("letters and digits") as string },
  ]);
});

test("its user is named where it was proved or is one of the tenant, and a secret in its place is not", () => {
  const log = new RefusalLog((tenant, username) => tenant === "acme" && username === "ann");
  const error = new MqttError("BAD_CREDENTIALS", { reasonCode: 0x86 });
  const over = new MqttError("QUOTA", { reasonCode: 0x97 });
  log.refused({ ...client("one"), claimedUser: "ann" }, error);
  log.refused({ ...client("one"), claimedUser: "a-token-that-is-secret" }, error);
  log.ended({ ...client("one", "acme", { clientIdentifier: "one" }), principal: "p7" }, over);
  expect(log.of("acme").map(({ code, user, times }) => [code, user, times])).toEqual(
    expect.arrayContaining([
      ["BAD_CREDENTIALS", "ann", 1],
      ["BAD_CREDENTIALS", undefined, 1],
      ["QUOTA", "p7", 1],
    ]),
  );
  expect(JSON.stringify(log.of("acme"))).not.toContain("secret");
});

test("words that a client may have chosen are no code", () => {
  const log = new RefusalLog();
  log.refused(client("one"), new MqttError("BAD_CREDENTIALS", { reasonCode: 0x86, detail: "no user AWS_NO_CONNECT: x" }));
  expect(log.of("acme")).toMatchObject([{ code: "BAD_CREDENTIALS" }]);
});

test("who is sent away for what it did is told, and nobody whom the operator, a takeover or the end of the broker ended", () => {
  const log = new RefusalLog();
  const there = client("one", "acme", { clientIdentifier: "one" });
  for (const reasonCode of [0x98, 0x8e, 0x8b, 0x9c]) log.ended(there, new MqttError("ADMIN", { reasonCode }));
  log.ended(there, new MqttError("NOT_AUTHORIZED", { reasonCode: 0x87, details: { isExpiry: true } }));
  log.ended(there, "lost");
  log.ended(there, undefined);
  expect(log.of("acme")).toEqual([]);
  log.ended(there, new MqttError("QUOTA", { reasonCode: 0x97, detail: "over its rate (publishesPerSecond)" }));
  expect(log.of("acme")).toMatchObject([{ wasConnected: true, reason: expect.stringContaining("publishesPerSecond") as string }]);
});
