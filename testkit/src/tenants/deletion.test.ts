// A tenant is deleted while it has much, and the process is killed at some moment of it: the next one finishes, and nothing is left.
import { setTimeout as pass } from "node:timers/promises";
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TenantProcess } from "./tenant-process.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
/** Ms from the request to the kill: before, within and after the removal of the rows. */
const MOMENTS = isLong ? [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144] : [3, 20];
const MESSAGES = 1_500;

let broker: TenantProcess;
const clients: Client[] = [];
beforeEach(async () => {
  broker = await TenantProcess.start();
}, 60_000);
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.abort()));
  await broker.end();
});

async function come(tenant: string): Promise<Client> {
  const session = { clientId: "one", expiryInterval: 3_600, cleanStart: false };
  const client = connect(broker.url, { ...(await broker.optionsOf(tenant)), session });
  client.on("attemptFailed", () => {});
  clients.push(client);
  await client.online();
  return client;
}

async function counts(): Promise<Record<string, number>> {
  const { totals } = await broker.admin<{ totals: Record<string, number> }>("GET", "status");
  return { sessions: totals["sessions"]!, retained: totals["retainedMessages"]! };
}

test(
  "a deletion that is killed is finished by the next process, and the other tenant has all it had",
  async () => {
    await broker.make("beta");
    await (await come("beta")).publish("kept", "beta", { qos: 1, retain: true });
    for (const moment of MOMENTS) {
      await broker.make("acme");
      const one = await come("acme");
      await one.subscribe("#", { qos: 1 }).ready;
      await Promise.all(
        Array.from({ length: MESSAGES }, (_, i) => Promise.resolve(one.publish(`kept/${i}`, "acme", { qos: 1, retain: true }))),
      );
      const asked = broker.admin("DELETE", "tenants/acme").catch(() => undefined);
      await pass(moment);
      await broker.process.kill();
      await asked;
      await broker.process.startAgain();
      let tenants: { name: string; state: string }[];
      do ({ tenants } = await broker.admin<{ tenants: { name: string; state: string }[] }>("GET", "tenants"));
      while (tenants.some(({ state }) => state === "deleting"));
      // Killed before its state was kept, it is there as it was; then it is deleted now.
      if (tenants.some(({ name }) => name === "acme")) {
        expect(await counts()).toEqual({ sessions: 2, retained: MESSAGES + 1 });
        await broker.admin("DELETE", "tenants/acme");
      }
      expect(await counts()).toEqual({ sessions: 1, retained: 1 });
    }
  },
  isLong ? 300_000 : 60_000,
);
