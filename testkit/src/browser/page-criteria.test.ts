import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { ConnectOptions } from "@bowline/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { LocalServer } from "../chaos/local-server.ts";
import { Gate } from "../scenarios/gate.ts";
import { pause, until } from "../scenarios/clients.ts";
import { type UserBroker, userBrokers } from "../scenarios/user-brokers.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { statedBar } from "../system/stated-bar.ts";
import type { ChromiumPage } from "./chromium-page.ts";
import { openClientPage, type PageGlobals } from "./client-page.ts";

/* The criteria of failures, options, ends and backpressure in a page: the built client in Chromium, and a gate before each broker. */

const isLong = process.env["BOWLINE_LONG"] === "1";
/** 100 ms by the criterion, and room for a busy machine. */
const PROMPT_MS = statedBar(500);
const CLOSE_MS = 500;
/** How long Chromium waits for the other half of a WebSocket's close before it closes TCP, which no page can shorten. */
const BROWSER_MS = 75_000;
const DRAIN_MS = isLong ? 5000 : 300;
const AFTERWARDS_MS = isLong ? 10_000 : 200;
/** The delays in their proportions. */
const SCALE = isLong ? 1 : 100;
const LIMIT_MS = 60_000;
/** No further attempt by itself, as far as a test can see. */
const LATER = { firstDelayMs: 1_000_000_000 };
const RIGHT = { username: "u", password: "good" };
const missing = missingPrograms("chromium", "certutil");

interface Order {
  url: string;
  options: ConnectOptions;
  drainMs?: number;
}

describe.skipIf(missing !== "")(`a page in Chromium${missing && ` (${missing})`}`, () => {
  let chromium: ChromiumPage;
  beforeAll(async () => {
    chromium = await openClientPage();
  });
  afterAll(() => chromium?.close());
  afterEach(() => chromium.page.evaluate(abortInPage));

  // covers: [A5 page]
  test.each([
    { credentials: { username: 5, password: "p" } },
    { credentials: { username: "u", password: 5 } },
    { credentials: "u:p" },
    { protocolVersion: 4, credentials: { password: "p" } },
    { protocolVersion: "5" },
    { keepAlive: -1 },
    { session: { clientId: 5 } },
    { will: "gone" },
  ])("throws a TypeError for %o at connect, and opens no WebSocket", async (options) => {
    const thrown = await chromium.page.evaluate(wrongInPage, options as unknown as ConnectOptions);
    expect(thrown).toMatchObject({ isTypeError: true, sockets: 0 });
    expect(thrown.code).toMatch(/OPTION_INVALID|PACKET_INVALID/);
  });

  test("[E1 page] sends a password without a user name on 5.0, and our broker takes it", async () => {
    const open = await LocalServer.start({ listen: ["ws://127.0.0.1:0/mqtt"] });
    try {
      const options: ConnectOptions = { credentials: { password: "p" }, protocolVersion: 5 };
      await chromium.page.evaluate(connectInPage, { url: open.url, options });
      await until(() => [...open.server.broker.connections()].length === 1);
    } finally {
      await chromium.page.evaluate(abortInPage);
      await open.close();
    }
  });

  test(
    "[E2 page scripted] [A6 page scripted] tells each close before CONNACK once with hints, is degraded after three, and waits 8 s (in proportion) by the fifth attempt",
    async () => {
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "mqtt" });
      await once(server, "listening");
      let connects = 0;
      server.on("connection", (socket) =>
        socket.once("message", () => {
          connects++;
          socket.close();
        }),
      );
      const reconnect = {
        firstDelayMs: 2000 / SCALE,
        baseDelayMs: 4000 / SCALE,
        maximumDelayMs: 60_000 / SCALE,
        maximumAttempts: 5,
      };
      const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/mqtt`;
      const order: Order = { url, options: { reconnect, protocolVersion: 5 } };
      const { failures, degraded } = await chromium.page.evaluate(failInPage, order);
      server.close();
      expect(failures.map(({ attempt, code, stage }) => [attempt, code, stage])).toEqual(
        [1, 2, 3, 4, 5].map((attempt) => [attempt, "CONNACK_NONE", "mqtt"]),
      );
      expect(connects).toBe(5);
      expect(failures.every(({ hints }) => hints.length > 0)).toBe(true);
      expect(degraded).toEqual([false, false, true, true]);
      expect(failures[3]?.retryInMs).toBeGreaterThanOrEqual(8000 / SCALE);
    },
    LIMIT_MS,
  );

  for (const { name, missing: absent, start } of userBrokers) {
    describe.skipIf(absent !== "")(`${name}${absent && ` (${absent})`}`, () => {
      let broker: UserBroker;
      let gate: Gate;
      beforeAll(async () => {
        broker = await start();
        await broker.setPassword("u", "good");
      });
      beforeEach(async () => {
        gate = await Gate.before(broker.url("ws"));
      });
      afterEach(async () => {
        await chromium.page.evaluate(abortInPage);
        await gate.close();
      });
      afterAll(() => broker?.close());

      const order = (options: ConnectOptions = {}): Order => ({
        url: gate.url,
        options: { credentials: RIGHT, probe: false, ...options },
      });

      // covers: [A6 page] [A6 page mosquitto] [C1 page] [C1 page mosquitto]
      test("tells each attempt that fails once: shut out, refused by the port, and refused by the broker", async () => {
        const few = { firstDelayMs: 1, baseDelayMs: 1, maximumDelayMs: 1, maximumAttempts: 3 };
        gate.is("shut");
        const shut = await chromium.page.evaluate(failInPage, order({ reconnect: few }));
        expect(shut.failures.map(({ attempt, code, stage }) => [attempt, code, stage])).toEqual(
          [1, 2, 3].map((attempt) => [attempt, "WS_NEVER_OPENED", "ws"]),
        );
        expect(shut.details.every((each) => each?.everOpened === false && each.closeCode === 1006)).toBe(true);
        expect(gate.connections).toHaveLength(3);
        gate.is("pass");
        const refused = await chromium.page.evaluate(failInPage, order({ credentials: { username: "u", password: "bad" } }));
        expect(refused.failures.map(({ attempt }) => attempt)).toEqual([1]);
        expect(refused.failures[0]?.code).toMatch(/BAD_CREDENTIALS|NOT_AUTHORIZED/);
        expect(gate.connections).toHaveLength(4);
        await gate.close();
        const away = await chromium.page.evaluate(failInPage, order({ reconnect: few }));
        expect(away.failures.map(({ attempt, stage }) => [attempt, stage])).toEqual([1, 2, 3].map((attempt) => [attempt, "ws"]));
      });

      // covers: [A8 page] [A8 page mosquitto]
      test.each(["offline", "handshaking", "silent"])(
        "close() while %s: in time, each publication told once, nothing left and nothing after it",
        async (where) => {
          if (where === "offline") await gate.close();
          if (where === "handshaking") gate.is("hold");
          await chromium.page.evaluate(beginInPage, order({ drainTimeoutMs: DRAIN_MS, reconnect: LATER }));
          if (where === "offline") await chromium.page.waitForFunction("client.status.state === 'waiting'");
          if (where === "handshaking") await until(() => (gate.connections[0]?.sent ?? 0) > 0);
          if (where === "silent") {
            await chromium.page.waitForFunction("client.status.state === 'online'");
            gate.is("swallow");
          }
          const { ms, told, later } = await chromium.page.evaluate(closeInPage, AFTERWARDS_MS);
          expect(ms).toBeLessThanOrEqual(where === "silent" ? DRAIN_MS + CLOSE_MS + PROMPT_MS : PROMPT_MS);
          expect([told, later]).toEqual([1, ["closed"]]);
          if (where !== "silent" || isLong) await until(() => gate.open.length === 0, where === "silent" ? BROWSER_MS : PROMPT_MS);
          expect(gate.connections.length).toBe(where === "offline" ? 0 : 1);
        },
        2 * LIMIT_MS,
      );

      // covers: [A9 page] [A9 page mosquitto] [B1 page] [B1 page mosquitto]
      test.each(["close", "abort"] as const)(
        "%s() before the answer, which then comes: not a byte more, closed at once",
        async (how) => {
          gate.is("hold");
          await chromium.page.evaluate(beginInPage, order());
          await until(() => (gate.connections[0]?.sent ?? 0) > 0);
          const started = performance.now();
          await chromium.page.evaluate((method) => (globalThis as unknown as PageGlobals).client[method](), how);
          await until(() => gate.open.length === 0, PROMPT_MS);
          expect(performance.now() - started).toBeLessThanOrEqual(CLOSE_MS + PROMPT_MS);
          const sent = gate.connections.map((one) => one.sent);
          gate.is("pass");
          await pause(AFTERWARDS_MS);
          expect(gate.connections.map((one) => one.sent)).toEqual(sent);
          expect(await chromium.page.evaluate(() => (globalThis as unknown as PageGlobals).client.status.state)).toBe("closed");
        },
        LIMIT_MS,
      );

      // covers: [B1 page] [B1 page mosquitto]
      test(
        "abort() of a half-open connection settles at once, and it is heard of no more",
        async () => {
          await chromium.page.evaluate(connectInPage, order());
          gate.is("swallow");
          const { ms, later } = await chromium.page.evaluate(abortTimedInPage, AFTERWARDS_MS);
          expect(ms).toBeLessThanOrEqual(CLOSE_MS + PROMPT_MS);
          expect(later).toEqual(["closed"]);
          if (isLong) await until(() => gate.open.length === 0, BROWSER_MS);
        },
        2 * LIMIT_MS,
      );

      // covers: [B2 page] [B2 page mosquitto]
      test("a peer gone silent is found within 1.5 times the Keep Alive, and told once", async () => {
        await chromium.page.evaluate(connectInPage, order({ keepAlive: 1 }));
        gate.is("swallow");
        const { losses, ms } = await chromium.page.evaluate(lossesInPage);
        expect(losses).toEqual(["PING_TIMEOUT"]);
        expect(ms).toBeLessThanOrEqual(1500 + 500);
      });

      // covers: [A12 page] [A12 page mosquitto]
      test("nobody listens: nothing is thrown, and one warning names the failure", async () => {
        const fresh = await openClientPage();
        try {
          await fresh.page.evaluate(unheardInPage, order({ credentials: { username: "u", password: "bad" } }));
          const own = fresh.messages.filter((message) => message.includes("bowline"));
          expect(own).toEqual([expect.stringMatching(/^warning: bowline: (BAD_CREDENTIALS|NOT_AUTHORIZED)/)]);
          expect(fresh.messages.filter((message) => !message.startsWith("warning:"))).toEqual([]);
        } finally {
          await fresh.close();
        }
      });

      // covers: [G1 page] [G1 page mosquitto]
      test("what is not sent is seen in bufferedAmount, waits for room, and drain tells when there is some", async () => {
        await gate.close();
        await chromium.page.evaluate(beginInPage, order({ outbox: { maximumMessages: 10 }, reconnect: LATER }));
        await chromium.page.waitForFunction("client.status.state === 'waiting'");
        // One is there already.
        expect(await chromium.page.evaluate(publishInPage, 14)).toEqual([2 + 14 * 10, 10]);
        await gate.listen();
        expect(await chromium.page.evaluate(drainInPage)).toEqual({ buffered: 0, stored: 15, drained: 1 });
      });

      // covers: [G1 page] [G1 page mosquitto]
      test.each(["reject", "drop-oldest"] as const)("at the limit: %s", async (whenFull) => {
        await gate.close();
        await chromium.page.evaluate(beginInPage, order({ outbox: { maximumMessages: 3, whenFull }, reconnect: LATER }));
        expect(await chromium.page.evaluate(overflowInPage, 4)).toEqual(whenFull === "reject" ? [3] : [0]);
      });
    });
  }
});

/* These run in the page: they may use nothing of this file. */

type Scope = PageGlobals & {
  told: number;
  states: string[];
  stored: number;
  publications: PromiseLike<unknown>[];
  drained: number;
};

function wrongInPage(options: ConnectOptions): { isTypeError: boolean; code: string; sockets: number } {
  const scope = globalThis as unknown as Scope;
  const before = scope.sockets.length;
  try {
    scope.bowline.connect("ws://localhost:9/mqtt", options);
  } catch (error) {
    const { code } = error as { code: string };
    return { isTypeError: error instanceof TypeError, code, sockets: scope.sockets.length - before };
  }
  throw new Error("nothing was thrown");
}

async function failInPage({ url, options }: Order) {
  const scope = globalThis as unknown as Scope;
  const client = scope.bowline.connect(url, options);
  const failures: { attempt: number; code: string; stage: string; hints: readonly string[]; retryInMs: number | undefined }[] = [];
  const details: ({ everOpened?: boolean; closeCode?: number } | undefined)[] = [];
  const degraded: boolean[] = [];
  client.on("attemptFailed", ({ attempt, code, stage, hints, retryInMs, error }) => {
    failures.push({ attempt, code, stage, hints, retryInMs });
    details.push(error.details);
  });
  client.on("status", (status) => status.state === "waiting" && degraded.push(status.degraded));
  await client.online().catch(() => undefined);
  await client.abort();
  return { failures, details, degraded };
}

async function connectInPage({ url, options }: Order): Promise<void> {
  const scope = globalThis as unknown as Scope;
  scope.client = scope.bowline.connect(url, options);
  scope.client.on("attemptFailed", () => undefined);
  await scope.client.online();
}

/** Begins to connect, with one message on its way. */
function beginInPage({ url, options }: Order): void {
  const scope = globalThis as unknown as Scope;
  scope.client = scope.bowline.connect(url, options);
  scope.told = scope.stored = scope.drained = 0;
  scope.states = [];
  scope.client.on("attemptFailed", () => undefined);
  scope.client.on("drain", () => scope.drained++);
  const first = scope.client.publish("a", "b", { qos: 1 });
  const count = () => void scope.told++;
  void first.then(count, count);
  scope.publications = [first];
  void first.stored.then(
    () => scope.stored++,
    () => undefined,
  );
}

async function closeInPage(afterwardsMs: number): Promise<{ ms: number; told: number; later: string[] }> {
  const scope = globalThis as unknown as Scope;
  // A silent peer owes an acknowledgement.
  if (scope.client.status.state === "online") {
    scope.told = 0;
    const count = () => void scope.told++;
    void scope.client.publish("a", "b", { qos: 1 }).then(count, count);
  }
  scope.client.on("status", ({ state }) => scope.states.push(state));
  const started = performance.now();
  await scope.client.close();
  const ms = performance.now() - started;
  await new Promise((resolve) => setTimeout(resolve, afterwardsMs));
  return { ms, told: scope.told, later: scope.states };
}

async function abortInPage(): Promise<void> {
  await (globalThis as unknown as Partial<Scope>).client?.abort();
}

async function abortTimedInPage(afterwardsMs: number): Promise<{ ms: number; later: string[] }> {
  const { client } = globalThis as unknown as Scope;
  const later: string[] = [];
  client.on("status", ({ state }) => later.push(state));
  client.on("connectionLost", ({ code }) => later.push(code));
  const started = performance.now();
  await client.abort();
  const ms = performance.now() - started;
  await new Promise((resolve) => setTimeout(resolve, afterwardsMs));
  return { ms, later };
}

async function lossesInPage(): Promise<{ losses: string[]; ms: number }> {
  const { client } = globalThis as unknown as Scope;
  const losses: string[] = [];
  const started = performance.now();
  await new Promise<void>((resolve) => {
    client.on("connectionLost", ({ code }) => {
      losses.push(code);
      resolve();
    });
  });
  const ms = performance.now() - started;
  await new Promise((resolve) => setTimeout(resolve, 50));
  return { losses, ms };
}

async function unheardInPage({ url, options }: Order): Promise<void> {
  const { bowline } = globalThis as unknown as Scope;
  const clients = [1, 2].map(() => bowline.connect(url, options));
  await Promise.all(clients.map((client) => client.online().catch(() => undefined)));
}

async function publishInPage(count: number): Promise<[buffered: number, stored: number]> {
  const scope = globalThis as unknown as Scope;
  for (let i = 0; i < count; i++) {
    const publication = scope.client.publish("t", "x".repeat(9));
    scope.publications.push(publication);
    void publication.stored.then(
      () => scope.stored++,
      () => undefined,
    );
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  return [scope.client.bufferedAmount, scope.stored];
}

async function drainInPage(): Promise<{ buffered: number; stored: number; drained: number }> {
  const scope = globalThis as unknown as Scope;
  scope.client.reconnect();
  await Promise.all(scope.publications);
  return { buffered: scope.client.bufferedAmount, stored: scope.stored, drained: scope.drained };
}

/** Which of that many further messages, and of the first one (0), were lost. */
async function overflowInPage(count: number): Promise<number[]> {
  const scope = globalThis as unknown as Scope;
  const lost: number[] = [];
  const all = [scope.publications[0]!];
  for (let i = 1; i < count; i++) all.push(scope.client.publish("t", String(i)));
  all.forEach((publication, index) =>
    publication.then(
      () => undefined,
      (error: { code: string }) => error.code === "QUEUE_FULL" && lost.push(index),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 0));
  return lost;
}
