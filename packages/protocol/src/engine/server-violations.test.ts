import { ServerHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { PacketType } from "../packet/packet-type.ts";
import type { ProtocolVersion } from "../packet/packets.ts";

// What a client must not send, byte by byte, and what it is told: on 5.0 a DISCONNECT with the code and the close, before 5.0 the
// close alone ([v3 MQTT-4.8.0-1]). Before the CONNACK: a CONNACK with the code on 5.0, the close alone before.

const hex = (text: string): Uint8Array => Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));

/** Opens a connection, sends the bytes and expects the code; nothing of the packet may reach the sink. */
function expectRefusal(version: ProtocolVersion, bytes: string, reasonCode: number): void {
  const harness = new ServerHarness().open(version);
  harness.sendBytes(hex(bytes));
  const said = version === 5 ? [{ type: PacketType.DISCONNECT, reasonCode }] : [];
  expect(harness.take()).toMatchObject(said);
  expect(harness.calls.map(([name]) => name)).toEqual(["close"]);
  expect(harness.ended).toMatchObject({ reasonCode });
  // [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-4.13.2-1]: nothing more is handled or said.
  harness.sendBytes(hex("c0 00"));
  expect(harness.take()).toEqual([]);
}

describe("on an open connection of 5.0 [MQTT-4.13.1-1] [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-4.13.2-1]", () => {
  test.each<[string, string, number]>([
    ["[MQTT-3.3.1-4] a PUBLISH of QoS 3", "36 06 00 01 61 00 01 00", 0x81],
    ["[MQTT-3.3.1-2] DUP at QoS 0", "38 04 00 01 61 00", 0x81],
    ["[MQTT-2.2.1-3] a PUBLISH of QoS 1 with identifier 0", "32 06 00 01 61 00 00 00", 0x82],
    ["[MQTT-3.3.2-1] a Topic Name that is no UTF-8", "30 04 00 01 ff 00", 0x81],
    ["[MQTT-1.5.4-2] a Topic Name with U+0000", "30 04 00 01 00 00", 0x81],
    ["[MQTT-3.3.2-2] a wildcard in a Topic Name", "30 04 00 01 23 00", 0x90],
    ["an empty Topic Name without a Topic Alias", "30 03 00 00 00", 0x82],
    ["[MQTT-3.3.2-8] Topic Alias 0", "30 07 00 01 61 03 23 00 00", 0x94],
    ["[MQTT-3.3.2-9] a Topic Alias above our maximum of 4", "30 07 00 01 61 03 23 00 05", 0x94],
    ["[MQTT-3.3.4-6] a Subscription Identifier", "30 06 00 01 61 02 0b 01", 0x82],
    ["[MQTT-3.3.2-14] a wildcard in the Response Topic", "30 08 00 01 61 04 08 00 01 2b", 0x82],
    ["a Payload Format Indicator of 2", "30 06 00 01 61 02 01 02", 0x82],
    ["a Payload Format Indicator twice", "30 08 00 01 61 04 01 01 01 01", 0x82],
    ["a property of another packet", "30 07 00 01 61 03 21 00 01", 0x81],
    ["an unknown property", "30 06 00 01 61 02 7e 01", 0x81],
    ["properties longer than the packet", "30 05 00 01 61 09 01", 0x81],
    ["[MQTT-1.5.5-1] a Remaining Length of five bytes", "30 80 80 80 80 01", 0x81],
    ["[MQTT-1.5.5-1] a Remaining Length longer than it needs", "30 84 00 00 01 61 00", 0x81],
    ["a packet above our Maximum Packet Size", "30 81 80 c0 01", 0x95],
    ["[MQTT-3.6.1-1] PUBREL with flags 0000", "60 02 00 01", 0x81],
    ["[MQTT-2.1.3-1] PUBACK with a flag", "41 02 00 01", 0x81],
    ["PUBACK with identifier 0", "40 02 00 00", 0x82],
    ["[MQTT-3.4.2-1] PUBACK with a code it does not have", "40 03 00 01 01", 0x82],
    ["[MQTT-3.5.2-1] PUBREC with a code it does not have", "50 03 00 01 92", 0x82],
    ["[MQTT-3.6.2-1] PUBREL with a code it does not have", "62 03 00 01 10", 0x82],
    ["[MQTT-3.7.2-1] PUBCOMP with a code it does not have", "70 03 00 01 80", 0x82],
    ["[MQTT-3.8.1-1] SUBSCRIBE with flags 0000", "80 07 00 01 00 00 01 61 00", 0x81],
    ["SUBSCRIBE with identifier 0", "82 07 00 00 00 00 01 61 00", 0x82],
    ["[MQTT-3.8.3-2] an empty SUBSCRIBE", "82 03 00 01 00", 0x82],
    ["[MQTT-3.8.3-5] reserved bits in the options", "82 07 00 01 00 00 01 61 40", 0x81],
    ["SUBSCRIBE of QoS 3", "82 07 00 01 00 00 01 61 03", 0x81],
    ["Retain Handling 3", "82 07 00 01 00 00 01 61 30", 0x82],
    ["[MQTT-3.8.3-4] No Local on a shared subscription", "82 0f 00 01 00 00 09 24 73 68 61 72 65 2f 67 2f 04", 0x82],
    ["[MQTT-3.8.3-1] a Topic Filter that is no UTF-8", "82 07 00 01 00 00 01 ff 00", 0x81],
    ["two Subscription Identifiers", "82 0b 00 01 04 0b 01 0b 02 00 01 61 00", 0x82],
    ["Subscription Identifier 0", "82 09 00 01 02 0b 00 00 01 61 00", 0x82],
    ["[MQTT-3.10.1-1] UNSUBSCRIBE with flags 0000", "a0 06 00 01 00 00 01 61", 0x81],
    ["[MQTT-3.10.3-2] an empty UNSUBSCRIBE", "a2 03 00 01 00", 0x82],
    ["[MQTT-3.10.3-1] an UNSUBSCRIBE whose filter is no UTF-8", "a2 06 00 01 00 00 01 ff", 0x81],
    ["PINGREQ with a body", "c0 01 00", 0x81],
    ["[MQTT-3.14.1-1] DISCONNECT with a flag", "e1 00", 0x81],
    ["[MQTT-3.14.2-1] DISCONNECT with a code it does not have", "e0 01 01", 0x82],
    ["[MQTT-3.15.1-1] AUTH with a flag", "f1 02 18 00", 0x81],
    ["[MQTT-3.15.2-1] AUTH with a code it does not have", "f0 02 01 00", 0x82],
    ["[MQTT-4.12.0-7] AUTH without a method", "f0 02 19 00", 0x82],
    ["[MQTT-3.1.0-2] a second CONNECT", "10 0d 00 04 4d 51 54 54 05 02 00 00 00 00 00", 0x82],
    ["CONNACK, which only a server sends", "20 03 00 00 00", 0x82],
    ["SUBACK, which only a server sends", "90 04 00 01 00 00", 0x82],
    ["UNSUBACK, which only a server sends", "b0 04 00 01 00 00", 0x82],
    ["PINGRESP, which only a server sends", "d0 00", 0x82],
    ["the reserved type 0", "00 00", 0x81],
  ])("%s", (_case, bytes, reasonCode) => expectRefusal(5, bytes, reasonCode));
});

describe("on an open connection of 3.1.1 [v3 MQTT-4.8.0-1]", () => {
  test.each<[string, string, number]>([
    ["[v3 MQTT-3.3.1-4] a PUBLISH of QoS 3", "36 05 00 01 61 00 01", 0x81],
    ["[v3 MQTT-3.3.1-2] DUP at QoS 0", "38 03 00 01 61", 0x81],
    ["[v3 MQTT-2.3.1-1] a PUBLISH of QoS 1 with identifier 0", "32 05 00 01 61 00 00", 0x82],
    ["[v3 MQTT-1.5.3-1] a Topic Name that is no UTF-8", "30 03 00 01 ff", 0x81],
    ["[v3 MQTT-1.5.3-2] a Topic Name with U+0000", "30 03 00 01 00", 0x81],
    ["[v3 MQTT-3.3.2-2] a wildcard in a Topic Name", "30 03 00 01 23", 0x90],
    ["[v3 MQTT-4.7.3-1] an empty Topic Name", "30 02 00 00", 0x81],
    ["[v3 MQTT-3.6.1-1] PUBREL with flags 0000", "60 02 00 01", 0x81],
    ["[v3 MQTT-2.2.2-1] [v3 MQTT-2.2.2-2] PUBACK with a flag", "41 02 00 01", 0x81],
    ["PUBACK with a Reason Code", "40 03 00 01 00", 0x81],
    ["[v3 MQTT-3.8.1-1] SUBSCRIBE with flags 0000", "80 06 00 01 00 01 61 00", 0x81],
    ["[v3 MQTT-3.8.3-3] an empty SUBSCRIBE", "82 02 00 01", 0x82],
    ["[v3 MQTT-3.8.3-4] SUBSCRIBE of QoS 3", "82 06 00 01 00 01 61 03", 0x81],
    ["[v3 MQTT-3.8.3-4] SUBSCRIBE with reserved bits", "82 06 00 01 00 01 61 04", 0x81],
    ["[v3 MQTT-3.8.3-1] a Topic Filter that is no UTF-8", "82 06 00 01 00 01 ff 00", 0x81],
    ["[v3 MQTT-3.10.1-1] UNSUBSCRIBE with flags 0000", "a0 05 00 01 00 01 61", 0x81],
    ["[v3 MQTT-3.10.3-2] an empty UNSUBSCRIBE", "a2 02 00 01", 0x82],
    ["[v3 MQTT-3.10.3-1] an UNSUBSCRIBE whose filter is no UTF-8", "a2 05 00 01 00 01 ff", 0x81],
    ["[v3 MQTT-3.14.1-1] DISCONNECT with a flag", "e1 00", 0x81],
    ["DISCONNECT with a body", "e0 01 00", 0x81],
    ["[v3 MQTT-3.1.0-2] a second CONNECT", "10 0c 00 04 4d 51 54 54 04 02 00 00 00 00", 0x82],
    ["the reserved type 15", "f0 00", 0x81],
  ])("%s", (_case, bytes, reasonCode) => expectRefusal(4, bytes, reasonCode));
});

describe("a first packet", () => {
  function connect(bytes: string): ServerHarness {
    const harness = new ServerHarness();
    harness.sendBytes(hex(bytes));
    expect(harness.calls.map(([name]) => name)).toEqual(["close"]);
    return harness;
  }
  /** The bytes of what was written, since a CONNACK says no version. */
  function answered(bytes: string): number[] {
    const harness = new ServerHarness();
    const written: number[] = [];
    harness.write = (sent) => {
      written.push(...sent);
      return true;
    };
    harness.sendBytes(hex(bytes));
    harness.sender.flush();
    expect(harness.ended).not.toBe("open");
    return written;
  }

  test.each<[string, string, number]>([
    ["[MQTT-3.1.2-3] the reserved flag", "10 0d 00 04 4d 51 54 54 05 03 00 00 00 00 00", 0x81],
    ["[MQTT-3.1.2-11] Will QoS without a Will", "10 0d 00 04 4d 51 54 54 05 0a 00 00 00 00 00", 0x81],
    ["[MQTT-3.1.2-13] Will Retain without a Will", "10 0d 00 04 4d 51 54 54 05 22 00 00 00 00 00", 0x81],
    ["[MQTT-3.1.2-12] Will QoS 3", "10 13 00 04 4d 51 54 54 05 1e 00 00 00 00 00 00 00 01 61 00 00", 0x81],
    ["[MQTT-3.1.2-9] a Will that is missing", "10 0d 00 04 4d 51 54 54 05 06 00 00 00 00 00", 0x81],
    ["a wildcard in the Will Topic", "10 13 00 04 4d 51 54 54 05 06 00 00 00 00 00 00 00 01 23 00 00", 0x90],
    ["[MQTT-3.1.2-17] a User Name that is missing", "10 0d 00 04 4d 51 54 54 05 82 00 00 00 00 00", 0x81],
    ["[MQTT-3.1.2-19] a Password that is missing", "10 0d 00 04 4d 51 54 54 05 42 00 00 00 00 00", 0x81],
    ["[MQTT-3.1.2-16] [MQTT-3.1.2-18] a field without its flag", "10 10 00 04 4d 51 54 54 05 02 00 00 00 00 00 00 01 61", 0x81],
    ["[MQTT-3.1.3-3] no Client Identifier", "10 0b 00 04 4d 51 54 54 05 02 00 00 00", 0x81],
    ["[MQTT-3.1.3-4] a Client Identifier that is no UTF-8", "10 0e 00 04 4d 51 54 54 05 02 00 00 00 00 01 ff", 0x81],
    ["Receive Maximum 0", "10 10 00 04 4d 51 54 54 05 02 00 00 03 21 00 00 00 00", 0x82],
    ["Maximum Packet Size 0", "10 12 00 04 4d 51 54 54 05 02 00 00 05 27 00 00 00 00 00 00", 0x82],
    ["a Receive Maximum twice", "10 13 00 04 4d 51 54 54 05 02 00 00 06 21 00 01 21 00 01 00 00", 0x82],
    ["Request Problem Information 2", "10 0f 00 04 4d 51 54 54 05 02 00 00 02 17 02 00 00", 0x82],
    ["Authentication Data without a method", "10 10 00 04 4d 51 54 54 05 02 00 00 03 16 00 00 00 00", 0x82],
  ])("[MQTT-3.1.4-1] of 5.0 with a fault is answered by a CONNACK with its code: %s", (_case, bytes, reasonCode) => {
    expect(answered(bytes)).toEqual([0x20, 3, 0, reasonCode, 0]);
    connect(bytes);
  });

  test.each<[string, string]>([
    ["[v3 MQTT-3.1.2-3] the reserved flag", "10 0c 00 04 4d 51 54 54 04 03 00 00 00 00"],
    ["[v3 MQTT-3.1.2-11] [v3 MQTT-3.1.2-13] Will QoS without a Will", "10 0c 00 04 4d 51 54 54 04 0a 00 00 00 00"],
    ["[v3 MQTT-3.1.2-15] Will Retain without a Will", "10 0c 00 04 4d 51 54 54 04 22 00 00 00 00"],
    ["[v3 MQTT-3.1.2-14] Will QoS 3", "10 11 00 04 4d 51 54 54 04 1e 00 00 00 00 00 01 61 00 00"],
    ["[v3 MQTT-3.1.2-9] a Will that is missing", "10 0c 00 04 4d 51 54 54 04 06 00 00 00 00"],
    ["[v3 MQTT-3.1.2-22] a Password without a User Name", "10 0e 00 04 4d 51 54 54 04 42 00 00 00 00 00 00"],
    ["[v3 MQTT-3.1.2-19] a User Name that is missing", "10 0c 00 04 4d 51 54 54 04 82 00 00 00 00"],
    ["[v3 MQTT-3.1.2-18] [v3 MQTT-3.1.2-20] a field without its flag", "10 0f 00 04 4d 51 54 54 04 02 00 00 00 00 00 01 61"],
    ["[v3 MQTT-3.1.3-4] a Client Identifier that is no UTF-8", "10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 ff"],
  ])("[v3 MQTT-3.1.4-1] of 3.1.1 with a fault is answered by the close alone: %s", (_case, bytes) => {
    expect(answered(bytes)).toEqual([]);
    connect(bytes);
  });

  test("[MQTT-3.1.2-2] [v3 MQTT-3.1.2-2] of an unknown level is answered in the form that level knows", () => {
    expect(answered("10 0d 00 04 4d 51 54 54 06 02 00 00 00 00 00")).toEqual([0x20, 3, 0, 0x84, 0]);
    expect(answered("10 0c 00 04 4d 51 54 54 02 02 00 00 00 00")).toEqual([0x20, 2, 0, 1]);
  });

  test("[MQTT-3.1.2-1] [v3 MQTT-3.1.2-1] of another protocol name is not handled", () => {
    expect(answered("10 0c 00 04 4d 51 54 58 04 02 00 00 00 00")).toEqual([0x20, 2, 0, 1]);
  });

  test.each(["30 03 00 01 61", "c0 00", "e0 00", "f0 00", "82 06 00 01 00 01 61 00", "00 00"])(
    "[MQTT-3.1.0-1] [v3 MQTT-3.1.0-1] that is no CONNECT is not answered: %s",
    (bytes) => {
      expect(answered(bytes)).toEqual([]);
      connect(bytes);
    },
  );

  test("larger than a CONNECT may be is refused by its first bytes", () => {
    expect(answered("10 ff ff ff 7f")).toEqual([]);
  });
});

describe("what is allowed", () => {
  test("[MQTT-4.3.2-5] [v3 MQTT-4.3.2-2] after the PUBACK the same identifier is a new message, whatever its DUP flag", () => {
    const harness = new ServerHarness().open();
    harness.sendBytes(hex("32 06 00 01 61 00 05 00 3a 06 00 01 61 00 05 00"));
    expect(harness.calls.map(([name]) => name)).toEqual(["publish", "publish"]);
  });

  test("[MQTT-4.3.3-9] after a PUBREC of 0x80 or more the same identifier is a new message", () => {
    const harness = new ServerHarness().open();
    harness.publishAnswer = -0x97;
    harness.sendBytes(hex("34 06 00 01 61 00 05 00"));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBREC, reasonCode: 0x97 }]);
    harness.publishAnswer = 0;
    harness.sendBytes(hex("34 06 00 01 61 00 05 00"));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBREC, reasonCode: 0 }]);
    expect(harness.session.inbound.has(5)).toBe(true);
  });

  test("[MQTT-4.3.3-12] [v3 MQTT-4.3.3-2] after the PUBCOMP too", () => {
    const harness = new ServerHarness().open(4);
    harness.sendBytes(hex("34 05 00 01 61 00 05 62 02 00 05 34 05 00 01 61 00 05"));
    expect(harness.calls.map(([name]) => name)).toEqual(["publish", "released", "publish"]);
  });

  test("[MQTT-3.1.2-30] without a method a client may send before the CONNACK; it waits ([MQTT-3.1.4-6])", () => {
    const harness = new ServerHarness();
    harness.connectAnswer = () => undefined;
    harness.sendBytes(hex("10 0d 00 04 4d 51 54 54 05 02 00 00 00 00 00 c0 00"));
    expect(harness.take()).toEqual([]);
  });

  test("3.1 leaves flags open that 3.1.1 reserves", () => {
    const harness = new ServerHarness().open(3);
    harness.sendBytes(hex("8a 06 00 01 00 01 61 01 c8 00 aa 05 00 02 00 01 61"));
    expect(harness.take().map(({ type }) => type)).toEqual([PacketType.SUBACK, PacketType.PINGRESP, PacketType.UNSUBACK]);
  });
});
