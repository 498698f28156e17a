import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "@bowline/mqttjs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Clients, until } from "./clients.ts";
import { Gate } from "./gate.ts";
import { type UserBroker, userBrokers } from "./user-brokers.ts";

/* `bowline.reliable`, the one switch of the drop-in, and the event `gap`. */

const RIGHT = { username: "u", password: "good" };
const workingDirectory = process.cwd();

for (const { name, missing, start } of userBrokers) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    let broker: UserBroker;
    let gate: Gate;
    let folder: string;
    const clients = new Clients();
    beforeEach(async () => {
      broker = await start();
      await broker.setPassword("u", "good");
      gate = await Gate.before(broker.url("mqtt"));
      folder = await mkdtemp(join(tmpdir(), "bowline-reliable-"));
      process.chdir(folder);
    });
    afterEach(async () => {
      await clients.end();
      await gate.close();
      await broker.close();
      process.chdir(workingDirectory);
      await rm(folder, { recursive: true });
    });

    // covers: [F6 drop-in] [F6 drop-in mosquitto]
    test.each([4, 5] as const)(
      "version %i: a clean session has a gap at each cut, a reliable one has none",
      async (protocolVersion) => {
        const told = { clean: 0, kept: 0 };
        const common = { protocolVersion, ...RIGHT, reconnectPeriod: 10 };
        const { client: clean } = clients.dropIn(gate.url, common);
        const { client: kept } = clients.dropIn(gate.url, { ...common, clientId: "kept", bowline: { reliable: true } });
        clean.on("gap", () => told.clean++);
        kept.on("gap", () => told.kept++);
        const connected = { clean: 0, kept: 0 };
        clean.on("connect", () => connected.clean++);
        kept.on("connect", () => connected.kept++);
        await Promise.all([clean, kept].map((client) => client.subscribeAsync("a/#", { qos: 1 })));
        for (let cuts = 1; cuts <= 2; cuts++) {
          gate.cut();
          await until(() => connected.clean === cuts + 1 && connected.kept === cuts + 1);
        }
        expect([told, clean.gaps, kept.gaps]).toEqual([{ clean: 2, kept: 0 }, 2, 0]);
      },
    );

    // covers: [F6 drop-in] [F6 drop-in mosquitto]
    test.each([4, 5] as const)(
      "version %i: what was published offline is sent by the next client, in order, once",
      async (protocolVersion) => {
        await gate.close();
        const options = { protocolVersion, ...RIGHT, clientId: "meter", reconnectPeriod: 10, bowline: { reliable: true } };
        const first = mqtt.connect(gate.url, options);
        first.on("error", () => undefined);
        const properties = protocolVersion === 5 ? { properties: { correlationData: Buffer.from([1, 2]) } } : {};
        for (let i = 0; i < 10; i++) {
          await new Promise<void>((resolve) => {
            first.publish("m", `${i}`, { qos: i % 2 === 0 ? 1 : 2, ...properties, cbStorePut: () => resolve() });
          });
        }
        await first.endAsync(true);
        await gate.listen();
        const { client: watcher } = clients.dropIn(broker.url("mqtt"), { protocolVersion, ...RIGHT });
        const came: string[] = [];
        const data: unknown[] = [];
        watcher.on("message", (_topic, payload, packet) => {
          came.push(payload.toString());
          data.push(packet.properties?.correlationData?.length);
        });
        await watcher.subscribeAsync("m", { qos: 2 });
        const { client: second }: { client: MqttClient } = clients.dropIn(gate.url, options);
        await until(() => came.length >= 10);
        // mosquitto hands QoS 2 on later than QoS 1 that came after it.
        const isEven = (text: string): boolean => Number(text) % 2 === 0;
        expect(came.filter(isEven)).toEqual(["0", "2", "4", "6", "8"]);
        expect(came.filter((text) => !isEven(text))).toEqual(["1", "3", "5", "7", "9"]);
        if (protocolVersion === 5) expect(data).toEqual(Array(10).fill(2));
        // Acknowledged is forgotten.
        await second.endAsync();
        const third = clients.dropIn(gate.url, options).client;
        await until(() => third.connected);
        await third.publishAsync("m", "last", { qos: 1 });
        await until(() => came.length >= 11);
        expect(came.slice(10)).toEqual(["last"]);
      },
    );
  });
}
