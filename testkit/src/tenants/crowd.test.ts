import { setTimeout as pass } from "node:timers/promises";
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TenantProcess } from "./tenant-process.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const TENANTS = isLong ? 200 : 20;
const CLIENTS = isLong ? 50 : 10;

let broker: TenantProcess;
let guests: Client[] = [];
beforeEach(async () => {
  // All clients come from one address, as fast as they can.
  const unbounded = { maximumConnectionsPerAddress: 0, connectionsPerSecond: 0, connectionsPerSecondPerAddress: 0 };
  broker = await TenantProcess.start({ limits: { ...unbounded, handshakesPerSecond: 0, handshakesPerSecondPerAddress: 0 } });
}, 60_000);
afterEach(async () => {
  await Promise.all(guests.map((guest) => guest.abort()));
  guests = [];
  await broker.end();
});

test(
  `${TENANTS} tenants of ${CLIENTS} clients each: every message stays where it is, under load`,
  async () => {
    const names = Array.from({ length: TENANTS }, (_, i) => `t${i}`);
    const wrong: string[] = [];
    let received = 0;
    for (const name of names) {
      await broker.make(name);
      const options = await broker.optionsOf(name);
      const own = Array.from({ length: CLIENTS }, (_, i) => connect(broker.url, { ...options, session: { clientId: `c${i}` } }));
      guests.push(...own);
      await Promise.all(
        own.map(async (guest) => {
          guest.on("message", (message) => {
            received++;
            if (message.text() !== name) wrong.push(`${name} got ${message.text()}`);
          });
          await guest.online();
          const subscription = guest.subscribe("all/#");
          void (async () => {
            for await (const _ of subscription);
          })().catch(() => {});
          await subscription.ready;
        }),
      );
    }
    await Promise.all(guests.map((guest, i) => guest.publish("all/same", names[Math.floor(i / CLIENTS)], { qos: 1 })));
    const expected = TENANTS * CLIENTS * CLIENTS;
    for (let i = 0; received < expected && i < 400; i++) await pass(50);
    expect(wrong).toEqual([]);
    expect(received).toBe(expected);
  },
  isLong ? 600_000 : 60_000,
);
