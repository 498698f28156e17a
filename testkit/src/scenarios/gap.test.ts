import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Clients, until } from "./clients.ts";
import { Gate } from "./gate.ts";
import { type UserBroker, userBrokers } from "./user-brokers.ts";

/* A subscriber whose session the server did not keep is told, once for each time, that messages may be missing. */

const RIGHT = { username: "u", password: "good" };
const FAST = { firstDelayMs: 10, baseDelayMs: 10, maximumDelayMs: 10 };

for (const { name, missing, start } of userBrokers) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    let broker: UserBroker;
    let gate: Gate;
    const clients = new Clients();
    beforeAll(async () => {
      broker = await start();
      await broker.setPassword("u", "good");
      gate = await Gate.before(broker.url("mqtt"));
    });
    afterEach(() => clients.end());
    afterAll(async () => {
      await gate.close();
      await broker.close();
    });

    // covers: [F6 client] [F6 client mosquitto]
    test.each([4, 5] as const)(
      "version %i: a clean session has a gap at each cut, a kept one has none",
      async (protocolVersion) => {
        const told = { clean: 0, kept: 0 };
        const options = { protocolVersion, credentials: RIGHT, reconnect: FAST };
        const { client: clean, losses } = clients.core(gate.url, { ...options, session: { expiryInterval: 0 } });
        const { client: kept, losses: keptLosses } = clients.core(gate.url, {
          ...options,
          session: { clientId: `kept-${protocolVersion}`, expiryInterval: 60 },
        });
        clean.on("gap", () => told.clean++);
        kept.on("gap", () => told.kept++);
        await Promise.all([clean, kept].map((client) => client.subscribe("a/#", { qos: 1 }, () => undefined).ready));
        for (let cuts = 1; cuts <= 2; cuts++) {
          gate.cut();
          await until(() => losses.length === cuts && keptLosses.length === cuts);
          await Promise.all([clean.online(), kept.online()]);
        }
        expect(told).toEqual({ clean: 2, kept: 0 });
        expect([clean.gaps, kept.gaps]).toEqual([2, 0]);
      },
    );
  });
}
