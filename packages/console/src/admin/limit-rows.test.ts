import { expect, test } from "vitest";
import { limitRows } from "./limit-rows.ts";

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
