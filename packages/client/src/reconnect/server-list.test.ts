import * as net from "node:net";
import type { MqttError } from "@bowline/protocol";
import { afterEach, expect, test } from "vitest";
import type { Client } from "../client.ts";
import { connect } from "../connect.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import { turn, VirtualClock } from "../testing/virtual-clock.ts";
import { ServerList } from "./server-list.ts";

test("each server once at once, then the first after the delay", () => {
  const list = new ServerList(["a", "b", "c"]);
  const seen = [list.current];
  const delays = [1, undefined, 4, 8].map((delay) => {
    const next = list.failed(delay);
    seen.push(list.current);
    return next;
  });
  expect(seen).toEqual(["a", "b", "c", "a", "b"]);
  expect(delays).toEqual([0, 0, 4, 0]);
});

test("the list is given up only when each of its servers is", () => {
  const list = new ServerList(["a", "b"]);
  expect([list.failed(7), list.failed(undefined)]).toEqual([0, 7]);
  expect([list.failed(undefined), list.failed(undefined)]).toEqual([0, undefined]);
  expect(new ServerList(["a"]).failed(undefined)).toBeUndefined();
});

let client: Client | undefined;
afterEach(() => client?.abort());

test("a client goes to the next server, and from a lost connection back to the first", async () => {
  const server = new ScriptedServer();
  const clock = new VirtualClock();
  const urls: string[] = [];
  const down = new Set(["mqtt://a:1883", "ws://b:80/mqtt"]);
  client = connect("mqtt://a", {
    servers: ["ws://b/mqtt", "mqtts://c"],
    clock,
    random: () => 0.5,
    transport: (target, handler) => {
      urls.push(target.url);
      server.reachable = down.has(target.url) ? Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) : true;
      return server.dial(target, handler);
    },
  });
  const failures: (number | undefined)[] = [];
  client.on("attemptFailed", ({ retryInMs }) => failures.push(retryInMs));
  await turn();
  await clock.advance(0);
  await clock.advance(0);
  await client.online();
  expect(urls).toEqual(["mqtt://a:1883", "ws://b:80/mqtt", "mqtts://c:8883"]);
  expect(failures).toEqual([0, 0]);

  down.delete("mqtt://a:1883");
  server.link.cut();
  await turn();
  await clock.advance(60_000);
  await client.online();
  expect(urls.slice(3)).toEqual(["mqtt://a:1883"]);
});

test("an address that is none is that attempt's failure, and the next is tried", async () => {
  const server = net.createServer((socket) => socket.once("data", () => socket.write(Uint8Array.of(0x20, 3, 0, 0, 0))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  try {
    client = connect("mqtt://nowhere.invalid", { servers: ["gopher://a", `mqtt://127.0.0.1:${port}`] });
    const codes: MqttError["code"][] = [];
    client.on("attemptFailed", ({ code }) => codes.push(code));
    await client.online();
    expect(codes).toEqual(["DNS_NXDOMAIN", "SCHEME_UNKNOWN"]);
    await client.abort();
  } finally {
    server.close();
  }
});
