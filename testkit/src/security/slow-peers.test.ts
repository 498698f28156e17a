import { afterAll, beforeAll, expect, test } from "vitest";
import { AttackedBroker } from "./attacked-broker.ts";
import { clientHello } from "./client-hello.ts";
import type { Friend } from "./friend.ts";
import { Link } from "./link.ts";
import { frame, requestText, upgradeRequest } from "./web-socket-frames.ts";

/* row 22, CVE-2020-13849 (SlowITe, Slowloris): whoever takes his time gets an end to it. All at once, since all they do is wait. */

const PATIENCE_MS = 40_000;
/** MQTT 5.0, Clean Start, Keep Alive 0, no Client Identifier. */
const CONNECT = Buffer.from("100d00044d51545405020000000000", "hex");
const EVERY_MS = 250;

let broker: AttackedBroker;
let friend: Friend;
let consolePort = 0;
beforeAll(async () => {
  const config = { metrics: { sysInterval: 0 }, log: { level: "warn" as const }, limits: { maximumKeepAlive: 2 } };
  broker = await AttackedBroker.start(config, "--console", "https://localhost:0");
  consolePort = Number(new URL(broker.process.urls.find((url) => url.startsWith("https:"))!).port);
  friend = await broker.friend();
});
afterAll(() => broker?.remove());

/** Sends the first part, then a byte of the rest now and again; ms until the broker has ended it. */
async function drip(link: Link, first: Uint8Array | string, rest: Uint8Array = new Uint8Array(0)): Promise<number> {
  const started = performance.now();
  link.send(first);
  let at = 0;
  const timer = setInterval(() => {
    if (at < rest.length) link.send(rest.subarray(at, ++at));
  }, EVERY_MS);
  await link.ended;
  clearInterval(timer);
  return performance.now() - started;
}

const raw = (kind: "tcp" | "tls" | "ws" | "wss"): Promise<Link> => Link.openRaw(broker.port(kind));
const secure = (): Promise<Link> => Link.openRaw(consolePort, { tls: true });
const long = Buffer.alloc(1_000, "x");
const nothing = new Uint8Array(0);

async function upgraded(): Promise<Link> {
  const link = await raw("ws");
  link.send(upgradeRequest());
  await link.until(() => link.text.includes("\r\n\r\n"));
  return link;
}

async function known(): Promise<Link> {
  const link = await raw("tcp");
  link.send(CONNECT);
  await link.until(() => link.chunks.length > 0);
  return link;
}

/** What stays open how long at most; the sweep, and the machine, add to what the limits say. */
const slow: readonly (readonly [string, number, () => Promise<number>])[] = [
  ["nothing at all", 8_000, async () => drip(await raw("tcp"), nothing)],
  ["nothing at all, on the port of TLS", 8_000, async () => drip(await raw("tls"), nothing)],
  ["nothing at all, on the port of WebSocket", 8_000, async () => drip(await raw("ws"), nothing)],
  ["a ClientHello, byte by byte", 8_000, async () => drip(await raw("tls"), nothing, await clientHello())],
  ["half a handshake", 13_000, async () => drip(await raw("tls"), await clientHello())],
  ["a handshake and nothing more", 13_000, async () => drip(await Link.openRaw(broker.port("tls"), { tls: true }), nothing)],
  ["a CONNECT, byte by byte", 13_000, async () => drip(await raw("tcp"), Buffer.from("10f07f00044d515454", "hex"), long)],
  ["headers, byte by byte", 20_000, async () => drip(await raw("ws"), "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nX: ", long)],
  [
    "headers, line by line, at the console",
    20_000,
    async () => drip(await secure(), "GET / HTTP/1.1\r\nHost: localhost\r\n", Buffer.from("A: b\r\n".repeat(200))),
  ],
  ["nothing behind the handshake, at the console", 20_000, async () => drip(await secure(), nothing)],
  [
    "a request, and then nothing, at the console",
    20_000,
    async () => drip(await secure(), requestText("GET / HTTP/1.1", "Host: localhost")),
  ],
  ["a WebSocket without a CONNECT", 13_000, async () => drip(await upgraded(), nothing)],
  [
    "a WebSocket with pings and no CONNECT",
    13_000,
    async () => drip(await upgraded(), nothing, Buffer.concat(Array.from({ length: 300 }, () => frame({ opcode: 9 })))),
  ],
  ["a Keep Alive of 0, and silence, where two seconds are the most", 5_000, async () => drip(await known(), nothing)],
];

test("each has an end, and a friend notices none of them", { timeout: 3 * PATIENCE_MS }, async () => {
  const took = await Promise.all(slow.map(async ([what, maximumMs, run]) => ({ what, maximumMs, ms: await run() })));
  for (const { what, maximumMs, ms } of took) expect(ms, what).toBeLessThan(maximumMs);
  const report = await friend.leave();
  expect(report.disturbances).toEqual([]);
  expect(report.worstMs).toBeLessThan(1_500);
  expect(broker.faults).toEqual([]);
});
