import { connectPacket, ServerHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { AuthPacket, ConnackPacket, Packet, Properties } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason-codes.ts";

const METHOD = "SCRAM-SHA-256";
const data = Uint8Array.of(1, 2);
const auth = (reasonCode: number, properties: Properties = { authenticationMethod: METHOD }): AuthPacket => ({
  type: PacketType.AUTH,
  reasonCode,
  properties,
});
const CONTINUE = { kind: "continue", properties: { authenticationData: data } } as const;
const refusal = (reasonCode: number) => ({ kind: "refuse", reasonCode, error: new MqttError("AUTH_FAILED") }) as const;

/** A server that answers CONNECT with a challenge and waits for the client. */
function challenged(): ServerHarness {
  const harness = new ServerHarness();
  harness.connectAnswer = () => CONTINUE;
  harness.send(connectPacket(5, { properties: { authenticationMethod: METHOD } }));
  harness.take();
  harness.calls.length = 0;
  return harness;
}
function accept(harness: ServerHarness) {
  const { session } = harness;
  const limits = { sendMaximum: 10, receiveMaximum: 10, topicAliasMaximum: 0, keepAlive: 60 };
  return { kind: "accept", session, sessionPresent: false, ...limits } as const;
}
function open(): ServerHarness {
  return new ServerHarness().open(5, { properties: { authenticationMethod: METHOD } });
}
const names = (harness: ServerHarness): string[] => harness.calls.map(([name]) => name);
const publish: Packet = {
  type: PacketType.PUBLISH,
  topicName: "a",
  payload: data,
  qos: 1,
  retain: false,
  dup: false,
  packetIdentifier: 1,
};

describe("before the CONNACK", () => {
  test("[MQTT-4.12.0-2] [MQTT-4.12.0-5] a challenge is AUTH 0x18 with the method of the CONNECT", () => {
    const harness = new ServerHarness();
    harness.connectAnswer = () => CONTINUE;
    harness.send(connectPacket(5, { properties: { authenticationMethod: METHOD } }));
    expect(harness.take()).toEqual([
      { type: PacketType.AUTH, reasonCode: 0x18, properties: { authenticationMethod: METHOD, authenticationData: data } },
    ]);
    expect(harness.connection.isOpen).toBe(false);
  });

  test("[MQTT-4.12.0-5] any number of steps, then a CONNACK that names the method", () => {
    const harness = challenged();
    harness.authenticateAnswer = () => CONTINUE;
    harness.send(auth(0x18));
    harness.authenticateAnswer = () => accept(harness);
    harness.send(auth(0x18, { authenticationMethod: METHOD, authenticationData: data }));
    expect(names(harness)).toEqual(["authenticate", "authenticate", "opened"]);
    const [second, connack] = harness.take() as [AuthPacket, ConnackPacket];
    expect(second).toMatchObject({ type: PacketType.AUTH, reasonCode: 0x18 });
    expect(connack).toMatchObject({ reasonCode: 0, properties: { authenticationMethod: METHOD } });
  });

  test("[MQTT-4.12.0-5] a CONNACK names the method also when nothing was asked", () => {
    const harness = new ServerHarness();
    harness.send(connectPacket(5, { properties: { authenticationMethod: METHOD } }));
    expect(harness.take()).toMatchObject([{ type: PacketType.CONNACK, properties: { authenticationMethod: METHOD } }]);
  });

  test("[MQTT-4.12.0-6] without a method in CONNECT no AUTH is sent and the CONNACK names none", () => {
    const plain = new ServerHarness();
    plain.send(connectPacket(5));
    expect((plain.take()[0] as ConnackPacket).properties?.authenticationMethod).toBeUndefined();
    const asking = new ServerHarness();
    asking.connectAnswer = () => CONTINUE;
    asking.send(connectPacket(5));
    expect(asking.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0x80 }]);
    expect(asking.ended).toMatchObject({ code: "AUTH_METHOD" });
  });

  test("the answer may come later, and what follows waits for it", () => {
    const harness = challenged();
    harness.send(auth(0x18));
    harness.send({ type: PacketType.PINGREQ });
    expect(names(harness)).toEqual(["authenticate", "pauseReading"]);
    harness.connection.answerConnect(accept(harness));
    expect(names(harness)).toEqual(["authenticate", "pauseReading", "opened", "resumeReading"]);
    expect(harness.take()).toMatchObject([{ type: PacketType.CONNACK }, { type: PacketType.PINGRESP }]);
  });

  test("a challenge that comes later lets the client speak again", () => {
    const harness = new ServerHarness();
    harness.connectAnswer = () => undefined;
    harness.send(connectPacket(5, { properties: { authenticationMethod: METHOD } }));
    harness.connection.answerConnect(CONTINUE);
    expect(names(harness)).toEqual(["connect", "pauseReading", "resumeReading"]);
    harness.send(auth(0x18));
    expect(names(harness).at(-2)).toBe("authenticate");
  });

  test("[MQTT-4.12.0-4] a refusal is a CONNACK with its code, then the close", () => {
    const harness = challenged();
    harness.authenticateAnswer = () => refusal(ReasonCode.NotAuthorized);
    harness.send(auth(0x18));
    expect(harness.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0x87 }]);
    expect(harness.ended).toMatchObject({ code: "AUTH_FAILED" });
  });

  test.each<[string, Packet]>([
    ["[MQTT-4.12.0-5] another method", auth(0x18, { authenticationMethod: "PLAIN" })],
    ["no method", auth(0x18, {})],
    ["a re-authentication", auth(0x19)],
    ["success, which only a server says", auth(0)],
    ["[MQTT-3.1.2-30] a PUBLISH", publish],
    ["[MQTT-3.1.0-2] a second CONNECT", connectPacket(5)],
  ])("%s is refused with 0x82", (_case, packet) => {
    const harness = challenged();
    harness.send(packet);
    expect(harness.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: ReasonCode.ProtocolError }]);
    expect(names(harness)).toEqual(["close"]);
    expect(harness.ended).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  test("[MQTT-3.1.2-30] a DISCONNECT is allowed, and is about no session", () => {
    const harness = challenged();
    harness.send({ type: PacketType.DISCONNECT, reasonCode: 0 });
    expect(harness.calls).toEqual([["close", undefined]]);
    expect(harness.take()).toEqual([]);
  });

  test("one time limit spans the whole exchange", () => {
    const harness = challenged();
    harness.now = 9_000;
    harness.authenticateAnswer = () => CONTINUE;
    harness.send(auth(0x18));
    harness.take();
    expect(harness.connection.deadline).toBe(10_000);
    harness.connection.tick(10_000);
    expect(harness.take()).toEqual([]);
    expect(harness.ended).toMatchObject({ code: "TIMEOUT" });
  });

  test("[MQTT-3.14.0-1] an end of ours is a bare close, without DISCONNECT", () => {
    const harness = challenged();
    harness.connection.disconnect(new MqttError("SHUTDOWN", { reasonCode: ReasonCode.ServerShuttingDown }));
    expect(harness.take()).toEqual([]);
    expect(harness.ended).toMatchObject({ code: "SHUTDOWN" });
  });
});

describe("re-authentication (section 4.12.1)", () => {
  test("AUTH 0x19, a challenge, AUTH 0x18, success; messages flow meanwhile", () => {
    const harness = open();
    harness.reauthenticateAnswer = () => CONTINUE;
    harness.send(auth(0x19), publish);
    expect(harness.take()).toMatchObject([
      { type: PacketType.AUTH, reasonCode: 0x18, properties: { authenticationMethod: METHOD, authenticationData: data } },
      { type: PacketType.PUBACK },
    ]);
    harness.reauthenticateAnswer = () => ({ kind: "success" });
    harness.send(auth(0x18));
    expect(harness.take()).toEqual([{ type: PacketType.AUTH, reasonCode: 0, properties: { authenticationMethod: METHOD } }]);
    harness.send(auth(0x19));
    expect(names(harness).filter((name) => name === "reauthenticate")).toHaveLength(3);
  });

  test("the answer may come later and holds nothing up", () => {
    const harness = open();
    harness.send(auth(0x19), publish);
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBACK }]);
    harness.connection.answerReauthenticate({ kind: "success" });
    expect(harness.take()).toMatchObject([{ type: PacketType.AUTH, reasonCode: 0 }]);
    harness.connection.answerReauthenticate({ kind: "success" });
    expect(harness.take()).toEqual([]);
  });

  test("[MQTT-4.12.1-2] a failure is a DISCONNECT with a code it can say, and the close", () => {
    for (const [answered, said] of [
      [ReasonCode.NotAuthorized, 0x87],
      [ReasonCode.BadUserNameOrPassword, 0x87],
    ] as const) {
      const harness = open();
      harness.reauthenticateAnswer = () => refusal(answered);
      harness.send(auth(0x19));
      expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: said }]);
      expect(harness.ended).toMatchObject({ code: "AUTH_FAILED" });
    }
  });

  test("[MQTT-4.12.0-7] AUTH of a client that named no method ends the connection with 0x82", () => {
    const harness = new ServerHarness().open();
    harness.send(auth(0x19));
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.ProtocolError }]);
    expect(harness.ended).toMatchObject({ clause: "MQTT-4.12.0-7" });
  });

  test.each<[string, AuthPacket[]]>([
    ["[MQTT-4.12.1-1] another method", [auth(0x19, { authenticationMethod: "PLAIN" })]],
    ["an answer to nothing", [auth(0x18)]],
    ["success, which only a server says", [auth(0)]],
    ["a second step before the first is answered", [auth(0x19), auth(0x18)]],
    ["a second beginning", [auth(0x19), auth(0x19)]],
  ])("%s ends the connection with 0x82", (_case, packets) => {
    const harness = open();
    harness.send(...packets);
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.ProtocolError }]);
  });

  test("the client's next step is awaited for the time of a CONNECT, our own answer is not", () => {
    const harness = open();
    harness.now = 1_000;
    harness.send(auth(0x19));
    expect(harness.connection.deadline).toBe(1_000 + 90_000);
    harness.connection.answerReauthenticate(CONTINUE);
    harness.take();
    expect(harness.connection.deadline).toBe(11_000);
    harness.connection.tick(11_000);
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.NotAuthorized }]);
  });

  test("the Keep Alive goes on through it", () => {
    const harness = new ServerHarness().open(5, { keepAlive: 1, properties: { authenticationMethod: METHOD } });
    harness.send(auth(0x19));
    harness.connection.answerReauthenticate(CONTINUE);
    harness.take();
    harness.connection.tick(1_500);
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.KeepAliveTimeout }]);
  });

  test("before 5.0 there is no AUTH", () => {
    const harness = new ServerHarness().open(4);
    harness.sendBytes(Uint8Array.of(0xf0, 0));
    expect(harness.ended).toMatchObject({ code: "MALFORMED_PACKET" });
    expect(harness.take()).toEqual([]);
  });
});
