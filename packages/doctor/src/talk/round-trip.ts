import { type Packet, PacketType } from "@bowline/protocol";
import type { AttemptFacts, RoundTripFacts } from "@bowline/protocol/internal";
import { howItEnded, wordsOf } from "./introduce.ts";
import type { Talk } from "./talk.ts";

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
export function roundTrip(talk: Talk, plan: TripPlan, ms: number): Promise<Trip> {
  return new RoundTrip(talk, plan).run(ms);
}

class RoundTrip {
  private readonly talk: Talk;
  private readonly plan: TripPlan;
  private readonly payload: Uint8Array;
  private trip: RoundTripFacts;
  private sentAt = performance.now();
  private hasPublished = false;

  constructor(talk: Talk, plan: TripPlan) {
    this.talk = talk;
    this.plan = plan;
    this.payload = new Uint8Array(Math.max(plan.payloadBytes, 8)).fill(0x64);
    this.payload.set(crypto.getRandomValues(new Uint8Array(8)));
    this.trip = { topicName: plan.topicName };
  }

  async run(ms: number): Promise<Trip> {
    const endsAt = performance.now() + ms;
    const { talk } = this;
    this.subscribe();
    for (;;) {
      const packet = await talk.next(Math.max(1, endsAt - performance.now()));
      if (packet === undefined) break;
      if (packet.type === PacketType.DISCONNECT) {
        const disconnect = { reasonCode: packet.reasonCode, ...wordsOf(packet.properties) };
        return { facts: { disconnect, session: this.session() } };
      }
      this.take(packet);
      if (this.isSettled()) return { facts: { session: this.session() }, ms: performance.now() - this.sentAt };
    }
    const { timedOut: _, ...end } = howItEnded(talk);
    this.trip = { ...this.trip, hasArrived: this.trip.hasArrived === true };
    return { facts: { session: this.session(), ...end } };
  }

  private subscribe(): void {
    const { topicName: topicFilter } = this.plan;
    const subscription = { topicFilter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 2 } as const;
    this.talk.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions: [subscription] });
  }

  private publish(): void {
    const { topicName, qos, retain } = this.plan;
    this.hasPublished = true;
    this.sentAt = performance.now();
    const identifier = qos === 0 ? {} : { packetIdentifier: 2 };
    this.talk.send({ type: PacketType.PUBLISH, topicName, payload: this.payload, qos, retain, dup: false, ...identifier });
  }

  private take(packet: Packet): void {
    this.trip = { ...this.trip, ...seen(packet, this.payload) };
    if (packet.type === PacketType.SUBACK && (this.trip.suback ?? 0) < 0x80) this.publish();
    if (packet.type === PacketType.PUBREC && packet.reasonCode < 0x80) {
      this.talk.send({ type: PacketType.PUBREL, packetIdentifier: 2, reasonCode: 0 });
    }
  }

  /** Whether nothing more is to come. */
  private isSettled(): boolean {
    const { suback = 0, puback, hasArrived } = this.trip;
    if (suback >= 0x80 || (puback ?? 0) >= 0x80) return true;
    return hasArrived === true && (this.plan.qos === 0 || puback !== undefined);
  }

  private session(): NonNullable<AttemptFacts["session"]> {
    const { qos, retain, topicName, limits } = this.plan;
    const bytes = this.payload.length + topicName.length + 10;
    return {
      ...limits,
      roundTrip: this.trip,
      lastSent: this.hasPublished ? "publish" : "subscribe",
      msSinceLastSent: Math.round(performance.now() - this.sentAt),
      ...(this.hasPublished ? { lastPublish: { qos, retain, bytes } } : {}),
    };
  }
}

function seen(packet: Packet, payload: Uint8Array): Partial<RoundTripFacts> {
  switch (packet.type) {
    case PacketType.SUBACK:
      return { suback: packet.reasonCodes[0] ?? 0 };
    case PacketType.PUBACK:
    case PacketType.PUBREC:
      return { puback: packet.reasonCode };
    case PacketType.PUBLISH:
      return packet.payload.length === payload.length && packet.payload.every((byte, i) => byte === payload[i])
        ? { hasArrived: true }
        : {};
    default:
      return {};
  }
}
