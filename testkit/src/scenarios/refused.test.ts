import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { WithFailure } from "@bowline/mqttjs";
import { Clients, pause, until } from "./clients.ts";
import { PasswordServer } from "./password-server.ts";

/* Refused CONNECTs: a policy that is said, never a silent stop, and the same whether or not the broker closes. */

/** With room for a machine that is busy with something else. */
const PROMPT_MS = 400;
const FAST = { firstDelayMs: 20, baseDelayMs: 40, maximumDelayMs: 40 };
const versions = [4, 5] as const;
const cases = versions.flatMap((protocolVersion) => [false, true].map((keepsOpen) => ({ protocolVersion, keepsOpen })));

let server: PasswordServer;
const clients = new Clients();
beforeEach(async () => {
  server = await PasswordServer.start();
});
afterEach(async () => {
  await clients.end();
  await server.close();
});

function expectClosedByUs(): void {
  for (const { refusedAt = 0, closedAt = Number.POSITIVE_INFINITY } of server.refused) {
    expect(closedAt - refusedAt).toBeLessThanOrEqual(PROMPT_MS);
  }
}

describe.each(cases)(
  "version $protocolVersion, a broker that keeps the refused open: $keepsOpen",
  ({ protocolVersion, keepsOpen }) => {
    beforeEach(() => {
      server.keepsOpen = keepsOpen;
    });

    test("[A1 client scripted] [A2 client scripted] [A3 client scripted] first: wrong from the start: one attempt, one failure, and a terminal status with the reason", async () => {
      const { client, failures } = clients.core(server.url, { protocolVersion, credentials: { username: "u", password: "bad" } });
      await until(() => client.status.state === "failed");
      await until(() => server.open.length === 0);
      expectClosedByUs();
      await pause(200);
      expect([server.seen.length, failures.length]).toEqual([1, 1]);
      expect(client.status).toMatchObject({ state: "failed", failure: { code: "BAD_CREDENTIALS", stage: "mqtt" } });
    });

    test("[A1 client scripted] [A3 client scripted] [A4 client scripted] fix: corrected by the credentials callback: asked once per attempt, refused once, online", async () => {
      let password = "bad";
      const asked: (string | undefined)[] = [];
      const credentials = ({ lastFailure }: { lastFailure: { code: string } | undefined }) => {
        asked.push(lastFailure?.code);
        if (lastFailure !== undefined) password = "good";
        return { username: "u", password };
      };
      const { client, failures } = clients.core(server.url, { protocolVersion, credentials, reconnect: FAST });
      await until(() => client.status.state === "online");
      expect(asked).toEqual([undefined, "BAD_CREDENTIALS"]);
      expect([server.seen.length, failures.length]).toEqual([2, 1]);
      expectClosedByUs();
    });

    test("[A1 client scripted] [A3 client scripted] later: revoked and cut while online: with a callback it comes back as soon as the password is right", async () => {
      let password = "good";
      let asked = 0;
      const credentials = () => {
        // Each answer differs, as tokens do; only the last is right.
        asked++;
        return { username: "u", password: asked > 3 ? password : `${password}${asked === 1 ? "" : asked}` };
      };
      const { client, failures, losses } = clients.core(server.url, { protocolVersion, credentials, reconnect: FAST });
      await until(() => client.status.state === "online");
      server.password = password = "better";
      server.cut();
      await until(() => server.accepted.length === 2);
      await until(() => client.status.state === "online");
      expect(losses).toHaveLength(1);
      expect(failures.map(({ code }) => code)).toEqual(["BAD_CREDENTIALS", "BAD_CREDENTIALS"]);
      expectClosedByUs();
    });

    test("[A2 client scripted] [A3 client scripted] later: revoked, and no others: it ends in a failure that is told, and reconnect() comes back", async () => {
      const { client, failures } = clients.core(server.url, {
        protocolVersion,
        credentials: { username: "u", password: "good" },
        reconnect: FAST,
      });
      await until(() => client.status.state === "online");
      server.password = "other";
      server.cut();
      await until(() => client.status.state === "failed");
      expect(failures).toHaveLength(1);
      server.password = "good";
      client.reconnect();
      await until(() => client.status.state === "online");
    });

    test("[A2 drop-in scripted] [A3 drop-in scripted] first: without the retry option: one error with the reason, one close, and the socket is gone", async () => {
      const { client, errors, events } = clients.dropIn(server.url, {
        protocolVersion,
        username: "u",
        password: "bad",
        reconnectPeriod: 20,
      });
      await until(() => events.includes("close"));
      await pause(200);
      expect([server.seen.length, errors.length]).toEqual([1, 1]);
      expect((errors[0] as WithFailure).failure).toMatchObject({ code: "BAD_CREDENTIALS", stage: "mqtt", retryInMs: undefined });
      expect(events).toEqual(["close"]);
      expect(client.reconnecting).toBe(false);
      expect(server.open).toEqual([]);
      expectClosedByUs();
    });

    test("[A1 drop-in scripted] [A3 drop-in scripted] [A6 drop-in scripted] fix: with the retry option: one error per attempt, and a changed password connects", async () => {
      const { client, errors } = clients.dropIn(server.url, {
        protocolVersion,
        username: "u",
        password: "bad",
        reconnectPeriod: 20,
        reconnectOnConnackError: true,
      });
      await until(() => server.refused.length === 3);
      client.options.password = "good";
      await until(() => client.connected);
      expect(errors).toHaveLength(server.refused.length);
      expect(server.seen).toHaveLength(server.refused.length + 1);
      expectClosedByUs();
    });

    test.each([true, false])(
      "[A7 drop-in scripted] reconnect-in-error, retry option %s: exactly one further CONNECT, no flap",
      async (retries) => {
        const { client, errors, events } = clients.dropIn(server.url, {
          protocolVersion,
          username: "u",
          password: "bad",
          reconnectPeriod: 100,
          reconnectOnConnackError: retries,
        });
        client.once("error", () => {
          client.options.password = "good";
          client.reconnect();
        });
        await until(() => client.connected);
        await pause(400);
        expect([server.seen.length, server.accepted.length, errors.length]).toEqual([2, 1, 1]);
        expect(events.filter((name) => name === "close")).toHaveLength(1);
        expect(client.connected).toBe(true);
      },
    );
  },
);

test.each(versions)(
  "[A7 client scripted] version %i: reconnect() while connected makes no further connection, and none flaps",
  async (protocolVersion) => {
    const { client } = clients.core(server.url, { protocolVersion, credentials: { username: "u", password: "good" } });
    await client.online();
    for (let i = 0; i < 3; i++) client.reconnect();
    await pause(200);
    expect(server.seen).toHaveLength(1);
  },
);

test.each(versions)(
  "[A7 drop-in scripted] version %i: reconnect() three times while connected makes at most one connection",
  async (protocolVersion) => {
    const { client } = clients.dropIn(server.url, { protocolVersion, username: "u", password: "good", reconnectPeriod: 50 });
    await until(() => client.connected);
    for (let i = 0; i < 3; i++) client.reconnect();
    await until(() => client.connected && server.open.length === 1);
    await pause(400);
    expect(server.seen.length).toBeLessThanOrEqual(2);
    expect([client.connected, server.open.length]).toEqual([true, 1]);
  },
);

test.each([
  ["never answers", () => new Promise<never>(() => undefined), "CREDENTIALS_TIMEOUT"],
  ["throws", () => Promise.reject(new Error("no token")), "CREDENTIALS_FAILED"],
  ["answers nothing", () => undefined as never, "CREDENTIALS_FAILED"],
] as const)(
  "[A4 client scripted] [A5 client scripted] a credentials callback that %s is a failure of each attempt, told once each",
  async (_name, credentials, code) => {
    const { client, failures } = clients.core(server.url, { credentials, connectTimeoutMs: 60, reconnect: FAST });
    await until(() => failures.length === 3);
    expect(failures.map((failure) => [failure.code, failure.attempt])).toEqual([1, 2, 3].map((attempt) => [code, attempt]));
    expect(server.seen).toEqual([]);
    await client.abort();
  },
);

test("[A12 client scripted] nobody listens: nothing throws, and one warning names the failure, for each library", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  try {
    const { connect } = await import("@bowline/client");
    const mqtt = (await import("@bowline/mqttjs")).default;
    const credentials = { username: "u", password: "bad" };
    const one = connect(server.url, { credentials });
    const other = mqtt.connect(server.url, { ...credentials, reconnectPeriod: 20, reconnectOnConnackError: true });
    await until(() => server.refused.length >= 4);
    await Promise.all([one.abort(), other.endAsync(true)]);
    const told = warn.mock.calls.map(([text]) => String(text));
    expect(told).toHaveLength(2);
    for (const text of told) expect(text).toContain("BAD_CREDENTIALS");
  } finally {
    warn.mockRestore();
  }
});

describe("[E2 client scripted] closed before CONNACK", () => {
  test("one failure per attempt with hints, degraded after three, and it goes on", async () => {
    server.closesAtConnect = true;
    const { client, failures } = clients.core(server.url, { protocolVersion: 5, reconnect: FAST });
    const degraded: boolean[] = [];
    client.on("status", (status) => status.state === "waiting" && degraded.push(status.degraded));
    await until(() => failures.length === 5);
    expect(server.seen.length).toBeLessThanOrEqual(6);
    expect(failures.every(({ code, stage }) => code === "CONNACK_NONE" && stage === "mqtt")).toBe(true);
    expect(failures[0]?.hints.length).toBeGreaterThan(0);
    expect(degraded.slice(0, 5)).toEqual([false, false, true, true, true]);
  });

  test("drop-in: one error per attempt, exact delays", async () => {
    server.closesAtConnect = true;
    const { errors } = clients.dropIn(server.url, { protocolVersion: 5, reconnectPeriod: 20 });
    await until(() => errors.length === 5);
    expect(server.seen.length).toBeLessThanOrEqual(6);
    expect(errors.map((error) => (error as WithFailure).failure?.code)).toEqual(Array(5).fill("CONNACK_NONE"));
  });
});
