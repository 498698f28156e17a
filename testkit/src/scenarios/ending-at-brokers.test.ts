import type { Client } from "@bowline/client";
import type { MqttClient } from "@bowline/mqttjs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Clients, pause, until } from "./clients.ts";
import { Gate } from "./gate.ts";
import { type UserBroker, userBrokers } from "./user-brokers.ts";

/* close, abort and end with a real broker behind a gate: online, offline, in the middle of the handshake, and with a peer gone silent. */

const isLong = process.env["BOWLINE_LONG"] === "1";
/** 100 ms by the criterion, and room for a busy machine. */
const PROMPT_MS = 400;
/** 200 ms by the criterion. */
const WILL_MS = 500;
/** Of a socket that does not close. */
const CLOSE_MS = 500;
/** The default, in the long run. */
const DRAIN_MS = isLong ? 5000 : 300;
const drain = isLong ? {} : { drainTimeoutMs: DRAIN_MS };
const KEEP_ALIVE = isLong ? 4 : 1;
/** Nothing comes after the end. */
const AFTERWARDS_MS = isLong ? 10_000 : 200;
const LIMIT_MS = 60_000;
const RIGHT = { username: "u", password: "good" };

async function timed(done: PromiseLike<unknown>): Promise<number> {
  const started = performance.now();
  await done;
  return performance.now() - started;
}

const cases = ([4, 5] as const).flatMap((protocolVersion) =>
  (["mqtt", "ws"] as const).map((scheme) => ({ protocolVersion, scheme })),
);

for (const { name, missing, start } of userBrokers) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    let broker: UserBroker;
    let gate: Gate;
    const clients = new Clients();
    beforeAll(async () => {
      broker = await start();
      await broker.setPassword("u", "good");
    });
    afterEach(async () => {
      await clients.end();
      await gate.close();
    });
    afterAll(() => broker?.close());

    describe.each(cases)("version $protocolVersion over $scheme", ({ protocolVersion, scheme }) => {
      beforeEach(async () => {
        gate = await Gate.before(broker.url(scheme));
      });

      const online = async () => {
        const will = { topicName: "gone", payload: "x" };
        const one = clients.core(gate.url, { protocolVersion, credentials: RIGHT, keepAlive: KEEP_ALIVE, will, ...drain });
        const other = clients.dropIn(gate.url, {
          protocolVersion,
          ...RIGHT,
          keepalive: KEEP_ALIVE,
          reconnectPeriod: 60_000,
          will: { topic: "gone", payload: "x" as never },
          ...(isLong ? {} : { bowline: drain }),
        });
        await one.client.online();
        await until(() => other.client.connected);
        return { one, other };
      };
      /** Publishes with QoS 1 by each, and answers how often each was told. */
      const publish = (client: Client, other: MqttClient): Record<"ours" | "dropIn", number> => {
        const told = { ours: 0, dropIn: 0 };
        client.publish("a", "b", { qos: 1 }).then(
          () => told.ours++,
          () => told.ours++,
        );
        other.publish("a", "b", { qos: 1 }, () => told.dropIn++);
        return told;
      };

      // covers: [A8 client] [A8 client mosquitto] [A8 drop-in] [A8 drop-in mosquitto]
      test.each(["offline", "handshaking"])(
        "close() and end() while %s: at once, each publication told once, nothing after it",
        async (where) => {
          if (where === "offline") await gate.close();
          else gate.is("hold");
          const { client } = clients.core(gate.url, { protocolVersion, credentials: RIGHT });
          const dropIn = { protocolVersion, ...RIGHT, reconnectPeriod: 5000, ...(isLong ? {} : { bowline: drain }) };
          const { client: other, events } = clients.dropIn(gate.url, dropIn);
          const { client: third } = clients.dropIn(gate.url, dropIn);
          const told = publish(client, other);
          if (where === "offline") await until(() => client.status.state === "waiting" && events.includes("close"));
          else await until(() => gate.connections.filter(({ sent }) => sent > 0).length === 3);
          expect(await timed(client.close())).toBeLessThanOrEqual(PROMPT_MS);
          expect(await timed(third.endAsync())).toBeLessThanOrEqual(PROMPT_MS);
          // What the drop-in was given while it was connecting it would still send, which is what the drain is for.
          expect(await timed(other.endAsync())).toBeLessThanOrEqual(where === "offline" ? PROMPT_MS : DRAIN_MS + PROMPT_MS);
          const atEnd = events.length;
          gate.is("pass");
          await until(() => gate.open.length === 0, PROMPT_MS);
          await pause(AFTERWARDS_MS);
          expect(told).toEqual({ ours: 1, dropIn: 1 });
          expect(events.slice(atEnd)).toEqual([]);
          expect(gate.connections.length).toBe(where === "offline" ? 0 : 3);
        },
        LIMIT_MS,
      );

      // covers: [A8 client] [A8 client mosquitto] [A8 drop-in] [A8 drop-in mosquitto]
      test(
        "close() and end(false) with a silent peer and something unacknowledged: the drain takes its limit, everything is told once",
        async () => {
          const both = await online();
          gate.is("swallow");
          const told = publish(both.one.client, both.other.client);
          const [ours, dropIn] = await Promise.all([timed(both.one.client.close()), timed(both.other.client.endAsync())]);
          for (const ms of [ours, dropIn]) expect(ms).toBeLessThanOrEqual(DRAIN_MS + CLOSE_MS + PROMPT_MS);
          const atEnd = both.other.events.length;
          await until(() => gate.open.length === 0, PROMPT_MS);
          await pause(AFTERWARDS_MS);
          expect(told).toEqual({ ours: 1, dropIn: 1 });
          expect(both.other.events.slice(atEnd)).toEqual([]);
        },
        LIMIT_MS,
      );

      // covers: [A9 client] [A9 client mosquitto] [A9 drop-in] [A9 drop-in mosquitto]
      test.each(["close", "abort"] as const)(
        "%s() before the answer, which then comes: not a byte more, closed at once, no event",
        async (how) => {
          gate.is("hold");
          const { client } = clients.core(gate.url, { protocolVersion, credentials: RIGHT });
          const { client: other, events } = clients.dropIn(gate.url, { protocolVersion, ...RIGHT, reconnectPeriod: 20 });
          await until(() => gate.connections.filter(({ sent }) => sent > 0).length === 2);
          const states: string[] = [];
          client.on("status", ({ state }) => states.push(state));
          await Promise.all([client[how](), other.endAsync(how === "abort")]);
          await until(() => gate.open.length === 0, PROMPT_MS);
          const sent = gate.connections.map((one) => one.sent);
          const atEnd = events.length;
          gate.is("pass");
          await pause(AFTERWARDS_MS);
          expect(gate.connections.map((one) => one.sent)).toEqual(sent);
          expect(gate.connections).toHaveLength(2);
          expect([states, events.slice(atEnd)]).toEqual([["closed"], []]);
          expect(events).not.toContain("connect");
        },
        LIMIT_MS,
      );

      // covers: [B1 client] [B1 client mosquitto] [B1 drop-in] [B1 drop-in mosquitto]
      test("abort() and end(true) while online: closed at once, and each will comes", async () => {
        const { client: watcher } = clients.core(broker.url("mqtt"), { credentials: RIGHT });
        const wills: number[] = [];
        await watcher.subscribe("gone", {}, () => wills.push(performance.now())).ready;
        const { one, other } = await online();
        const started = performance.now();
        const ended = await Promise.all([timed(one.client.abort()), timed(other.client.endAsync(true))]);
        await until(() => gate.open.length === 0 && wills.length === 2);
        for (const { closedAt = Number.POSITIVE_INFINITY } of gate.connections) {
          expect(closedAt - started).toBeLessThanOrEqual(PROMPT_MS);
        }
        for (const at of wills) expect(at - started).toBeLessThanOrEqual(WILL_MS);
        for (const ms of ended) expect(ms).toBeLessThanOrEqual(CLOSE_MS + PROMPT_MS);
      });

      // covers: [B1 client] [B1 client mosquitto] [B1 drop-in] [B1 drop-in mosquitto]
      test.each(["handshaking", "half-open"])("abort() and end(true) while %s: closed at once", async (where) => {
        let ends: (() => Promise<unknown>)[];
        if (where === "half-open") {
          const { one, other } = await online();
          gate.is("swallow");
          ends = [() => one.client.abort(), () => other.client.endAsync(true)];
        } else {
          gate.is("hold");
          const { client } = clients.core(gate.url, { protocolVersion, credentials: RIGHT });
          const { client: other } = clients.dropIn(gate.url, { protocolVersion, ...RIGHT });
          await until(() => gate.connections.filter(({ sent }) => sent > 0).length === 2);
          ends = [() => client.abort(), () => other.endAsync(true)];
        }
        const started = performance.now();
        const ended = await Promise.all(ends.map((end) => timed(end())));
        await until(() => gate.open.length === 0, PROMPT_MS);
        for (const { closedAt } of gate.connections) expect(closedAt! - started).toBeLessThanOrEqual(PROMPT_MS);
        for (const ms of ended) expect(ms).toBeLessThanOrEqual(CLOSE_MS + PROMPT_MS);
      });

      // covers: [B2 client] [B2 client mosquitto] [B2 drop-in] [B2 drop-in mosquitto]
      test(
        "a peer gone silent is found within 1.5 times the Keep Alive, and told once",
        async () => {
          const { one, other } = await online();
          gate.is("swallow");
          const started = performance.now();
          await until(() => one.losses.length === 1 && other.errors.length === 1);
          expect(performance.now() - started).toBeLessThanOrEqual(KEEP_ALIVE * 1500 + 500);
          expect(one.losses[0]).toMatchObject({ code: "PING_TIMEOUT" });
          await pause(50);
          expect([one.losses.length, other.errors.length]).toEqual([1, 1]);
        },
        LIMIT_MS,
      );
    });
  });
}
