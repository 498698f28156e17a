import { describe, expect, test } from "vitest";
import { type ErrorCode, type Packet, PacketType } from "@bowline/protocol";
import type { ConnectOptions } from "./options.ts";
import { message, stage } from "./testing/client-on-script.ts";
import { failOnUnhandledRejections } from "./testing/unhandled-rejections.ts";
import { turn } from "./testing/virtual-clock.ts";

const { CONNACK, DISCONNECT, PUBACK, PUBREC, SUBACK, UNSUBACK } = PacketType;

failOnUnhandledRejections();

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const connack: Packet = { type: CONNACK, sessionPresent: false, reasonCode: 0 };
const aliased = (alias: number, topicName = ""): Packet => ({ ...message(topicName, "x"), properties: { topicAlias: alias } });

type Violation = readonly [title: string, sent: readonly (Packet | Uint8Array)[], reason: number, code: ErrorCode];

/** What a server may not send on an open connection of 5.0; the client offers 2 aliases, 2 messages and 1,024 bytes. */
const violations: readonly Violation[] = [
  ["[MQTT-3.2.0-2] a second CONNACK", [connack], 0x82, "PROTOCOL_ERROR"],
  ["[MQTT-4.13.1-1] a CONNECT", [bytes(0x10, 13, 0, 4, 77, 81, 84, 84, 5, 2, 0, 0, 0, 0, 0)], 0x82, "PROTOCOL_ERROR"],
  ["[MQTT-4.13.1-1] a PINGREQ", [bytes(0xc0, 0)], 0x82, "PROTOCOL_ERROR"],
  ["a SUBSCRIBE", [bytes(0x82, 7, 0, 1, 0, 0, 1, 97, 0)], 0x82, "PROTOCOL_ERROR"],
  ["[MQTT-2.1.3-1] reserved flags", [bytes(0x41, 2, 0, 1)], 0x81, "MALFORMED_PACKET"],
  ["packet type 0", [bytes(0x00, 0)], 0x81, "MALFORMED_PACKET"],
  ["[MQTT-1.5.5-1] a length of five bytes", [bytes(0x30, 0x80, 0x80, 0x80, 0x80, 1)], 0x81, "MALFORMED_PACKET"],
  ["[MQTT-3.3.1-4] QoS 3", [bytes(0x36, 5, 0, 1, 97, 0, 1)], 0x81, "MALFORMED_PACKET"],
  ["[MQTT-3.3.2-2] a wildcard in a Topic Name", [bytes(0x30, 4, 0, 1, 0x23, 0)], 0x90, "TOPIC_NAME"],
  ["[MQTT-1.5.4-1] text that is not UTF-8", [bytes(0x30, 4, 0, 1, 0xff, 0)], 0x81, "MALFORMED_PACKET"],
  ["a Topic Alias that was never set (section 3.3.4)", [aliased(1)], 0x82, "PROTOCOL_ERROR"],
  ["[MQTT-3.1.2-27] a Topic Alias above the maximum", [aliased(3, "t")], 0x94, "ALIAS"],
  ["[MQTT-3.3.2-8] Topic Alias 0", [bytes(0x30, 7, 0, 1, 97, 3, 0x23, 0, 0)], 0x94, "ALIAS"],
  [
    "[MQTT-3.3.4-9] more than Receive Maximum",
    [message("m", "1", 2, 1), message("m", "2", 2, 2), message("m", "3", 2, 3)],
    0x93,
    "RECEIVE_MAX",
  ],
  ["[MQTT-3.1.2-24] a packet above Maximum Packet Size", [message("t", "x".repeat(1024))], 0x95, "PACKET_TOO_LARGE"],
  ["a SUBACK for nothing", [{ type: SUBACK, packetIdentifier: 7, reasonCodes: [0] }], 0x82, "PROTOCOL_ERROR"],
  ["an UNSUBACK for nothing", [{ type: UNSUBACK, packetIdentifier: 7, reasonCodes: [0] }], 0x82, "PROTOCOL_ERROR"],
  ["[MQTT-2.2.1-3] Packet Identifier 0", [bytes(0x32, 6, 0, 1, 97, 0, 0, 0)], 0x82, "PROTOCOL_ERROR"],
];

const offers: ConnectOptions = { topicAliasMaximum: 2, receiveMaximum: 2, maximumPacketSize: 1024 };

describe("a server of 5.0 that sends", () => {
  test.each(violations)("%s is told 5: DISCONNECT with the code, and the user once", async (_title, sent, reason, code) => {
    const { server, losses, client, clock } = await stage(offers);
    for (const one of sent) {
      if (one instanceof Uint8Array) server.link.sendBytes(one);
      else server.link.send(one);
    }
    await turn();
    expect(server.links[0]?.of(DISCONNECT).map(({ reasonCode }) => reasonCode)).toEqual([reason]);
    expect(server.links[0]?.received.at(-1)?.type).toBe(DISCONNECT);
    expect(server.links[0]?.isClosed).toBe(true);
    expect(losses).toHaveLength(1);
    expect(losses[0]).toMatchObject({ code, error: { reasonCode: reason, source: "peer", retry: "loop-guard" } });
    await clock.advance(3000);
    expect(client.status.state).toBe("online");
    await client.close();
  });

  test("acknowledgements of what is not in flight goes on: they may be old", async () => {
    const { server, losses } = await stage();
    server.link.send({ type: PUBACK, packetIdentifier: 9, reasonCode: 0 });
    server.link.send({ type: PUBREC, packetIdentifier: 9, reasonCode: 0 });
    await turn();
    expect(losses).toEqual([]);
    expect(server.link.received.at(-1)).toMatchObject({ type: PacketType.PUBREL, packetIdentifier: 9, reasonCode: 0x92 });
  });
});

describe("a server of 3.1.1 that sends", () => {
  test.each([
    ["[v3 MQTT-4.8.0-1] a second CONNACK", bytes(0x20, 2, 0, 0)],
    ["a DISCONNECT", bytes(0xe0, 0)],
    ["[v3 MQTT-2.2.2-2] reserved flags", bytes(0x41, 2, 0, 1)],
    ["[v3 MQTT-3.3.2-2] a wildcard in a Topic Name", bytes(0x30, 3, 0, 1, 0x23)],
    ["[v3 MQTT-1.5.3-1] text that is not UTF-8", bytes(0x30, 3, 0, 1, 0xff)],
    ["an AUTH", bytes(0xf0, 0)],
  ])("%s is cut without a word, and the user is told once", async (_title, sent) => {
    const { server, losses, client } = await stage({ protocolVersion: 4 });
    server.link.sendBytes(sent);
    await turn();
    expect(server.links[0]?.of(DISCONNECT)).toEqual([]);
    expect(server.links[0]?.isClosed).toBe(true);
    expect(losses).toHaveLength(1);
    expect(losses[0]?.error).toMatchObject({ source: "peer", retry: "loop-guard" });
    await client.abort();
  });
});

describe("before the CONNACK", () => {
  test.each([
    ["[MQTT-3.2.0-1] a PUBLISH", bytes(0x30, 4, 0, 1, 97, 0)],
    ["a PINGRESP", bytes(0xd0, 0)],
    ["bytes of no packet", bytes(0xff, 0xff, 0xff, 0xff, 0x7f)],
    ["[MQTT-3.2.2-1] reserved acknowledge flags", bytes(0x20, 3, 2, 0, 0)],
  ])("%s is a failed attempt, and is cut", async (_title, sent) => {
    const { server, failures, client } = await stage({}, (it) => {
      it.script = (_packet, link) => {
        link.sendBytes(sent);
        return true;
      };
    });
    expect(failures).toMatchObject([{ code: "BAD_BYTES" }]);
    expect(server.link.isClosed).toBe(true);
    expect(server.link.of(DISCONNECT)).toEqual([]);
    await client.abort();
  });

  test("[MQTT-3.1.2-24] a CONNACK above Maximum Packet Size is told as that", async () => {
    const { server, failures, client } = await stage({ maximumPacketSize: 40 }, (it) => {
      it.script = (_packet, link) => {
        link.send({ ...connack, properties: { reasonString: "x".repeat(60) } });
        return true;
      };
    });
    expect(failures).toMatchObject([{ code: "PACKET_TOO_LARGE", error: { clause: "MQTT-3.1.2-24", retry: "loop-guard" } }]);
    expect(failures[0]?.hints[0]).toContain("maximumPacketSize");
    expect(server.link.of(DISCONNECT)).toMatchObject([{ reasonCode: 0x95 }]);
    await client.abort();
  });

  test("[MQTT-3.2.2-2] a session after Clean Start is a fault of the server", async () => {
    const { failures, client } = await stage({}, (it) => {
      it.script = (_packet, link) => {
        link.send({ type: CONNACK, sessionPresent: true, reasonCode: 0 });
        return true;
      };
    });
    expect(failures).toMatchObject([{ code: "SP_VIOLATION" }]);
    await client.abort();
  });
});
