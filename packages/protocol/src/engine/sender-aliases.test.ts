import { ClientHarness, ServerHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import type { AliasPolicy } from "../flow/alias-settings.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { Packet, ProtocolVersion, PublishPacket, QoS } from "../packet/packets.ts";
import { PublishSource } from "../packet/write-publish.ts";
import { SessionState } from "../session/session-state.ts";
import { DROPPED_TOO_LARGE, type Sender } from "./sender.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function source(topic: string, size = 1): PublishSource {
  const made = new PublishSource();
  made.topic.set(text(topic), 0, text(topic).length);
  made.payload.set(new Uint8Array(size), 0, size);
  return made;
}
function entry(session: SessionState, topic: string, qos: QoS): OutboundEntry {
  return {
    sequence: session.nextSequence++,
    message: { topicName: text(topic), payload: text("x"), properties: undefined, expiresAt: 0 },
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
/** Topic and alias of each PUBLISH: "topic#1" sets it, "#1" uses it. */
const names = (packets: readonly Packet[]): string[] =>
  packets
    .filter((packet): packet is PublishPacket => packet.type === PacketType.PUBLISH)
    .map(({ topicName, properties }) => topicName + (properties?.topicAlias === undefined ? "" : `#${properties.topicAlias}`));

function server(policy: AliasPolicy, maximum = 2, session = new SessionState(), version: ProtocolVersion = 5): ServerHarness {
  const harness = new ServerHarness(session);
  harness.connectAnswer = (accept) => ({ ...accept, topicAliases: { maximum, policy } });
  return harness.open(version, version === 5 ? { properties: { maximumPacketSize: 100 } } : {});
}
function sendAll(sender: Sender, ...topics: string[]): boolean[] {
  return topics.map((topic) => sender.publishAtMostOnce(source(topic), false));
}

describe("the server's aliases", () => {
  test("[MQTT-3.1.2-26] stand for a topic from its second message on, at every QoS and way of sending", () => {
    const harness = server("auto");
    sendAll(harness.sender, "topic/1");
    harness.sender.publishTransient(source("topic/1"), 1, false);
    harness.sender.enqueue(entry(harness.session, "topic/1", 2));
    expect(names(harness.take())).toEqual(["topic/1#1", "#1", "#1"]);
  });

  test("[MQTT-3.1.2-27] are not used where the client offers none, and nowhere before 5.0", () => {
    for (const harness of [server("auto", 0), server("never"), server("always", 2, undefined, 4), new ServerHarness().open()]) {
      sendAll(harness.sender, "topic/1", "topic/1");
      expect(harness.sender.usesAliases).toBe(false);
      expect(names(harness.take())).toEqual(["topic/1", "topic/1"]);
    }
  });

  test("leave what is shared by all receivers of a message as it was", () => {
    const shared = source("topic/1");
    const aliased = server("always");
    const plain = new ServerHarness().open();
    for (const { sender } of [aliased, plain, aliased, plain]) sender.publishAtMostOnce(shared, false);
    expect(names(aliased.take())).toEqual(["topic/1#1", "#1"]);
    expect(names(plain.take())).toEqual(["topic/1", "topic/1"]);
  });

  test("a message that is too large leaves no mapping which the client never learned", () => {
    const harness = server("always");
    expect(harness.sender.publishAtMostOnce(source("topic/1", 200), false)).toBe(false);
    sendAll(harness.sender, "topic/2", "topic/1", "topic/2");
    expect(names(harness.take())).toEqual(["topic/2#1", "topic/1#2", "#1"]);
  });

  test("[MQTT-3.1.2-24] the size counts in the form that is sent", () => {
    const topic = "t".repeat(50);
    const harness = server("always");
    // 1 + 1 + 2 + 50 + 1 + 45 bytes are 100: with the alias property 103.
    expect(harness.sender.publishAtMostOnce(source(topic, 45), false)).toBe(true);
    expect(harness.sender.publishAtMostOnce(source(topic, 46), false)).toBe(false);
    sendAll(harness.sender, topic);
    // By its alias alone the topic takes 3 bytes instead of 50.
    expect(harness.sender.publishAtMostOnce(source(topic, 90), false)).toBe(true);
    expect(harness.sender.publishAtMostOnce(source(topic, 93), false)).toBe(false);
    expect(names(harness.take())).toEqual([topic, `${topic}#1`, "#1"]);
  });

  test("[MQTT-3.3.2-7] a new connection begins with none, also for what is sent again", () => {
    const session = new SessionState();
    session.survives = true;
    const first = server("auto", 2, session);
    for (const topic of ["topic/1", "topic/2", "topic/1"]) first.sender.enqueue(entry(session, topic, 1));
    expect(names(first.take())).toEqual(["topic/1#1", "topic/2#2", "#1"]);
    const second = new ServerHarness(session);
    second.connectAnswer = (accept) => ({ ...accept, topicAliases: { maximum: 1, policy: "auto" } });
    second.send({ type: PacketType.CONNECT, protocolVersion: 5, cleanStart: false, keepAlive: 0, clientIdentifier: "c" });
    const again = second.take();
    expect(names(again)).toEqual(["topic/1#1", "topic/2", "#1"]);
    expect(again.slice(1)).toMatchObject([{ dup: true }, { dup: true }, { dup: true }]);
  });

  test("an entry dropped for its size settles, and its topic is learned by the next message", () => {
    const harness = server("always");
    const large = entry(harness.session, "topic/1", 1);
    Object.assign(large, { message: { ...large.message!, payload: new Uint8Array(200) } });
    harness.sender.enqueue(large);
    harness.sender.enqueue(entry(harness.session, "topic/1", 1));
    expect(harness.calls).toContainEqual(["entryDone", 1, DROPPED_TOO_LARGE]);
    expect(names(harness.take())).toEqual(["topic/1#1"]);
  });
});

describe("the client's aliases", () => {
  const client = (offered: number | undefined, maximum = 10): ClientHarness =>
    new ClientHarness(5, {}, { limits: { topicAliases: { maximum, policy: "auto" } } }).open(
      offered === undefined ? {} : { properties: { topicAliasMaximum: offered } },
    );

  test("[MQTT-3.2.2-17] [MQTT-3.3.2-9] go up to the server's maximum, or to our own", () => {
    for (const harness of [client(2), client(10, 2)]) {
      sendAll(harness.sender, "topic/1", "topic/2", "topic/3", "topic/2");
      expect(names(harness.take())).toEqual(["topic/1#1", "topic/2#2", "topic/3", "#2"]);
    }
  });

  test("[MQTT-3.2.2-18] are not used when the CONNACK offers none", () => {
    const harness = client(undefined);
    sendAll(harness.sender, "topic/1", "topic/1");
    expect(names(harness.take())).toEqual(["topic/1", "topic/1"]);
  });

  test("[MQTT-3.3.2-12] are resolved by the server to the topics that were meant", () => {
    const harness = client(4);
    const receiver = new ServerHarness().open();
    sendAll(harness.sender, "topic/1", "topic/2", "topic/1", "topic/2");
    receiver.send(...harness.take());
    expect(receiver.calls.map((call) => (call[1] as PublishPacket).topicName)).toEqual([
      "topic/1",
      "topic/2",
      "topic/1",
      "topic/2",
    ]);
  });
});
