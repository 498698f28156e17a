import { randomBytes } from "node:crypto";
import { type Packet, PacketType } from "@bowline/protocol";
import type { AttemptFacts, RoundTripFacts } from "@bowline/protocol/internal";
import type { Conversation } from "../wire/conversation.ts";
import { howItEnded, wordsOf } from "./introduce.ts";

/** What to send to ourselves. */
export interface TripPlan {
  readonly topicName: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly payloadBytes: number;
  readonly limits: Pick<NonNullable<AttemptFacts["session"]>, "maximumPacketSize" | "maximumQos" | "retainAvailable">;
}

export interface Trip {
  readonly facts: AttemptFacts;
  readonly ms?: number;
}

/** P9: subscribes to a topic, publishes to it, and waits for the message: only that proves the rights. */
export async function roundTrip(talk: Conversation, plan: TripPlan, ms: number): Promise<Trip> {
  const endsAt = performance.now() + ms;
  const { topicName, qos, retain, limits } = plan;
  const payload = new Uint8Array(Math.max(plan.payloadBytes, 8)).fill(0x64);
  payload.set(randomBytes(8));
  let trip: RoundTripFacts = { topicName };
  let publishedAt = 0;
  const startedAt = performance.now();
  const session = (): NonNullable<AttemptFacts["session"]> => ({
    ...limits,
    roundTrip: trip,
    lastSent: publishedAt === 0 ? "subscribe" : "publish",
    msSinceLastSent: Math.round(performance.now() - (publishedAt === 0 ? startedAt : publishedAt)),
    ...(publishedAt === 0 ? {} : { lastPublish: { qos, retain, bytes: payload.length + topicName.length + 10 } }),
  });
  const subscription = { topicFilter: topicName, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 2 } as const;
  talk.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions: [subscription] });
  for (;;) {
    const packet = await talk.next(Math.max(1, endsAt - performance.now()));
    if (packet === undefined) break;
    if (packet.type === PacketType.DISCONNECT) {
      const disconnect = { reasonCode: packet.reasonCode, ...wordsOf(packet.properties) };
      return { facts: { disconnect, session: session() } };
    }
    trip = { ...trip, ...seen(packet, payload) };
    if (packet.type === PacketType.SUBACK && (trip.suback ?? 0) < 0x80) {
      publishedAt = performance.now();
      const identifier = qos === 0 ? {} : { packetIdentifier: 2 };
      talk.send({ type: PacketType.PUBLISH, topicName, payload, qos, retain, dup: false, ...identifier });
    }
    if (packet.type === PacketType.PUBREC && packet.reasonCode < 0x80) {
      talk.send({ type: PacketType.PUBREL, packetIdentifier: 2, reasonCode: 0 });
    }
    const isRefused = (trip.suback ?? 0) >= 0x80 || (trip.puback ?? 0) >= 0x80;
    const isDone = trip.hasArrived === true && (qos === 0 || trip.puback !== undefined);
    if (isDone || isRefused) return { facts: { session: session() }, ms: performance.now() - publishedAt };
  }
  const { timedOut: _, ...end } = howItEnded(talk);
  trip = { ...trip, hasArrived: trip.hasArrived === true };
  return { facts: { session: session(), ...end } };
}

function seen(packet: Packet, payload: Uint8Array): Partial<RoundTripFacts> {
  switch (packet.type) {
    case PacketType.SUBACK:
      return { suback: packet.reasonCodes[0] ?? 0 };
    case PacketType.PUBACK:
    case PacketType.PUBREC:
      return { puback: packet.reasonCode };
    case PacketType.PUBLISH:
      return Buffer.compare(packet.payload, payload) === 0 ? { hasArrived: true } : {};
    default:
      return {};
  }
}
