import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Clients, pause, until } from "./clients.ts";
import { PasswordServer } from "./password-server.ts";

/* close, abort and end settle in time and leave nothing behind. */

const PROMPT_MS = 300;
const RIGHT = { username: "u", password: "good" };
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

async function timed(done: PromiseLike<unknown>): Promise<number> {
  const started = performance.now();
  await done;
  return performance.now() - started;
}

describe.each(versions)("version %i", (protocolVersion) => {
  test.each(["offline", "handshaking"])(
    "[A8 client scripted] [A8 drop-in scripted] close() and end() while %s settle at once, each publication exactly once",
    async (where) => {
      if (where === "offline") await server.close();
      server.answers = false;
      const { client } = clients.core(server.url, { protocolVersion, credentials: RIGHT });
      const { client: other } = clients.dropIn(server.url, { protocolVersion, ...RIGHT, reconnectPeriod: 5000 });
      const outcomes: string[] = [];
      client.publish("a", "b", { qos: 1 }).then(
        () => outcomes.push("ours resolved"),
        () => outcomes.push("ours"),
      );
      other.publish("a", "b", { qos: 1 }, (error) => outcomes.push(error ? "drop-in" : "drop-in resolved"));
      if (where === "offline") await until(() => client.status.state === "waiting");
      else await until(() => server.seen.filter(({ connect }) => connect !== undefined).length === 2);
      expect(await timed(client.close())).toBeLessThanOrEqual(PROMPT_MS);
      // Whatever the drop-in kept is failed as well: nobody can answer.
      expect(await timed(other.endAsync(true))).toBeLessThanOrEqual(PROMPT_MS);
      await pause(50);
      expect(outcomes.sort()).toEqual(["drop-in", "ours"]);
      await until(() => server.open.length === 0, PROMPT_MS);
    },
  );

  test("[A8 client scripted] [A8 drop-in scripted] a silent peer and something unacknowledged: the drain takes its limit, and everything is told", async () => {
    const { client } = clients.core(server.url, { protocolVersion, credentials: RIGHT, drainTimeoutMs: 300 });
    const { client: other } = clients.dropIn(server.url, { protocolVersion, ...RIGHT, bowline: { drainTimeoutMs: 300 } });
    await client.online();
    await until(() => other.connected);
    let told = 0;
    client.publish("a", "b", { qos: 2 }).then(
      () => undefined,
      () => told++,
    );
    other.publish("a", "b", { qos: 2 }, (error) => error && told++);
    expect(await timed(client.close())).toBeLessThanOrEqual(300 + 500 + PROMPT_MS);
    expect(await timed(other.endAsync())).toBeLessThanOrEqual(300 + 500 + PROMPT_MS);
    await pause(20);
    expect(told).toBe(2);
    await until(() => server.open.length === 0, PROMPT_MS);
  });

  test.each(["close", "abort"] as const)(
    "[A9 client scripted] %s() before CONNACK: not a byte more, and the socket is closed at once",
    async (how) => {
      server.answers = false;
      const { client } = clients.core(server.url, { protocolVersion, credentials: RIGHT });
      await until(() => server.seen[0]?.connect !== undefined);
      await client[how]();
      await until(() => server.open.length === 0, PROMPT_MS);
      expect(server.seen[0]?.bytesAfter).toBe(0);
      expect(server.seen).toHaveLength(1);
    },
  );

  test.each([false, true])("[A9 drop-in scripted] end(%s) before CONNACK: not a byte more, no event after end", async (force) => {
    server.answers = false;
    const { client, events } = clients.dropIn(server.url, { protocolVersion, ...RIGHT, reconnectPeriod: 20 });
    await until(() => server.seen[0]?.connect !== undefined);
    await client.endAsync(force);
    const atEnd = events.length;
    await until(() => server.open.length === 0, PROMPT_MS);
    await pause(100);
    expect(events.slice(atEnd)).toEqual([]);
    expect(events).not.toContain("connect");
    expect([server.seen.length, server.seen[0]?.bytesAfter]).toEqual([1, 0]);
  });
});
