import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connect } from "@bowline/client";
import mqtt from "@bowline/mqttjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LocalServer } from "../chaos/local-server.ts";
import { seededRandom } from "../virtual/seeded-random.ts";
import { until } from "./clients.ts";

/* Connect and let go, again and again: sockets, timers, listeners and memory return to the start. */

const isLong = process.env["BOWLINE_LONG"] === "1";
const CYCLES = isLong ? 10_000 : 200;
const LIMIT_MS = isLong ? 600_000 : 30_000;
/** Of one client; the whole start of a heap that settles is allowed beside it. */
const BYTES_PER_CYCLE = 200;
const SETTLING_BYTES = 2_000_000;
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start({ listen: ["mqtt://127.0.0.1:0", "ws://127.0.0.1:0/mqtt"] });
});
afterAll(() => server.close());

const urlOf = (scheme: string): string => server.server.listeners.find((one) => one.startsWith(scheme))!;

type Cycle = (url: string, signal: AbortSignal) => Promise<unknown>;

/** The broker is in this process: what it keeps for a client that may come back would count as the client's. */
const session = { expiryInterval: 0 };

const cycles: Record<string, Cycle> = {
  "client: connect and close()": async (url, signal) => {
    const client = connect(url, { session, reconnect: false });
    client.on("attemptFailed", () => undefined);
    await client.online({ signal });
    await client.close();
  },
  "client: connect and abort()": async (url, signal) => {
    const client = connect(url, { session, credentials: () => ({}) });
    client.on("attemptFailed", () => undefined);
    client.subscribe("a", { signal }).ready.catch(() => undefined);
    await client.online({ signal });
    client.publish("b", "x", { qos: 1, signal });
    await client.abort();
  },
  "drop-in: connect and end()": async (url) => {
    const client = await mqtt.connectAsync(url);
    await client.endAsync();
  },
  "drop-in: connect and end(true)": async (url) => {
    const client = await mqtt.connectAsync(url);
    client.publish("b", "x", { qos: 1 });
    await client.endAsync(true);
  },
};

/** What a process holds open, by kind. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind === "TCPSocketWrap" || kind === "Timeout") counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function listenersOfProcess(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

/** Twice the same start, since the first look at a thing costs something itself. */
function start(): { resources: Record<string, number>; heap: number; listeners: number } {
  heapBytes();
  return { resources: resources(), heap: heapBytes(), listeners: listenersOfProcess() };
}

async function expectAsBefore(before: ReturnType<typeof start>): Promise<void> {
  await settled(before.resources);
  await until(() => (resources()["Timeout"] ?? 0) <= (before.resources["Timeout"] ?? 0) + 2, 10_000);
  expect(listenersOfProcess()).toBe(before.listeners);
  expect(heapBytes() - before.heap).toBeLessThan(SETTLING_BYTES + CYCLES * BYTES_PER_CYCLE);
}

async function settled(before: Record<string, number>): Promise<void> {
  const { broker } = server.server;
  await until(() => [...broker.connections()].length === 0, 10_000);
  // Sockets of the broker's side close a moment later; its own timers come and go.
  await until(() => (resources()["TCPSocketWrap"] ?? 0) <= (before["TCPSocketWrap"] ?? 0), 10_000);
}

describe.each(["mqtt", "ws"])("over %s", (scheme) => {
  test.each(Object.entries(cycles))(
    `%s, ${CYCLES} times: nothing is left`,
    async (_name, cycle) => {
      const { signal } = new AbortController();
      const many = async (count: number): Promise<void> => {
        for (let done = 0; done < count; done += 10)
          await Promise.all(Array.from({ length: 10 }, () => cycle(urlOf(scheme), signal)));
      };
      await many(100);
      await settled(resources());
      const before = start();
      await many(CYCLES);
      await expectAsBefore(before);
      expect(getEventListeners(signal, "abort")).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    `cut off at random moments, ${CYCLES} times each: everything settles and nothing is left (BOWLINE_SEED=${seed})`,
    async () => {
      const random = seededRandom(seed);
      const url = urlOf(scheme);
      const one = async (): Promise<void> => {
        const client = connect(url, { session, reconnect: { firstDelayMs: 5, baseDelayMs: 5, maximumDelayMs: 5 } });
        client.on("attemptFailed", () => undefined);
        const other = mqtt.connect(url, { reconnectPeriod: 5 });
        other.on("error", () => undefined);
        client.publish("a", "b", { qos: 2 });
        other.publish("a", "b", { qos: 2 });
        if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 6));
        if (random() < 0.3) for (const connection of server.server.broker.connections()) connection.arrival.channel.destroy();
        await Promise.all([
          random() < 0.5 ? client.close() : client.abort(),
          // Whatever is unanswered by a connection that was cut.
          other.endAsync(random() < 0.5),
        ]);
        expect(client.status.state).toBe("closed");
        expect(other.connected).toBe(false);
      };
      const many = async (count: number): Promise<void> => {
        for (let done = 0; done < count; done += 20) await Promise.all(Array.from({ length: 20 }, one));
      };
      await many(100);
      await settled(resources());
      const before = start();
      await many(CYCLES);
      await expectAsBefore(before);
    },
    LIMIT_MS,
  );
});
