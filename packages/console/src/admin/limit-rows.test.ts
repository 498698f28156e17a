import { expect, test } from "vitest";
import { limitRows, metRows } from "./limit-rows.ts";

test("limits read with their unit, and one that no release of the page knew is shown too", () => {
  const rows = limitRows({
    aNewOne: 5,
    maximumPacketSize: 16_777_216,
    maximumSessionExpiryInterval: 0xffff_ffff,
    publishesPerSecond: 0,
    publishBytesPerSecond: 1_000,
    connectTimeoutMs: 10_000,
    queueFull: "dropNew",
    retainAvailable: true,
  });
  expect(rows.map(({ name, value }) => `${name} ${value}`)).toEqual([
    "connectTimeoutMs 10 s",
    "maximumSessionExpiryInterval none",
    "maximumPacketSize 16 MiB",
    "retainAvailable yes",
    "queueFull dropNew",
    "publishesPerSecond none",
    "publishBytesPerSecond 1,000 B a second",
    "aNewOne 5",
  ]);
});

test("limits that were reached are named, without those that are not set", () => {
  const limits = { publishesPerSecond: 10, tenantPublishesPerSecond: 0, maximumSessions: 5, deviations: {} };
  const rows = limitRows(limits, [{ limits: ["publishesPerSecond", "tenantPublishesPerSecond"], times: 3 }]);
  expect(rows.map(({ name }) => name)).not.toContain("deviations");
  expect(metRows(rows)).toMatchObject([{ name: "publishesPerSecond", reached: 3 }]);
});
