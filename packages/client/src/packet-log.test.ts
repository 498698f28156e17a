import { PacketType } from "@bowline/protocol";
import { expect, test } from "vitest";
import type { PacketEvent } from "./packet-log.ts";
import { message, stage } from "./testing/client-on-script.ts";
import { turn } from "./testing/virtual-clock.ts";

const { CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT } = PacketType;

test("a tool is shown every packet of every connection, in order, and no password", async () => {
  const events: PacketEvent[] = [];
  const credentials = { username: "ann", password: "hunter2" };
  const { client, server } = await stage({ credentials, onPacket: (event) => events.push(event) });
  await client.online();
  await client.publish("t", "x", { qos: 1 });
  server.link.send(message("in", "y"));
  await client.close();
  await turn();
  expect(events.map(({ direction, packet }) => [direction, packet.type])).toEqual([
    ["out", CONNECT],
    ["in", CONNACK],
    ["out", PUBLISH],
    ["in", PUBACK],
    ["in", PUBLISH],
    ["out", DISCONNECT],
  ]);
  expect(events[0]!.packet).toMatchObject({ username: "ann", password: Uint8Array.of(42, 42, 42) });
  expect(events[3]!.bytes).toBe(4);
});

test("a tool may use the client it is shown the packets of", async () => {
  const { client, server } = await stage({
    onPacket: ({ packet }) => {
      if (packet.type === PUBACK) void client.publish("from/tool", "z");
    },
  });
  await client.publish("t", "x", { qos: 1 });
  await turn();
  expect(server.link.of(PUBLISH).map(({ topicName }) => topicName)).toEqual(["t", "from/tool"]);
  await client.close();
});
