import { expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { PacketType } from "../packet/packet-type.ts";
import { ReasonCode } from "../packet/reason-codes.ts";
import { asMqttError, peerFault, tooLargeForClient, unexpected } from "./server-faults.ts";

test.each([
  [ReasonCode.MalformedPacket, "MALFORMED_PACKET"],
  [ReasonCode.PacketTooLarge, "PACKET_TOO_LARGE"],
  [ReasonCode.TopicNameInvalid, "TOPIC_INVALID"],
  [ReasonCode.ProtocolError, "PROTOCOL_ERROR"],
  [ReasonCode.TopicAliasInvalid, "PROTOCOL_ERROR"],
])("a fault with Reason Code %i is told as %s, with its cause at the peer", (reasonCode, code) => {
  expect(peerFault(reasonCode, "the details")).toMatchObject({ code, reasonCode, source: "peer" });
  expect(peerFault(reasonCode, "the details").message).toContain("the details");
});

test("[MQTT-4.13.1-1] a packet that only a server sends is a protocol error that names it", () => {
  expect(unexpected({ type: PacketType.PINGRESP })).toMatchObject({ code: "PROTOCOL_ERROR", reasonCode: 0x82 });
  expect(unexpected({ type: PacketType.PINGRESP }).message).toContain("a client must not send packet type 13");
});

test("what was thrown stays what it is where it is ours, and is a bug with its cause where not", () => {
  const ours = new MqttError("STORE_READ_ONLY");
  expect(asMqttError(ours)).toBe(ours);
  const cause = new TypeError("x is undefined");
  expect(asMqttError(cause)).toMatchObject({ code: "INTERNAL", cause, reasonCode: 0x80 });
});

test("[MQTT-3.1.2-24] what is too large for the client is named", () => {
  expect(tooLargeForClient("SUBACK")).toMatchObject({ code: "PACKET_TOO_LARGE", reasonCode: 0x95, clause: "MQTT-3.1.2-24" });
  expect(tooLargeForClient("SUBACK").message).toContain("the SUBACK is above the client's Maximum Packet Size");
});
