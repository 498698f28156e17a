import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WithFailure } from "@bowline/mqttjs";
import { Clients, pause, until } from "./clients.ts";
import { PasswordServer } from "./password-server.ts";
import { type Login, Tokens } from "./tokens.ts";

/* Credentials by callback: asked for once per attempt, renewed before they end; the same for the client and the drop-in. */

const isLong = process.env["BOWLINE_LONG"] === "1";
/** Life of a token, and how long it is watched. */
const LIFE_MS = isLong ? 4000 : 2000;
const WATCHED_MS = isLong ? 14_000 : 3200;
const versions = [4, 5] as const;

let server: PasswordServer;
const clients = new Clients();
beforeEach(async () => {
  server = await PasswordServer.start();
});
afterEach(async () => {
  await clients.end();
  await server.close();
});

/** The server takes the newest alone, and ends the connection of whoever outstays his. */
function newTokens(): Tokens {
  const issue = (number: number): Login => {
    server.password = `token-${number}`;
    return { username: "u", password: server.password };
  };
  return new Tokens(LIFE_MS, issue, () => server.cut());
}

describe.each(versions)("version %i", (protocolVersion) => {
  test(
    `[A4 client scripted] tokens of ${LIFE_MS} ms for ${WATCHED_MS} ms: refused 0, never cut, at least 3 connections`,
    async () => {
      const tokens = newTokens();
      const { failures, losses } = clients.core(server.url, { protocolVersion, credentials: tokens.give });
      await pause(WATCHED_MS);
      await until(() => server.accepted.length >= 3);
      tokens.stop();
      expect(tokens.late).toBe(0);
      expect([server.refused.length, failures.length, losses.length]).toEqual([0, 0, 0]);
      // One may have been asked for just now.
      expect([0, 1]).toContain(tokens.asked.length - server.accepted.length);
    },
    WATCHED_MS + 10_000,
  );

  test(
    `[A4 drop-in scripted] bowline.credentials: tokens of ${LIFE_MS} ms for ${WATCHED_MS} ms: refused 0, never cut, at least 3 connections`,
    async () => {
      const tokens = newTokens();
      const { client, errors } = clients.dropIn(server.url, { protocolVersion, bowline: { credentials: tokens.give } });
      await pause(WATCHED_MS);
      await until(() => server.accepted.length >= 3);
      tokens.stop();
      expect(tokens.late).toBe(0);
      expect([server.refused.length, errors.length]).toEqual([0, 0]);
      // One may have been asked for just now.
      expect([0, 1]).toContain(tokens.asked.length - server.accepted.length);
      await until(() => client.connected);
    },
    WATCHED_MS + 10_000,
  );

  test.each([
    ["static", { username: "u", password: "good" }],
    ["sync", () => ({ username: "u", password: "good" })],
    ["async", async () => ({ username: "u", password: "good" })],
  ] as const)("[A4 client scripted] [A4 drop-in scripted] %s credentials", async (_form, credentials) => {
    const { client } = clients.core(server.url, { protocolVersion, credentials });
    const { client: other } = clients.dropIn(server.url, { protocolVersion, bowline: { credentials } });
    await client.online();
    await until(() => other.connected);
    expect(server.refused).toHaveLength(0);
  });

  test("[A1 drop-in scripted] [A4 drop-in scripted] refused, others are tried, and the same ones are not", async () => {
    const told: (string | undefined)[] = [];
    let password = "old";
    const { client, errors } = clients.dropIn(server.url, {
      protocolVersion,
      reconnectPeriod: 20,
      bowline: {
        credentials: ({ lastFailure }) => {
          told.push(lastFailure?.code);
          return { username: "u", password };
        },
      },
    });
    await until(() => errors.length === 2);
    await pause(100);
    expect(server.seen).toHaveLength(1);
    expect(errors.map((error) => (error as WithFailure).failure?.retryInMs)).toEqual([20, undefined]);
    expect(client.reconnecting).toBe(false);
    password = "good";
    client.reconnect();
    await until(() => client.connected);
    expect(told).toEqual([undefined, "BAD_CREDENTIALS", "BAD_CREDENTIALS"]);
  });
});

test("[A4 drop-in scripted] a callback that never answers is an error of each attempt within the time limit, its signal aborted", async () => {
  const signals: AbortSignal[] = [];
  const { client, errors } = clients.dropIn(server.url, {
    connectTimeout: 60,
    reconnectPeriod: 20,
    bowline: {
      credentials: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    },
  });
  // The attempt and its credentials have the same limit, and a timer each.
  await until(() => errors.length >= 3 && signals.slice(0, 3).every(({ aborted }) => aborted));
  expect(errors.slice(0, 3).map((error) => (error as WithFailure).failure?.code)).toEqual(Array(3).fill("CREDENTIALS_TIMEOUT"));
  await client.endAsync();
  expect(signals.every(({ aborted }) => aborted)).toBe(true);
  expect(server.seen).toEqual([]);
});

test("[A4 client scripted] [A4 drop-in scripted] address, query and headers of the attempt may come with the credentials", async () => {
  const { client, failures } = clients.core("mqtt://127.0.0.1:1", {
    credentials: () => ({ url: server.url, username: "u", password: "good" }),
  });
  const { client: other } = clients.dropIn("mqtt://127.0.0.1:1", {
    bowline: { credentials: () => ({ url: server.url, username: "u", password: "good" }) },
  });
  await client.online();
  await until(() => other.connected);
  expect(failures).toEqual([]);
});

test("[A10 drop-in scripted] bowline.reconnect: growing delays; without it the period is exact", async () => {
  server.closesAtConnect = true;
  const delays: (number | undefined)[] = [];
  const { client } = clients.dropIn(server.url, {
    bowline: { reconnect: { firstDelayMs: 8, baseDelayMs: 16, maximumDelayMs: 64 } },
  });
  client.on("close", () => delays.push(client.lastFailure?.retryInMs));
  await until(() => delays.length === 5);
  const bounds = [
    [0, 8],
    [8, 16],
    [16, 32],
    [32, 64],
    [32, 64],
  ];
  for (const [index, [low, high]] of bounds.entries()) {
    expect(delays[index]).toBeGreaterThanOrEqual(low!);
    expect(delays[index]).toBeLessThanOrEqual(high!);
  }
  const exact: (number | undefined)[] = [];
  const { client: plain } = clients.dropIn(server.url, { reconnectPeriod: 30 });
  plain.on("close", () => exact.push(plain.lastFailure?.retryInMs));
  await until(() => exact.length === 3);
  expect(exact).toEqual([30, 30, 30]);
});

test("[E1 client scripted] [E1 drop-in scripted] a password without a user name goes out on 5.0", async () => {
  const password = "good";
  const { client } = clients.core(server.url, { protocolVersion: 5, credentials: { password } });
  const { client: other } = clients.dropIn(server.url, { protocolVersion: 5, password });
  await client.online();
  await until(() => other.connected);
  expect(server.accepted.map(({ connect }) => connect?.username)).toEqual([undefined, undefined]);
});

test("[A5 client scripted] [E1 client scripted] [A5 drop-in scripted] [E1 drop-in scripted] a password without a user name is a TypeError on 3.1.1", async () => {
  const password = "good";
  expect(() => clients.core(server.url, { protocolVersion: 4, credentials: { password } })).toThrow(TypeError);
  expect(() => clients.dropIn(server.url, { protocolVersion: 4, password })).toThrow(TypeError);
  // Known later, it is an error of each attempt.
  const { client, errors } = clients.dropIn(server.url, { protocolVersion: 4, password, manualConnect: true, reconnectPeriod: 0 });
  client.connect();
  await until(() => errors.length === 1);
  expect(errors[0]).toBeInstanceOf(TypeError);
  await pause(50);
  expect([errors.length, server.seen.filter(({ connect }) => connect !== undefined).length]).toEqual([1, 0]);
});
