import { type Client, connect } from "@bowline/client";
import { Broker } from "@bowline/broker";
import { AnonymousMethod, AuthenticatorChain, silentLogger } from "@bowline/broker/internal";
import { afterEach, expect, test } from "vitest";
import { seededRandom } from "../virtual/seeded-random.ts";
import { VirtualClock, VirtualNetwork } from "../virtual/index.ts";
import { until } from "./clients.ts";
import { PasswordServer } from "./password-server.ts";

/* Many clients cut at once while the broker is away. */

const seed = Number(process.env["BOWLINE_SEED"] ?? 42);
const OUTAGE_MS = 5000;
const BIN_MS = 100;
const made: Client[] = [];
afterEach(() => Promise.all(made.splice(0).map((client) => client.abort())));

test(`[A10 client scripted] [A11 client] 1,000 clients and a broker away for 5 s: no bin of 100 ms has more than 85 attempts, and 99 % are back within 9 s (BOWLINE_SEED=${seed})`, async () => {
  const COUNT = 1000;
  const clock = new VirtualClock();
  const network = new VirtualNetwork(clock, { seed });
  const random = seededRandom(seed);
  const broker = new Broker({ authenticator: new AuthenticatorChain([new AnonymousMethod()], silentLogger), clock });
  await broker.start();
  const listen = (): (() => void) =>
    network.listen("broker", (channel) => {
      broker.accept({ channel, tenant: "default", transport: "tcp", remoteAddress: "127.0.0.1", remotePort: 1, localPort: 1883 });
    });
  const stop = listen();
  const bins = new Map<number, number>();
  let cutAt = Number.POSITIVE_INFINITY;
  let attemptsWhileDown = 0;
  const backAt: number[] = [];
  const dial = network.dialer();
  for (let i = 0; i < COUNT; i++) {
    const client = connect("mqtt://broker", {
      clock,
      random,
      keepAlive: 0,
      transport: (target, handler) => {
        const since = clock.now() - cutAt;
        if (since >= 0) bins.set(Math.floor(since / BIN_MS), (bins.get(Math.floor(since / BIN_MS)) ?? 0) + 1);
        if (since >= 0 && since < OUTAGE_MS) attemptsWhileDown++;
        return dial(target, handler);
      },
    });
    client.on("attemptFailed", () => undefined);
    client.on("status", ({ state }) => state === "online" && clock.now() > cutAt && backAt.push(clock.now() - cutAt - OUTAGE_MS));
    made.push(client);
  }
  await clock.advance(40_000);
  expect(made.every(({ status }) => status.state === "online")).toBe(true);
  stop();
  cutAt = clock.now();
  for (const link of network.links) link.cut();
  await clock.advance(OUTAGE_MS);
  listen();
  await clock.advance(20_000);
  // In virtual time nothing ends by itself.
  const ended = Promise.all(made.splice(0).map((client) => client.abort()));
  await clock.advance(1000);
  await ended;
  expect(backAt).toHaveLength(COUNT);
  backAt.sort((a, b) => a - b);
  expect(Math.max(...bins.values())).toBeLessThanOrEqual(85);
  expect(attemptsWhileDown / COUNT).toBeLessThanOrEqual(2);
  expect(backAt[COUNT * 0.99 - 1]).toBeLessThanOrEqual(9000);
}, 60_000);

test("[A11 client scripted] 200 real clients, a broker away for 1 s: each tries once or twice meanwhile, and all are back", async () => {
  const COUNT = 200;
  const server = await PasswordServer.start();
  try {
    let attempts = 0;
    for (let i = 0; i < COUNT; i++) {
      const client = connect(server.url, { credentials: { username: "u", password: "good" } });
      client.on("attemptFailed", () => attempts++);
      made.push(client);
    }
    const allOnline = (): boolean => made.every(({ status }) => status.state === "online");
    await until(allOnline);
    await server.close();
    await until(() => made.every(({ status }) => status.state !== "online"));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(attempts).toBeLessThanOrEqual(2 * COUNT);
    await server.listen();
    await until(allOnline, 15_000);
  } finally {
    await Promise.all(made.splice(0).map((client) => client.abort()));
    await server.close();
  }
}, 30_000);
