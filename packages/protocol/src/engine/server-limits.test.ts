import { connectPacket, ServerHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { encodeToBytes } from "../packet/encode.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { AcknowledgementPacket, Packet, Properties, PublishPacket, QoS, SubscribePacket } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason-codes.ts";

const LONG = "r".repeat(200);
const EXPLAINED: Properties = { reasonString: LONG, userProperties: [["a", "b"]] };
const OVERLOADED: Properties = { reasonString: LONG, userProperties: [["a", LONG]] };

function subscribe(filters = 1): SubscribePacket {
  const options = { qos: 1 as const, noLocal: false, retainAsPublished: false, retainHandling: 0 as const };
  const subscriptions = Array.from({ length: filters }, (_, i) => ({ topicFilter: `a/${i}`, ...options }));
  return { type: PacketType.SUBSCRIBE, packetIdentifier: 7, subscriptions };
}
function publish(qos: QoS, packetIdentifier: number, changes: Partial<PublishPacket> = {}): PublishPacket {
  const payload = new Uint8Array(1);
  return { type: PacketType.PUBLISH, topicName: "a", payload, qos, retain: false, dup: false, packetIdentifier, ...changes };
}
/** The properties of the one packet that was written. */
function properties(harness: ServerHarness): Properties | undefined {
  const packets = harness.take();
  expect(packets).toHaveLength(1);
  return (packets[0] as { properties?: Properties }).properties;
}
const unsubscribe: Packet = { type: PacketType.UNSUBSCRIBE, packetIdentifier: 8, topicFilters: ["a"] };

describe("the client's Maximum Packet Size", () => {
  const limited = (maximumPacketSize: number): ServerHarness => new ServerHarness().open(5, { properties: { maximumPacketSize } });

  test("[MQTT-3.9.2-1] [MQTT-3.9.2-2] a SUBACK goes without Reason String, then without User Properties", () => {
    for (const [given, left] of [
      [EXPLAINED, { userProperties: [["a", "b"]] }],
      [OVERLOADED, undefined],
    ] as const) {
      const harness = limited(100);
      harness.subscribeAnswer = () => ({ reasonCodes: [1], properties: given });
      harness.send(subscribe());
      expect(properties(harness)).toEqual(left);
    }
  });

  test("[MQTT-3.11.2-1] [MQTT-3.11.2-2] an UNSUBACK likewise", () => {
    for (const [given, left] of [
      [EXPLAINED, { userProperties: [["a", "b"]] }],
      [OVERLOADED, undefined],
    ] as const) {
      const harness = limited(100);
      harness.unsubscribe = () => ({ reasonCodes: [0], properties: given });
      harness.send(unsubscribe);
      expect(properties(harness)).toEqual(left);
    }
  });

  test("[MQTT-3.2.2-19] [MQTT-3.2.2-20] a CONNACK likewise, accepting and refusing; what must be said stays", () => {
    for (const kind of ["accept", "refuse"] as const) {
      const harness = new ServerHarness();
      const given = { ...OVERLOADED, serverReference: "other" };
      const error = new MqttError("USE_ANOTHER");
      harness.connectAnswer = (accept) =>
        kind === "accept"
          ? { ...accept, properties: { ...given, receiveMaximum: 5 } }
          : { kind, reasonCode: 0x9c, error, properties: given };
      harness.send(connectPacket(5, { properties: { maximumPacketSize: 100 } }));
      expect(properties(harness)).toEqual(
        kind === "accept" ? { receiveMaximum: 5, serverReference: "other" } : { serverReference: "other" },
      );
    }
  });

  test("[MQTT-3.14.2-3] [MQTT-3.14.2-4] a DISCONNECT likewise, down to its code alone", () => {
    for (const [given, left] of [
      [{ reasonString: LONG, userProperties: [["a", "b"]] }, { userProperties: [["a", "b"]] }],
      [{ reasonString: LONG, userProperties: [["a", LONG]] }, undefined],
      [{ serverReference: LONG }, undefined],
    ] as const) {
      const harness = limited(100);
      harness.connection.disconnect(new MqttError("MOVED", { reasonCode: ReasonCode.ServerMoved }), given);
      const packets = harness.take();
      expect(packets).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.ServerMoved }]);
      expect((packets[0] as { properties?: Properties }).properties).toEqual(left);
    }
  });

  test("[MQTT-3.15.2-2] [MQTT-3.15.2-3] an AUTH likewise", () => {
    const harness = new ServerHarness();
    harness.connectAnswer = () => ({ kind: "continue", properties: OVERLOADED });
    harness.send(connectPacket(5, { properties: { maximumPacketSize: 100, authenticationMethod: "m" } }));
    expect(properties(harness)).toEqual({ authenticationMethod: "m" });
  });

  test.each([PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP] as const)(
    "[MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] an acknowledgement of type %i likewise",
    (type) => {
      const harness = limited(100);
      const packet: AcknowledgementPacket = { type, packetIdentifier: 1, reasonCode: 0 };
      expect(harness.sender.packet({ ...packet, properties: EXPLAINED })).toBe(true);
      expect(properties(harness)).toEqual({ userProperties: [["a", "b"]] });
      expect(harness.sender.packet({ ...packet, properties: OVERLOADED })).toBe(true);
      expect(properties(harness)).toBeUndefined();
    },
  );

  test("[MQTT-3.1.2-24] a SUBACK that is too large all the same is not sent: DISCONNECT 0x95", () => {
    const harness = limited(20);
    harness.send(subscribe(30));
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.PacketTooLarge }]);
    expect(harness.ended).toMatchObject({ code: "PACKET_TOO_LARGE", clause: "MQTT-3.1.2-24" });
    expect(harness.calls.map(([name]) => name)).toEqual(["subscribe", "close"]);
  });

  test("[MQTT-3.1.2-24] neither is an UNSUBACK, an AUTH or a CONNACK", () => {
    const unsubscribing = limited(20);
    unsubscribing.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 8, topicFilters: new Array<string>(30).fill("a") });
    expect(unsubscribing.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.PacketTooLarge }]);
    const asking = new ServerHarness();
    asking.connectAnswer = () => ({ kind: "continue", properties: { authenticationData: new Uint8Array(100) } });
    asking.send(connectPacket(5, { properties: { maximumPacketSize: 20, authenticationMethod: "m" } }));
    expect(asking.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: ReasonCode.PacketTooLarge }]);
    const accepting = new ServerHarness();
    accepting.send(connectPacket(5, { properties: { maximumPacketSize: 4 } }));
    expect(accepting.take()).toEqual([]);
    expect(accepting.ended).toMatchObject({ code: "PACKET_TOO_LARGE" });
    expect(accepting.calls.map(([name]) => name)).toEqual(["connect", "close"]);
  });
});

describe("Request Problem Information", () => {
  const asked = (requestProblemInformation: 0 | 1): ServerHarness =>
    new ServerHarness().open(5, { properties: { requestProblemInformation, authenticationMethod: "m" } });

  test.each([0, 1] as const)("[MQTT-3.1.2-29] %i: whether SUBACK, UNSUBACK and AUTH explain themselves", (wanted) => {
    const harness = asked(wanted);
    const shown = wanted === 1 ? EXPLAINED : undefined;
    harness.subscribeAnswer = () => ({ reasonCodes: [1], properties: EXPLAINED });
    harness.send(subscribe());
    expect(properties(harness)).toEqual(shown);
    harness.unsubscribe = () => ({ reasonCodes: [0], properties: EXPLAINED });
    harness.send(unsubscribe);
    expect(properties(harness)).toEqual(shown);
    harness.reauthenticateAnswer = () => ({ kind: "success", properties: EXPLAINED });
    harness.send({ type: PacketType.AUTH, reasonCode: 0x19, properties: { authenticationMethod: "m" } });
    expect(properties(harness)).toEqual({ ...shown, authenticationMethod: "m" });
  });

  test("[MQTT-3.1.2-29] CONNACK and DISCONNECT may explain themselves all the same", () => {
    const harness = new ServerHarness();
    harness.connectAnswer = (accept) => ({ ...accept, properties: EXPLAINED });
    harness.send(connectPacket(5, { properties: { requestProblemInformation: 0 } }));
    expect(properties(harness)).toEqual(EXPLAINED);
    harness.connection.disconnect(new MqttError("ADMIN", { reasonCode: ReasonCode.AdministrativeAction }), EXPLAINED);
    expect(properties(harness)).toEqual(EXPLAINED);
  });
});

describe("the Receive Maximum we gave (section 4.9)", () => {
  const last = (harness: ServerHarness): Packet | undefined => harness.take().at(-1);
  const exceeded = { type: PacketType.DISCONNECT, reasonCode: ReasonCode.ReceiveMaximumExceeded };

  test("[MQTT-3.3.4-7] counts QoS 1 and QoS 2 together; what storage has not kept is waited for, what has no PUBREL is not", () => {
    const harness = new ServerHarness().open();
    for (let id = 1; id <= 5; id++) harness.send(publish(2, id));
    harness.publishAnswer = 9;
    for (let id = 6; id <= 10; id++) harness.send(publish(1, id));
    expect(last(harness)).toMatchObject({ type: PacketType.PUBREC });
    harness.send(publish(2, 11));
    expect(harness.calls.at(-1)).toEqual(["pauseReading"]);
    harness.publishAnswer = 0;
    harness.commit(9);
    expect(last(harness)).toMatchObject({ type: PacketType.PUBREC, packetIdentifier: 11 });
    for (let id = 12; id <= 15; id++) harness.send(publish(2, id));
    expect(last(harness)).toMatchObject({ type: PacketType.PUBREC, packetIdentifier: 15 });
    harness.send(publish(1, 16));
    expect(last(harness)).toMatchObject(exceeded);
  });

  test("is not preserved across connections: what only waits for PUBREL does not count", () => {
    const first = new ServerHarness().open();
    for (let id = 1; id <= 10; id++) first.send(publish(2, id));
    const second = new ServerHarness(first.session).open();
    for (let id = 11; id <= 20; id++) second.send(publish(2, id));
    expect(last(second)).toMatchObject({ type: PacketType.PUBREC, packetIdentifier: 20 });
    second.send({ type: PacketType.PUBREL, packetIdentifier: 1, reasonCode: 0 });
    second.send(publish(2, 21));
    expect(last(second)).toMatchObject(exceeded);
  });

  test("what is sent again on the new connection does, until its PUBREL", () => {
    const first = new ServerHarness().open();
    for (let id = 1; id <= 3; id++) first.send(publish(2, id));
    const second = new ServerHarness(first.session).open();
    for (let id = 1; id <= 3; id++) second.send(publish(2, id, { dup: true }), publish(2, id, { dup: true }));
    for (let id = 4; id <= 10; id++) second.send(publish(2, id));
    expect(last(second)).toMatchObject({ type: PacketType.PUBREC, packetIdentifier: 10 });
    second.send({ type: PacketType.PUBREL, packetIdentifier: 1, reasonCode: 0 }, publish(2, 1), publish(2, 11));
    expect(last(second)).toMatchObject(exceeded);
  });

  test("a message that is denied does not count ([MQTT-4.3.3-9])", () => {
    const harness = new ServerHarness().open();
    harness.publishAnswer = -ReasonCode.NotAuthorized;
    for (let id = 1; id <= 20; id++) harness.send(publish(2, id));
    expect(last(harness)).toMatchObject({ type: PacketType.PUBREC, packetIdentifier: 20, reasonCode: ReasonCode.NotAuthorized });
  });

  test.each([3, 4] as const)("is not asked of a client of level %i, which knows of none", (version) => {
    const harness = new ServerHarness().open(version);
    for (let id = 1; id <= 50; id++) harness.send(publish(2, id));
    expect(harness.take()).toHaveLength(50);
  });
});

describe("time", () => {
  test("[MQTT-3.1.2-22] the Keep Alive does not run while we do not read", () => {
    const harness = new ServerHarness().open(5, { keepAlive: 10 });
    harness.subscribeAnswer = () => undefined;
    harness.send(subscribe());
    harness.connection.tick(60_000);
    expect(harness.ended).toBe("open");
    harness.connection.answerSubscribe({ reasonCodes: [1] });
    expect(harness.connection.deadline).toBe(75_000);
    harness.connection.tick(75_000);
    expect(harness.ended).toMatchObject({ code: "KEEPALIVE_TIMEOUT" });
  });

  test("[MQTT-3.2.2-22] the Keep Alive in force is what the sink says, the client's or ours", () => {
    const harness = new ServerHarness();
    harness.connectAnswer = (accept) => ({ ...accept, keepAlive: 20 });
    harness.send(connectPacket(5, { keepAlive: 600 }));
    expect(harness.connection.deadline).toBe(30_000);
  });

  test("[v3 MQTT-3.1.2-24] before 5.0 silence is answered by a close alone", () => {
    const harness = new ServerHarness().open(4, { keepAlive: 10 });
    harness.connection.tick(15_000);
    expect(harness.take()).toEqual([]);
    expect(harness.ended).toMatchObject({ code: "KEEPALIVE_TIMEOUT" });
  });
});

test("[MQTT-4.9.0-3] [MQTT-3.3.4-10] other packets are handled and answered while the client's Receive Maximum is used up", () => {
  const harness = new ServerHarness().open(5, { properties: { receiveMaximum: 1 } });
  harness.session.inFlight.take(1, undefined);
  harness.send({ type: PacketType.PINGREQ }, subscribe(), publish(1, 3));
  expect(harness.take().map(({ type }) => type)).toEqual([PacketType.PINGRESP, PacketType.SUBACK, PacketType.PUBACK]);
});

test("a packet that fits is not touched: the limit is inclusive", () => {
  const packet: Packet = { type: PacketType.SUBACK, packetIdentifier: 7, reasonCodes: [1], properties: EXPLAINED };
  const size = encodeToBytes(packet, 5).length;
  for (const [maximumPacketSize, left] of [
    [size, EXPLAINED],
    [size - 1, { userProperties: EXPLAINED.userProperties }],
  ] as const) {
    const harness = new ServerHarness().open(5, { properties: { maximumPacketSize } });
    harness.sender.packet(packet);
    expect(properties(harness)).toEqual(left);
  }
});
