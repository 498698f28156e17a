import { ClientHarness, connectPacket, ServerHarness } from "@bowline/testkit/engine";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { encodeToBytes } from "../packet/encode.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { ProtocolVersion } from "../packet/packets.ts";

// Whatever the bytes, however they are cut, and whatever a sink throws: nothing comes out of a connection but packets and one end.

const version = fc.constantFrom<ProtocolVersion>(3, 4, 5);
/** Whole packets with a random body and any type and flags: what random bytes alone would hardly ever be. */
const framed = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 24 }))
  .map(([first, body]) => Uint8Array.of(first, body.length, ...body));
const chunks = fc.array(fc.oneof(framed, fc.uint8Array({ maxLength: 40 })), { maxLength: 20 });

describe("a server", () => {
  test("[MQTT-4.13.1-1] [v3 MQTT-4.8.0-1] answers any bytes with packets and at most one end", () => {
    fc.assert(
      fc.property(version, chunks, fc.boolean(), (level, sent, isOpen) => {
        const harness = new ServerHarness();
        if (isOpen) harness.open(level, level === 5 ? { properties: { authenticationMethod: "m" } } : {});
        for (const bytes of sent) harness.sendBytes(bytes);
        harness.connection.tick(1e9);
        expect(harness.calls.filter(([name]) => name === "close")).toHaveLength(1);
        if (isOpen) harness.take();
      }),
    );
  });

  const methods = [
    "connect",
    "authenticate",
    "reauthenticate",
    "opened",
    "publish",
    "released",
    "subscribe",
    "subscribed",
    "unsubscribe",
  ] as const;
  const more = ["pauseReading", "resumeReading", "disconnect", "close"] as const;
  const auth = (reasonCode: number) => ({ type: PacketType.AUTH, reasonCode, properties: { authenticationMethod: "m" } }) as const;
  const payload = new Uint8Array(1);
  const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

  /** Everything that makes a sink be asked, in one conversation. */
  function converse(harness: ServerHarness): void {
    harness.connectAnswer = () => ({ kind: "continue" });
    harness.send(connectPacket(5, { properties: { authenticationMethod: "m" } }));
    harness.send(auth(0x18), { type: PacketType.PINGREQ });
    const limits = { sendMaximum: 9, receiveMaximum: 9, topicAliasMaximum: 0, keepAlive: 60 };
    harness.connection.answerConnect({ kind: "accept", session: harness.session, sessionPresent: false, ...limits });
    harness.send(auth(0x19));
    harness.send({ type: PacketType.PUBLISH, topicName: "a", payload, qos: 2, retain: false, dup: false, packetIdentifier: 1 });
    harness.send({ type: PacketType.PUBREL, packetIdentifier: 1, reasonCode: 0 });
    harness.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 2, subscriptions: [{ topicFilter: "a", ...options }] });
    harness.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 3, topicFilters: ["a"] });
    harness.send({ type: PacketType.DISCONNECT, reasonCode: 0 });
  }

  test.each([...methods, ...more])("a sink that throws in `%s` ends its own connection and nothing else", (method) => {
    const harness = new ServerHarness();
    const told: (MqttError | undefined)[] = [];
    harness.close = (error) => {
      told.push(error);
      if (method === "close") throw new Error("boom");
    };
    if (method !== "close") {
      Object.assign(harness, {
        [method]: () => {
          throw new Error("boom");
        },
      });
    }
    converse(harness);
    if (method !== "close") expect(told).toMatchObject([{ code: "INTERNAL" }]);
    else expect(told).toEqual([undefined]);
    // It stays at its end: nothing is said, asked or thrown any more.
    harness.take();
    harness.sendBytes(Uint8Array.of(0xc0, 0));
    harness.connection.tick(1e9);
    harness.connection.disconnect(new MqttError("ADMIN"));
    expect(harness.take()).toEqual([]);
    expect(told).toHaveLength(1);
  });

  test("an answer that cannot be encoded ends the connection with a CONNACK or DISCONNECT that can ([MQTT-3.14.0-1])", () => {
    const bad = { sessionExpiryInterval: -1 };
    const accepting = new ServerHarness();
    accepting.connectAnswer = (accept) => ({ ...accept, properties: bad });
    accepting.send(connectPacket(5));
    expect(accepting.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0x80 }]);
    const later = new ServerHarness();
    later.connectAnswer = () => undefined;
    later.send(connectPacket(5));
    const limits = { sendMaximum: 9, receiveMaximum: 9, topicAliasMaximum: 0, keepAlive: 60 };
    later.connection.answerConnect({ kind: "accept", session: later.session, sessionPresent: false, ...limits, properties: bad });
    expect(later.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0x80 }]);
    const open = new ServerHarness().open();
    open.subscribeAnswer = () => ({ reasonCodes: [7] });
    open.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 2, subscriptions: [{ topicFilter: "a", ...options }] });
    expect(open.take().at(-1)).toMatchObject({ type: PacketType.DISCONNECT });
    const ending = new ServerHarness().open();
    ending.connection.disconnect(new MqttError("ADMIN", { reasonCode: 0x98 }), bad);
    expect(ending.ended).toMatchObject({ code: "ADMIN" });
  });

  test("a code that only another packet can say is said by the nearest ([MQTT-3.2.2-8] [MQTT-3.14.2-1])", () => {
    const refused = new ServerHarness();
    refused.connectAnswer = () => ({ kind: "refuse", reasonCode: 0x8b, error: new MqttError("SHUTDOWN") });
    refused.send(connectPacket(5));
    expect(refused.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0x88 }]);
    for (const [given, said] of [
      [0x86, 0x87],
      [0x92, 0x80],
      [0x8e, 0x8e],
    ] as const) {
      const open = new ServerHarness().open();
      open.connection.disconnect(new MqttError("ADMIN", { reasonCode: given }));
      expect(open.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: said }]);
    }
  });
});

describe("a client", () => {
  test("answers any bytes with packets and at most one end", () => {
    fc.assert(
      fc.property(version, chunks, fc.boolean(), (level, sent, isOpen) => {
        const harness = new ClientHarness(level, level === 5 ? { properties: { topicAliasMaximum: 3 } } : {});
        if (isOpen) harness.open();
        for (const bytes of sent) harness.receiveBytes(bytes);
        harness.connection.tick(1e9, true);
        harness.connection.tick(2e9, true);
        expect(harness.calls.filter(([name]) => name === "ended")).toHaveLength(1);
        harness.take();
      }),
    );
  });

  test("a sink that throws ends the connection with a word to the server", () => {
    const harness = new ClientHarness().open();
    harness.onMessage = () => {
      throw new Error("boom");
    };
    harness.receiveBytes(
      encodeToBytes({ type: PacketType.PUBLISH, topicName: "a", payload: new Uint8Array(), qos: 0, retain: false, dup: false }, 5),
    );
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x83 }]);
    expect(harness.end).toMatchObject({ code: "INTERNAL" });
  });
});
