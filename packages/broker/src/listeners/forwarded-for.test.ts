import { once } from "node:events";
import { BlockList } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Arrival } from "./arrival.ts";
import { forwardedAddress } from "./forwarded-for.ts";
import { parseListenUrl } from "./listen-url.ts";
import { openListener } from "./listener.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (let cleanup = cleanups.pop(); cleanup !== undefined; cleanup = cleanups.pop()) await cleanup();
});

function ranges(...list: readonly (readonly [string, number])[]): BlockList {
  const made = new BlockList();
  for (const [address, bits] of list) made.addSubnet(address, bits, address.includes(":") ? "ipv6" : "ipv4");
  return made;
}

const PROXIES = ranges(["10.0.0.0", 8], ["2001:db8:1::", 48]);

test.each([
  [undefined, undefined],
  ["", undefined],
  ["unknown", undefined],
  ["192.0.2.7", "192.0.2.7"],
  ["192.0.2.7:4711", "192.0.2.7"],
  ["[2001:db8::7]:4711", "2001:db8::7"],
  ["2001:db8::7", "2001:db8::7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["192.0.2.7, 10.1.2.3, 2001:db8:1::1", "192.0.2.7"],
  // What stands before the client's own address, it may have written itself.
  ["127.0.0.1, 192.0.2.7", "192.0.2.7"],
  ["10.0.0.9, 192.0.2.7, 10.1.2.3", "192.0.2.7"],
  ["<script>, 10.1.2.3", "10.1.2.3"],
  ["10.0.0.9, 10.1.2.3", "10.0.0.9"],
])("%j leads to %s", (header, address) => {
  expect(forwardedAddress(header, PROXIES)).toBe(address);
});

test.each([
  ["a trusted proxy", ranges(["127.0.0.0", 8]), "192.0.2.7"],
  ["anybody else", ranges(["10.0.0.0", 8]), "127.0.0.1"],
  ["a listener that expects none", undefined, "127.0.0.1"],
])("from %s", async (_who, forwardedBy, address) => {
  const arrivals: Arrival[] = [];
  const listener = await openListener({
    url: parseListenUrl("ws://127.0.0.1:0"),
    accept: (arrival) => {
      arrival.channel.handler = { data() {}, drained() {}, closed() {} };
      arrivals.push(arrival);
    },
    ...(forwardedBy === undefined ? {} : { forwardedBy }),
  });
  cleanups.push(() => listener.close({ graceMs: 0 }));
  const socket = new WebSocket(listener.url, "mqtt", { headers: { "X-Forwarded-For": "127.0.0.9, 192.0.2.7" } });
  cleanups.push(() => socket.terminate());
  await once(socket, "open");
  expect(arrivals).toMatchObject([{ remoteAddress: address, transport: "ws" }]);
});
