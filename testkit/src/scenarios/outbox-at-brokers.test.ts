import type { IClientOptions, MqttClient } from "@bowline/mqttjs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Clients, until } from "./clients.ts";
import { Gate } from "./gate.ts";
import { type UserBroker, userBrokers } from "./user-brokers.ts";

/* The drop-in's bounded memory when it is asked for: what waits, what waits for room, what fails, and drain, with a real broker. */

const LIMIT_MS = 60_000;
const MEBIBYTE = 1 << 20;
const RIGHT = { username: "u", password: "good" };
type Outbox = NonNullable<NonNullable<IClientOptions["bowline"]>["outbox"]>;

/** How each of some messages ended, in the order in which that was told; each must be told once. */
interface Told {
  readonly taken: number[];
  readonly full: number[];
}

for (const { name, missing, start } of userBrokers) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    let broker: UserBroker;
    let gate: Gate;
    const clients = new Clients();
    beforeAll(async () => {
      broker = await start();
      await broker.setPassword("u", "good");
    });
    beforeEach(async () => {
      gate = await Gate.before(broker.url("mqtt"));
    });
    afterEach(async () => {
      await clients.end();
      await gate.close();
    });
    afterAll(() => broker?.close());

    const offline = (protocolVersion: 4 | 5, outbox?: Outbox) => {
      gate.is("hold");
      const { client } = clients.dropIn(gate.url, {
        ...RIGHT,
        protocolVersion,
        connectTimeout: LIMIT_MS,
        ...(outbox && { bowline: { outbox } }),
      });
      let drained = 0;
      client.on("drain", () => drained++);
      return { client, drained: () => drained };
    };

    /** What a subscriber gets of the topic. */
    const listener = async (topic: string): Promise<string[]> => {
      const got: string[] = [];
      const { client } = clients.core(broker.url("mqtt"), { credentials: RIGHT });
      const subscription = client.subscribe(topic, { qos: 1 }, ({ payload }) => void got.push(new TextDecoder().decode(payload)));
      await subscription.ready;
      return got;
    };

    const publishAll = (client: MqttClient, topic: string, count: number, qos: 0 | 1): Told => {
      const told: Told = { taken: [], full: [] };
      for (let i = 0; i < count; i++) {
        client.publish(topic, String(i), { qos }, (error) => {
          if (error === undefined || error === null) told.taken.push(i);
          else if (error.message.startsWith("QUEUE_FULL")) told.full.push(i);
          else throw error;
        });
      }
      return told;
    };

    // covers: [G1 drop-in] [G1 drop-in mosquitto]
    describe.each([4, 5] as const)("version %i", (protocolVersion) => {
      test.each([0, 1] as const)(
        "QoS %i: wait lets promises wait for room, bufferedAmount shows them, and drain tells once when there is some",
        async (qos) => {
          const topic = `wait/${protocolVersion}/${qos}`;
          const got = await listener(topic);
          const { client, drained } = offline(protocolVersion, { maximumMessages: 10, whenFull: "wait" });
          const all = Array.from({ length: 15 }, (_, i) => client.publishAsync(topic, `${i}`.padStart(9), { qos }));
          expect([client.bufferedAmount, client.droppedMessages]).toEqual([15 * (topic.length + 9), 0]);
          gate.is("pass");
          await Promise.all(all);
          await until(() => got.length === 15 && drained() === 1);
          expect(got.map(Number)).toEqual(Array.from({ length: 15 }, (_, i) => i));
          expect([client.bufferedAmount, drained()]).toEqual([0, 1]);
          // What fits from the beginning is no reason to tell.
          await client.publishAsync(topic, "more", { qos });
          expect(drained()).toBe(1);
        },
        LIMIT_MS,
      );

      test.each([
        ["wait", 6, [6, 7]],
        ["reject", 3, [3, 4, 5, 6, 7]],
        ["drop-oldest", 3, [0, 1, 2, 3, 4]],
      ] as const)(
        "%s: beyond the limit each callback gets QUEUE_FULL, and every one is called once",
        async (whenFull, kept, lost) => {
          const topic = `full/${protocolVersion}/${whenFull}`;
          const got = await listener(topic);
          const { client, drained } = offline(protocolVersion, { maximumMessages: 3, whenFull });
          const told = publishAll(client, topic, 8, 1);
          expect(told).toEqual({ taken: [], full: lost });
          expect(client.droppedMessages).toBe(lost.length);
          gate.is("pass");
          await until(() => told.taken.length === kept && got.length === kept && drained() === 1);
          const expected = Array.from({ length: 8 }, (_, i) => i).filter((i) => !(lost as readonly number[]).includes(i));
          expect([told.taken, got.map(Number), told.full]).toEqual([expected, expected, lost]);
        },
        LIMIT_MS,
      );
    });

    test(
      "without an option 256 MiB may wait, and what is more gives its callback an error",
      async () => {
        const { client } = offline(5);
        const payload = Buffer.alloc(MEBIBYTE);
        let full = 0;
        for (let i = 0; i < 260; i++)
          client.publish("t", payload, (error) => void (error?.message.startsWith("QUEUE_FULL") && full++));
        expect([full, client.droppedMessages, client.bufferedAmount]).toEqual([5, 5, 255 * (MEBIBYTE + 1)]);
        await client.endAsync(true);
        expect(full).toBe(5);
      },
      LIMIT_MS,
    );
  });
}
