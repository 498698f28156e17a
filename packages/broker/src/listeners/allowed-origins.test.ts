import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Arrival } from "./arrival.ts";
import { parseListenUrl } from "./listen-url.ts";
import { type Listener, openListener } from "./listener.ts";

const listeners: Listener[] = [];
const sockets: WebSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const listener of listeners.splice(0)) await listener.close({ graceMs: 0 });
});

async function open(allowedOrigins?: readonly string[]): Promise<{ listener: Listener; arrivals: Arrival[] }> {
  const arrivals: Arrival[] = [];
  const accept = (arrival: Arrival): void => {
    arrival.channel.handler = { data() {}, drained() {}, closed() {} };
    arrivals.push(arrival);
  };
  const listener = await openListener({
    url: parseListenUrl("ws://127.0.0.1:0"),
    accept,
    ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
  });
  listeners.push(listener);
  return { listener, arrivals };
}

/** The status that a page of that origin gets: 101, or that of the refusal. */
async function statusFor(listener: Listener, origin: string | undefined): Promise<number> {
  const socket = new WebSocket(listener.url, "mqtt", origin === undefined ? {} : { origin });
  sockets.push(socket);
  socket.on("error", () => {});
  return Promise.race([
    once(socket, "open").then(() => 101),
    once(socket, "unexpected-response").then(([, response]) => (response as { statusCode: number }).statusCode),
  ]);
}

test.each([
  ["https://app.example.com", 101],
  ["HTTPS://App.Example.COM", 101],
  ["https://a.dev.example.com", 101],
  ["https://dev.example.com", 403],
  ["https://evildev.example.com", 403],
  ["http://app.example.com", 403],
  ["https://app.example.com:8443", 403],
  ["https://app.example.com.evil.net", 403],
  ["https://evil.net", 403],
  ["null", 403],
  [undefined, 101],
])("a page of %s gets %i where two origins are allowed", async (origin, status) => {
  const { listener, arrivals } = await open(["https://app.example.com", "https://*.dev.example.com"]);
  expect(await statusFor(listener, origin)).toBe(status);
  expect(arrivals).toHaveLength(status === 101 ? 1 : 0);
  expect(listener.counters.originRefused).toBe(status === 101 ? 0 : 1);
});

test("without a list every page may come, with an empty one none", async () => {
  expect(await statusFor((await open()).listener, "https://evil.net")).toBe(101);
  expect(await statusFor((await open([])).listener, "https://app.example.com")).toBe(403);
});

test("a listener that is reconfigured asks the new list, and connections stay", async () => {
  const { listener, arrivals } = await open();
  expect(await statusFor(listener, "https://evil.net")).toBe(101);
  const accept = (): void => {};
  listener.reconfigure({ url: parseListenUrl("ws://127.0.0.1:0/other"), accept, allowedOrigins: [] });
  expect(listener.url).toMatch(/\/other$/);
  expect(await statusFor(listener, "https://evil.net")).toBe(403);
  expect(arrivals).toHaveLength(1);
  expect(sockets[0]?.readyState).toBe(WebSocket.OPEN);
});
