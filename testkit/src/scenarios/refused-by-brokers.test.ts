import type { WithFailure } from "@bowline/mqttjs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Clients, pause, until } from "./clients.ts";
import { Gate } from "./gate.ts";
import { type UserBroker, userBrokers } from "./user-brokers.ts";

/* Refused by a real broker: a password that is wrong, is revoked, and is corrected. */

const isLong = process.env["BOWLINE_LONG"] === "1";
/** When the password is corrected, and how long it is watched in all. */
const CORRECTED_MS = isLong ? 3000 : 300;
const WATCHED_MS = isLong ? 6000 : 600;
const PERIOD_MS = isLong ? 1000 : 50;
/** With room for a machine that is busy with something else. */
const PROMPT_MS = 400;
/** No flap comes after that. */
const CALM_MS = isLong ? 5000 : 500;
const FAST = { firstDelayMs: PERIOD_MS, baseDelayMs: PERIOD_MS, maximumDelayMs: PERIOD_MS };
const LIMIT_MS = 60_000;
const versions = [4, 5] as const;

for (const { name, missing, start } of userBrokers) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    let broker: UserBroker;
    let gate: Gate;
    const clients = new Clients();
    // A new one for each: ours lets whoever was refused often wait.
    beforeEach(async () => {
      broker = await start();
      await broker.setPassword("u", "good");
      gate = await Gate.before(broker.url("mqtt"));
    });
    afterEach(async () => {
      await clients.end();
      await gate.close();
      await broker.close();
    });

    /** Whoever was refused: the socket is closed by us at once. */
    function expectLetGo(): void {
      for (const { answeredAt = 0, closedAt } of gate.connections.slice(0, -1)) {
        expect((closedAt ?? Number.POSITIVE_INFINITY) - answeredAt).toBeLessThanOrEqual(PROMPT_MS);
      }
    }

    describe.each(versions)("version %i", (protocolVersion) => {
      // covers: [A1 client] [A1 client mosquitto] [A2 client] [A2 client mosquitto] [A3 client] [A3 client mosquitto]
      test(
        "first: wrong from the start is one attempt, one failure and a terminal status; reconnect() tries again",
        async () => {
          const { client, failures } = clients.core(gate.url, { protocolVersion, credentials: { username: "u", password: "bad" } });
          await until(() => client.status.state === "failed");
          await until(() => gate.open.length === 0, PROMPT_MS);
          await pause(WATCHED_MS);
          expect([gate.connections.length, failures.length]).toEqual([1, 1]);
          expect(failures[0]?.code).toMatch(/BAD_CREDENTIALS|NOT_AUTHORIZED/);
          await broker.setPassword("u", "bad");
          client.reconnect();
          await until(() => client.status.state === "online");
        },
        LIMIT_MS,
      );

      // covers: [A1 client] [A1 client mosquitto] [A3 client] [A3 client mosquitto]
      test(
        "fix: others are asked for, tried at once, and let in",
        async () => {
          let password = "bad";
          const credentials = () => {
            const given = { username: "u", password };
            password = "good";
            return given;
          };
          const { client, failures } = clients.core(gate.url, { protocolVersion, credentials, reconnect: FAST });
          await until(() => client.status.state === "online");
          await pause(CALM_MS);
          expect([gate.connections.length, failures.length, client.status.state]).toEqual([2, 1, "online"]);
          expectLetGo();
        },
        LIMIT_MS,
      );

      // covers: [A1 client] [A1 client mosquitto] [A2 client] [A2 client mosquitto]
      test(
        "later: revoked and cut while online: with a callback it comes back when the password is right, without one it says so and ends",
        async () => {
          let given = "good";
          let asked = 0;
          // As tokens do, each answer differs.
          const credentials = () => ({
            username: "u",
            password: given === "good" || given === "better" ? given : `${given}${asked++}`,
          });
          const one = clients.core(gate.url, { protocolVersion, credentials, reconnect: FAST });
          const other = clients.core(gate.url, {
            protocolVersion,
            credentials: { username: "u", password: "good" },
            reconnect: FAST,
          });
          await Promise.all([one.client.online(), other.client.online()]);
          given = "stale";
          await broker.setPassword("u", "better");
          gate.cut();
          await until(() => other.client.status.state === "failed");
          await until(() => one.failures.length >= 2);
          given = "better";
          await until(() => one.client.status.state === "online");
          expect(other.failures).toHaveLength(1);
          expect([one.losses.length, other.losses.length]).toEqual([1, 1]);
        },
        LIMIT_MS,
      );

      // covers: [A1 drop-in] [A1 drop-in mosquitto] [A2 drop-in] [A2 drop-in mosquitto] [A3 drop-in] [A3 drop-in mosquitto]
      test(
        "first, drop-in: one error with the reason and one close, and the socket is gone",
        async () => {
          const credentials = { username: "u", password: "bad" };
          const { client, errors, events } = clients.dropIn(gate.url, {
            protocolVersion,
            ...credentials,
            reconnectPeriod: PERIOD_MS,
          });
          await until(() => events.includes("close"));
          await until(() => gate.open.length === 0, PROMPT_MS);
          await pause(WATCHED_MS);
          expect([gate.connections.length, errors.length, events]).toEqual([1, 1, ["close"]]);
          expect((errors[0] as WithFailure).failure?.code).toMatch(/BAD_CREDENTIALS|NOT_AUTHORIZED/);
          expect(client.reconnecting).toBe(false);
        },
        LIMIT_MS,
      );

      // covers: [A1 drop-in] [A1 drop-in mosquitto] [A3 drop-in] [A3 drop-in mosquitto] [A6 drop-in] [A6 drop-in mosquitto]
      test(
        "fix and later, drop-in with the retry option: one error for each attempt, until the password is right again",
        async () => {
          const credentials = { username: "u", password: "bad" };
          const options = { protocolVersion, ...credentials, reconnectPeriod: PERIOD_MS, reconnectOnConnackError: true };
          const { client, errors } = clients.dropIn(gate.url, options);
          await pause(CORRECTED_MS);
          client.options.password = "good";
          await until(() => client.connected);
          const refused = gate.connections.length - 1;
          expect([errors.length, refused > 1]).toEqual([refused, true]);
          await broker.setPassword("u", "better");
          gate.cut();
          await until(() => errors.filter((error) => "code" in error && typeof error.code === "number").length > refused + 1);
          client.options.password = "better";
          await until(() => client.connected);
          await pause(CALM_MS);
          expect(client.connected).toBe(true);
          expect(gate.open).toHaveLength(1);
          expectLetGo();
        },
        LIMIT_MS,
      );

      // covers: [A7 drop-in] [A7 drop-in mosquitto]
      test.each([true, false])(
        "reconnect-in-error, drop-in, retry option %s: one further CONNECT, and no flap",
        async (reconnectOnConnackError) => {
          const credentials = { username: "u", password: "bad" };
          const options = { protocolVersion, ...credentials, reconnectPeriod: PERIOD_MS, reconnectOnConnackError };
          const { client, errors, events } = clients.dropIn(gate.url, options);
          client.once("error", () => {
            client.options.password = "good";
            client.reconnect();
          });
          await until(() => client.connected);
          await pause(CALM_MS);
          expect([gate.connections.length, errors.length]).toEqual([2, 1]);
          expect(events.filter((event) => event === "close")).toHaveLength(1);
          expect(client.connected).toBe(true);
          for (let i = 0; i < 3; i++) client.reconnect();
          await until(() => client.connected && gate.open.length === 1);
          await pause(CALM_MS);
          expect(gate.connections.length).toBeLessThanOrEqual(3);
          expect([client.connected, gate.open.length]).toEqual([true, 1]);
        },
        LIMIT_MS,
      );

      // covers: [A7 client] [A7 client mosquitto]
      test(
        "reconnect-in-error, client: one further CONNECT; three times while online: none",
        async () => {
          let password = "bad";
          const { client } = clients.core(gate.url, {
            protocolVersion,
            credentials: () => ({ username: "u", password }),
            reconnect: FAST,
          });
          client.once("attemptFailed", () => {
            password = "good";
            client.reconnect();
          });
          await client.online();
          for (let i = 0; i < 3; i++) client.reconnect();
          await pause(CALM_MS);
          expect([gate.connections.length, client.status.state]).toEqual([2, "online"]);
        },
        LIMIT_MS,
      );

      // covers: [A6 client] [A6 client mosquitto] [A6 drop-in] [A6 drop-in mosquitto]
      test(
        "every attempt that fails is told once, numbered, whatever stands in its way",
        async () => {
          const credentials = { username: "u", password: "good" };
          const { client, failures } = clients.core(gate.url, {
            protocolVersion,
            credentials,
            reconnect: { delay: () => PERIOD_MS },
          });
          const { client: other, errors } = clients.dropIn(gate.url, {
            protocolVersion,
            ...credentials,
            reconnectPeriod: PERIOD_MS,
          });
          const told = (): number => failures.length + errors.length;
          gate.is("shut");
          await until(() => failures.length >= 2 && errors.length >= 2);
          await gate.close();
          const seen = told();
          await until(() => told() >= seen + 4);
          await gate.listen();
          gate.is("pass");
          await Promise.all([client.online(), until(() => other.connected)]);
          expect(failures.map(({ attempt }) => attempt)).toEqual(failures.map((_, index) => index + 1));
          expect(
            new Set([...failures, ...errors.map((error) => (error as WithFailure).failure!)].map(({ stage }) => stage)),
          ).toEqual(new Set(["mqtt", "tcp"]));
          for (const failure of failures) expect(failure.retryInMs).toBe(PERIOD_MS);
        },
        LIMIT_MS,
      );
    });

    // covers: [A12 client] [A12 client mosquitto] [A12 drop-in] [A12 drop-in mosquitto]
    test("nobody listens: nothing throws, and each library warns once, naming the failure", async () => {
      vi.resetModules();
      const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
      try {
        const { connect } = await import("@bowline/client");
        const mqtt = (await import("@bowline/mqttjs")).default;
        const credentials = { username: "u", password: "bad" };
        const ours = [1, 2].map(() => connect(gate.url, { credentials, protocolVersion: 5 }));
        const others = [1, 2].map(() => mqtt.connect(gate.url, { ...credentials, protocolVersion: 5, reconnectPeriod: 20 }));
        await until(() => gate.connections.length === 4 && gate.open.length === 0);
        await pause(100);
        await Promise.all([...ours.map((one) => one.abort()), ...others.map((one) => one.endAsync(true))]);
        const told = warn.mock.calls.map(([text]) => String(text));
        for (const text of told) expect(text).toMatch(/BAD_CREDENTIALS|NOT_AUTHORIZED/);
        // The drop-in says it for each client.
        expect(told.length).toBeGreaterThanOrEqual(2);
        expect(told.length).toBeLessThanOrEqual(3);
      } finally {
        warn.mockRestore();
      }
    });
  });
}
