import { ClientHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { PacketType } from "../packet/packet-type.ts";
import type { ProtocolVersion } from "../packet/packets.ts";

// What a server must not send, byte by byte, and what it is told: on 5.0 a DISCONNECT with the code, after a good CONNACK; before
// that, and before 5.0, the close alone.

const hex = (text: string): Uint8Array => Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));

function expectRefusal(version: ProtocolVersion, bytes: string, reasonCode: number): void {
  const harness = new ClientHarness(
    version,
    version === 5 ? { properties: { topicAliasMaximum: 4, receiveMaximum: 2 } } : {},
  ).open();
  harness.receiveBytes(hex(bytes));
  expect(harness.take()).toMatchObject(version === 5 ? [{ type: PacketType.DISCONNECT, reasonCode }] : []);
  expect(harness.calls.map(([name]) => name)).toEqual(["ended"]);
  expect(harness.end).toMatchObject({ reasonCode, source: "peer" });
  harness.receiveBytes(hex("30 04 00 01 61 00"));
  expect(harness.take()).toEqual([]);
}

describe("on an open connection of 5.0 [MQTT-3.14.4-1] [MQTT-3.14.4-2]", () => {
  test.each<[string, string, number]>([
    ["[MQTT-3.3.1-4] a PUBLISH of QoS 3", "36 06 00 01 61 00 01 00", 0x81],
    ["[MQTT-3.3.1-2] DUP at QoS 0", "38 04 00 01 61 00", 0x81],
    ["[MQTT-2.2.1-4] a PUBLISH of QoS 1 with identifier 0", "32 06 00 01 61 00 00 00", 0x82],
    ["[MQTT-3.3.2-1] a Topic Name that is no UTF-8", "30 04 00 01 ff 00", 0x81],
    ["[MQTT-3.3.2-2] a wildcard in a Topic Name", "30 04 00 01 2b 00", 0x90],
    ["an empty Topic Name without a Topic Alias", "30 03 00 00 00", 0x82],
    ["[MQTT-3.3.2-8] Topic Alias 0", "30 07 00 01 61 03 23 00 00", 0x94],
    ["[MQTT-3.1.2-26] [MQTT-3.3.2-11] a Topic Alias above our maximum", "30 07 00 01 61 03 23 00 05", 0x94],
    ["a Topic Alias that was never set (section 3.3.4)", "30 06 00 00 03 23 00 01", 0x82],
    ["[MQTT-3.3.2-14] a wildcard in the Response Topic", "30 08 00 01 61 04 08 00 01 2b", 0x82],
    ["Subscription Identifier 0", "30 06 00 01 61 02 0b 00", 0x82],
    ["[MQTT-1.5.5-1] a Remaining Length longer than it needs", "30 84 00 00 01 61 00", 0x81],
    ["[MQTT-1.5.5-1] the same in an acknowledgement", "40 82 00 00 01", 0x81],
    ["[MQTT-3.1.2-24] a packet above our Maximum Packet Size", "30 81 80 c0 01", 0x95],
    ["[MQTT-2.1.3-1] PUBACK with a flag", "41 02 00 01", 0x81],
    ["PUBACK with identifier 0", "40 02 00 00", 0x82],
    ["PUBREC with identifier 0", "50 02 00 00", 0x82],
    ["PUBREL with identifier 0", "62 02 00 00", 0x82],
    ["PUBCOMP with identifier 0", "70 02 00 00", 0x82],
    ["[MQTT-3.4.2-1] PUBACK with a code it does not have", "40 03 00 01 01", 0x82],
    ["[MQTT-3.6.1-1] PUBREL with flags 0000", "60 02 00 01", 0x81],
    ["SUBACK for no request of ours", "90 04 00 09 00 00", 0x82],
    ["[MQTT-3.9.3-2] SUBACK with a code it does not have", "90 04 00 09 00 03", 0x82],
    ["SUBACK without a code", "90 03 00 09 00", 0x82],
    ["UNSUBACK for no request of ours", "b0 04 00 09 00 00", 0x82],
    ["[MQTT-3.11.3-2] UNSUBACK with a code it does not have", "b0 04 00 09 00 03", 0x82],
    ["PINGRESP with a body", "d0 01 00", 0x81],
    ["[MQTT-3.2.0-2] a second CONNACK", "20 03 00 00 00", 0x82],
    ["[MQTT-3.14.1-1] DISCONNECT with a flag", "e1 00", 0x81],
    ["[MQTT-3.14.2-1] DISCONNECT with a code it does not have", "e0 01 01", 0x82],
    ["[MQTT-3.15.1-1] AUTH with a flag", "f1 02 18 00", 0x81],
    ["[MQTT-4.12.0-6] AUTH without a method", "f0 02 18 00", 0x82],
    ["CONNECT, which only a client sends", "10 0d 00 04 4d 51 54 54 05 02 00 00 00 00 00", 0x82],
    ["SUBSCRIBE, which only a client sends", "82 07 00 01 00 00 01 61 00", 0x82],
    ["UNSUBSCRIBE, which only a client sends", "a2 06 00 01 00 00 01 61", 0x82],
    ["PINGREQ, which only a client sends", "c0 00", 0x82],
    ["the reserved type 0", "00 00", 0x81],
    [
      "[MQTT-3.3.4-9] more than our Receive Maximum",
      "34 06 00 01 61 00 01 00 34 06 00 01 61 00 02 00 34 06 00 01 61 00 03 00",
      0x93,
    ],
  ])("%s", (_case, bytes, reasonCode) => {
    if (reasonCode !== 0x93) {
      expectRefusal(5, bytes, reasonCode);
      return;
    }
    const harness = new ClientHarness(5, { properties: { receiveMaximum: 2 } }).open();
    harness.receiveBytes(hex(bytes));
    expect(harness.take().at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode });
  });
});

describe("on an open connection of 3.1.1 [v3 MQTT-4.8.0-1]", () => {
  test.each<[string, string, number]>([
    ["[v3 MQTT-3.3.1-4] a PUBLISH of QoS 3", "36 05 00 01 61 00 01", 0x81],
    ["[v3 MQTT-3.3.2-2] a wildcard in a Topic Name", "30 03 00 01 23", 0x90],
    ["[v3 MQTT-4.7.3-1] an empty Topic Name", "30 02 00 00", 0x81],
    ["[v3 MQTT-3.9.3-2] SUBACK with a code it does not have", "90 03 00 01 03", 0x82],
    ["PUBACK with a Reason Code", "40 03 00 01 00", 0x81],
    ["DISCONNECT, which only a client sends", "e0 00", 0x82],
    ["the reserved type 15", "f0 00", 0x81],
    ["[v3 MQTT-3.2.0-1] a second CONNACK", "20 02 00 00", 0x82],
  ])("%s", (_case, bytes, reasonCode) => expectRefusal(4, bytes, reasonCode));
});

describe("an answer to CONNECT", () => {
  function ended(bytes: string, version: ProtocolVersion = 5, cleanStart = false): ClientHarness {
    const harness = new ClientHarness(version, { cleanStart });
    harness.take();
    harness.receiveBytes(hex(bytes));
    return harness;
  }

  test.each([
    ["[MQTT-3.2.2-1] a reserved flag", "20 03 02 00 00"],
    ["[MQTT-3.2.2-6] a refusal with a session", "20 03 01 87 00"],
    ["[MQTT-3.2.2-8] a code below 0x80", "20 03 00 01 00"],
    ["a Receive Maximum of 0", "20 06 00 00 03 21 00 00"],
    ["a Maximum Packet Size of 0", "20 08 00 00 05 27 00 00 00 00"],
    ["a Maximum QoS of 2", "20 05 00 00 02 24 02"],
    ["a property twice", "20 07 00 00 04 24 01 24 01"],
    ["a property of another packet", "20 06 00 00 03 23 00 01"],
    ["[MQTT-3.2.0-1] [v3 MQTT-3.2.0-1] a PUBLISH", "30 04 00 01 61 00"],
    ["what is no MQTT", "48 54 54 50 2f 31 2e 31 20 34 30 30"],
  ])("%s ends it without a word", (_case, bytes) => {
    const harness = ended(bytes);
    expect(harness.take()).toEqual([]);
    expect(harness.calls.map(([name]) => name)).toEqual(["ended"]);
  });

  test("[MQTT-3.2.2-2] [v3 MQTT-3.2.2-1] a session after Clean Start ends it, with a word on 5.0", () => {
    const five = ended("20 03 01 00 00", 5, true);
    expect(five.end).toMatchObject({ code: "SP_VIOLATION" });
    expect(five.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x82 }]);
    const four = ended("20 02 01 00", 4, true);
    expect(four.end).toMatchObject({ code: "SP_VIOLATION" });
    expect(four.take()).toEqual([]);
  });

  test("[MQTT-4.13.2-1] a refusal ends it, also in the form of an older server", () => {
    expect(ended("20 03 00 8a 00").end).toMatchObject({ reasonCode: 0x8a });
    expect(ended("20 02 00 01").end).toMatchObject({ reasonCode: 0x84 });
    expect(ended("20 02 00 05", 4).end).toMatchObject({ reasonCode: 0x87 });
  });
});

describe("what is allowed", () => {
  test("PUBACK and PUBCOMP for nothing, and PINGRESP for nothing, change nothing", () => {
    const harness = new ClientHarness().open();
    harness.receiveBytes(hex("40 02 00 09 70 02 00 09 d0 00 50 03 00 09 97"));
    expect(harness.take()).toEqual([]);
    expect(harness.calls).toEqual([]);
  });

  test("PUBREC for nothing is released and said to be unknown (section 4.3.3)", () => {
    const harness = new ClientHarness().open();
    harness.receiveBytes(hex("50 02 00 09 50 04 00 0a 10 00"));
    expect(harness.take()).toMatchObject([
      { type: PacketType.PUBREL, packetIdentifier: 9, reasonCode: 0x92 },
      { type: PacketType.PUBREL, packetIdentifier: 10, reasonCode: 0x92 },
    ]);
  });

  test("[MQTT-4.3.3-11] PUBREL for nothing is completed and said to be unknown", () => {
    const harness = new ClientHarness().open();
    harness.receiveBytes(hex("62 02 00 09"));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBCOMP, packetIdentifier: 9, reasonCode: 0x92 }]);
  });

  test("[MQTT-3.3.2-10] each Topic Alias up to our maximum, and a new topic for one", () => {
    const harness = new ClientHarness(5, { properties: { topicAliasMaximum: 2 } }).open();
    harness.receiveBytes(hex("30 07 00 01 61 03 23 00 01 30 07 00 01 62 03 23 00 02 30 06 00 00 03 23 00 01"));
    harness.receiveBytes(hex("30 07 00 01 63 03 23 00 01 30 06 00 00 03 23 00 01"));
    expect(harness.calls.map((call) => call[1])).toEqual(["a", "b", "a", "c", "c"]);
  });

  test("[MQTT-3.3.2-7] a mapping of another connection is not known", () => {
    const first = new ClientHarness(5, { properties: { topicAliasMaximum: 2 } }).open();
    first.receiveBytes(hex("30 07 00 01 61 03 23 00 01"));
    const second = new ClientHarness(5, { properties: { topicAliasMaximum: 2 } }, { session: first.session }).open({
      sessionPresent: true,
    });
    second.receiveBytes(hex("30 06 00 00 03 23 00 01"));
    expect(second.end).toMatchObject({ code: "PROTOCOL_ERROR", reasonCode: 0x82 });
  });
});

describe("[MQTT-3.1.2-29] problem information that our CONNECT did not want", () => {
  test.each([
    ["PUBACK", "40 08 00 01 00 04 1f 00 01 78"],
    ["PUBREL", "62 09 00 01 00 05 26 00 00 00 00"],
    ["AUTH", "f0 06 18 04 1f 00 01 78"],
  ])("in %s is a Protocol Error", (_name, bytes) => {
    const harness = new ClientHarness(5, { properties: { requestProblemInformation: 0 } }).open();
    harness.receiveBytes(hex(bytes));
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x82 }]);
    expect(harness.end).toMatchObject({ reasonCode: 0x82, source: "peer" });
  });

  test.each([
    ["PUBLISH", "30 09 00 01 61 05 26 00 00 00 00"],
    ["DISCONNECT", "e0 06 8b 04 1f 00 01 78"],
  ])("may stand in %s", (_name, bytes) => {
    const harness = new ClientHarness(5, { properties: { requestProblemInformation: 0 } }).open();
    harness.receiveBytes(hex(bytes));
    expect(harness.take()).toEqual([]);
  });
});

describe("a client that forgives (D-5)", () => {
  const forgiving = (changes = {}): ClientHarness => new ClientHarness(4, changes, { limits: { isForgiving: true } });

  test("a session after Clean Start counts as none", () => {
    const harness = forgiving({ cleanStart: true });
    harness.session.inbound.add(7);
    harness.open({ sessionPresent: true });
    expect(harness.end).toBe("open");
    expect(harness.session.inbound.has(7)).toBe(false);
  });

  test("Packet Identifier 0 of a message is acknowledged, and released", () => {
    const harness = forgiving().open();
    harness.receiveBytes(hex("32 05 00 01 61 00 00 34 05 00 01 62 00 00"));
    expect(harness.calls.map((call) => call[1])).toEqual(["a", "b"]);
    expect(harness.session.inbound.has(0)).toBe(true);
    harness.receiveBytes(hex("62 02 00 00"));
    expect(harness.session.inbound.has(0)).toBe(false);
    expect(harness.end).toBe("open");
  });

  test.each(["40", "50", "70"])("Packet Identifier 0 of an answer (%s) is none of ours all the same", (first) => {
    const harness = forgiving().open();
    harness.receiveBytes(hex(`${first} 02 00 00`));
    expect(harness.end).toMatchObject({ code: "PROTOCOL_ERROR" });
  });
});
