import type { WithFailure } from "@bowline/mqttjs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Clients, pause, until } from "./clients.ts";
import { Gate } from "./gate.ts";
import { type Login, Tokens } from "./tokens.ts";
import { type UserBroker, userBrokers } from "./user-brokers.ts";

/* Credentials at a real broker: tokens that end, a callback that never answers, and brokers that close in place of a CONNACK. */

const isLong = process.env["BOWLINE_LONG"] === "1";
/** Life of a token, and how long it is watched. */
const LIFE_MS = isLong ? 4000 : 2000;
const WATCHED_MS = isLong ? 14_000 : 3200;
const LIMIT_MS = 60_000;
/** Attempts that are shut out: the fifth is made after 2 + 4 + 8 + 16 s at most. */
const SHUT_OUT = 5;
/** The delays, in their proportions: ours are 2, 4 and at most 60 s. */
const SCALE = isLong ? 1 : 100;
const delays = { firstDelayMs: 2000 / SCALE, baseDelayMs: 4000 / SCALE, maximumDelayMs: 60_000 / SCALE };
const versions = [4, 5] as const;

for (const { name, missing, start } of userBrokers) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    let broker: UserBroker;
    let gate: Gate;
    const clients = new Clients();
    beforeEach(async () => {
      broker = await start();
      gate = await Gate.before(broker.url("mqtt"));
    });
    afterEach(async () => {
      await clients.end();
      await gate.close();
      await broker.close();
    });

    /** Each token is a user of its own, whose connection ends with it. */
    function newTokens(prefix: string, way: Gate): Tokens {
      const issue = async (number: number): Promise<Login> => {
        await broker.setPassword(`${prefix}${number}`, "token");
        return { username: `${prefix}${number}`, password: "token" };
      };
      return new Tokens(LIFE_MS, issue, () => way.cut());
    }

    describe.each(versions)("version %i", (protocolVersion) => {
      // covers: [A4 client] [A4 client mosquitto] [A4 drop-in] [A4 drop-in mosquitto]
      test(
        `tokens of ${LIFE_MS} ms for ${WATCHED_MS} ms: never refused, never cut, at least 3 connections of each library`,
        async () => {
          const other = await Gate.before(broker.url("mqtt"));
          const [ours, theirs] = [newTokens("c", gate), newTokens("d", other)];
          const { failures, losses } = clients.core(gate.url, { protocolVersion, credentials: ours.give });
          const { client: dropIn, errors } = clients.dropIn(other.url, { protocolVersion, bowline: { credentials: theirs.give } });
          await pause(WATCHED_MS);
          for (const way of [gate, other]) await until(() => way.connections.length >= 3);
          ours.stop();
          theirs.stop();
          expect([failures.length, losses.length, errors.length]).toEqual([0, 0, 0]);
          // It may be coming back with a new token just now.
          await until(() => dropIn.connected);
          for (const [tokens, { connections }] of [
            [ours, gate],
            [theirs, other],
          ] as const) {
            expect(tokens.late).toBe(0);
            // One may have been asked for just now.
            expect([0, 1]).toContain(tokens.asked.length - connections.length);
          }
          await clients.end();
          await other.close();
        },
        LIMIT_MS,
      );

      // covers: [E2 client scripted] [E2 drop-in scripted] [A6 client] [A6 client mosquitto] [A6 drop-in] [A6 drop-in mosquitto]
      test(
        "closed before CONNACK: one error per attempt with hints, degraded after three, and 8 s (in proportion) by the fifth attempt",
        async () => {
          await broker.setPassword("u", "good");
          gate.is("shut");
          const right = { username: "u", password: "good" };
          const { client, failures } = clients.core(gate.url, { protocolVersion, credentials: right, reconnect: delays });
          const { errors } = clients.dropIn(gate.url, { protocolVersion, ...right, bowline: { reconnect: delays } });
          const degraded: boolean[] = [];
          client.on("status", (status) => status.state === "waiting" && degraded.push(status.degraded));
          await until(() => failures.length >= SHUT_OUT && errors.length >= SHUT_OUT, LIMIT_MS);
          // Attempts under way are not told yet.
          expect(gate.connections.length - failures.length - errors.length).toBeLessThanOrEqual(2);
          expect(degraded.slice(0, SHUT_OUT)).toEqual([false, false, true, true, true]);
          for (const told of [failures, errors.map((error) => (error as WithFailure).failure!)]) {
            for (const { code, stage, hints } of told) {
              expect([code, stage, hints.length > 0]).toEqual(["CONNACK_NONE", "mqtt", true]);
            }
            expect(told[SHUT_OUT - 2]?.retryInMs).toBeGreaterThanOrEqual(8000 / SCALE);
          }
        },
        LIMIT_MS,
      );
    });

    // covers: [A4 client] [A4 client mosquitto] [A4 drop-in] [A4 drop-in mosquitto]
    test("a callback that never answers is an error of each attempt, and no connection is made", async () => {
      const never = () => new Promise<never>(() => undefined);
      const { failures } = clients.core(gate.url, { credentials: never, connectTimeoutMs: 60, reconnect: { delay: () => 10 } });
      const { errors } = clients.dropIn(gate.url, { connectTimeout: 60, reconnectPeriod: 10, bowline: { credentials: never } });
      await until(() => failures.length >= 2 && errors.length >= 2);
      expect(gate.connections).toEqual([]);
      expect(new Set([...failures, ...errors.map((error) => (error as WithFailure).failure!)].map(({ code }) => code))).toEqual(
        new Set(["CREDENTIALS_TIMEOUT"]),
      );
    });
  });
}
