import { ClientHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { PublishPacket, QoS } from "../packet/packets.ts";
import { SessionState } from "../session/session-state.ts";

function entryOf(session: SessionState, qos: QoS, text: string): OutboundEntry {
  return {
    sequence: session.nextSequence++,
    message: { topicName: Uint8Array.of(0x74), payload: new TextEncoder().encode(text), properties: undefined, expiresAt: 0 },
    qos,
    retain: false,
    subscriptionIdentifiers: [],
    state: OutboundState.Queued,
    packetIdentifier: 0,
    sent: false,
    commit: 0,
    tag: undefined,
  };
}

const publish = (packetIdentifier: number): PublishPacket => ({
  type: PacketType.PUBLISH,
  topicName: "t",
  payload: new Uint8Array(),
  qos: 2,
  retain: false,
  dup: false,
  packetIdentifier,
});

describe("a client without Session State, told that there is a Session", () => {
  test.each([4, 5] as const)("D-4: goes on where it asked for it (version %i), and settles what it does not know", (version) => {
    const harness = new ClientHarness(version, { cleanStart: false }).open({ sessionPresent: true });
    expect(harness.connection.isOpen).toBe(true);
    harness.receive({ type: PacketType.PUBREC, packetIdentifier: 9, reasonCode: 0 });
    harness.receive({ type: PacketType.PUBREL, packetIdentifier: 8, reasonCode: 0 });
    const reasonCode = version === 5 ? 0x92 : 0;
    expect(harness.take()).toEqual([
      { type: PacketType.PUBREL, packetIdentifier: 9, reasonCode },
      { type: PacketType.PUBCOMP, packetIdentifier: 8, reasonCode },
    ]);
  });

  test.each([4, 5] as const)("[MQTT-3.2.2-4] closes where it asked for a new one (version %i)", (version) => {
    const harness = new ClientHarness(version, { cleanStart: true }).open({ sessionPresent: true });
    expect(harness.connection.isOpen).toBe(false);
    expect(harness.end).toMatchObject({ code: "SP_VIOLATION" });
  });
});

describe.each([4, 5] as const)("a client with Session State, told that there is no Session (version %i)", (version) => {
  test("[MQTT-3.2.2-5] [v3 MQTT-3.1.2-6] forgets identifiers, in use and received; O-18: what is settled is not sent again", () => {
    const session = new SessionState();
    session.survives = true;
    const first = new ClientHarness(version, {}, { session }).open();
    for (const [qos, text] of [
      [1, "a"],
      [2, "b"],
      [1, "c"],
    ] as const) {
      first.sender.enqueue(entryOf(session, qos, text));
    }
    first.take();
    first.receive({ type: PacketType.PUBREC, packetIdentifier: 2, reasonCode: 0 }, publish(7));
    const second = new ClientHarness(version, {}, { session });
    second.take();
    second.receive({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0 });
    const again = second.take() as PublishPacket[];
    expect(again.map(({ payload, dup, packetIdentifier }) => [new TextDecoder().decode(payload), dup, packetIdentifier])).toEqual([
      ["a", false, 1],
      ["c", false, 2],
    ]);
    expect(second.calls.find(([name]) => name === "accepted")?.[2]).toBe(1);
    second.receive(publish(7));
    expect(second.calls.filter(([name]) => name === "message")).toHaveLength(1);
  });
});
