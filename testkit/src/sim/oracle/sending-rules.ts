import { type Packet, PacketType, type PublishPacket } from "@bowline/protocol";
import { messageOf } from "./message-name.ts";

/** What is known of a Packet Identifier that one side uses towards the other. */
interface UsedIdentifier {
  /** Name of the message, or of the request. */
  readonly message: string;
  readonly qos: number;
  isReleased: boolean;
}

/** The identifiers of one session and direction: they outlive its connections. */
export type UsedIdentifiers = Map<number, UsedIdentifier>;

/** What the receiving side said it takes. */
export interface PeerLimits {
  receiveMaximum: number;
  topicAliasMaximum: number;
  maximumPacketSize: number;
}

const noLimits: PeerLimits = { receiveMaximum: 0xffff, topicAliasMaximum: 0, maximumPacketSize: Number.POSITIVE_INFINITY };

/**
 * What one side may send on one connection, judged from what it writes and what it hears: Receive Maximum, Packet Identifiers,
 * DUP, Topic Aliases, Maximum Packet Size.
 */
export class SendingRules {
  limits: PeerLimits = noLimits;
  private readonly used: UsedIdentifiers;
  private readonly isFirst: boolean;
  private readonly violated: (what: string) => void;
  /** QoS 1 and 2 messages sent on this connection and not acknowledged. */
  private readonly unacknowledged = new Set<number>();
  private readonly sentHere = new Set<number>();

  /**
   * @param isFirst The session has no earlier connection. On a later one the sender may not know whether a PUBLISH had left, and
   *   after a crash it may have forgotten an acknowledgement: DUP then proves nothing.
   */
  constructor(used: UsedIdentifiers, isFirst: boolean, violated: (what: string) => void) {
    this.used = used;
    this.isFirst = isFirst;
    this.violated = violated;
  }

  wrote(packet: Packet, bytes: number): void {
    if (bytes > this.limits.maximumPacketSize) this.violated(`a packet of ${bytes} bytes, above the peer's Maximum Packet Size`);
    if (packet.type === PacketType.PUBLISH) this.wrotePublish(packet);
    else if (packet.type === PacketType.SUBSCRIBE || packet.type === PacketType.UNSUBSCRIBE) this.request(packet.packetIdentifier);
    else if (packet.type === PacketType.PUBREL) {
      const used = this.used.get(packet.packetIdentifier);
      if (used !== undefined) used.isReleased = true;
    }
  }

  heard(packet: Packet): void {
    switch (packet.type) {
      case PacketType.PUBREC:
        if (packet.reasonCode >= 0x80) this.done(packet.packetIdentifier);
        return;
      case PacketType.PUBACK:
      case PacketType.PUBCOMP:
      case PacketType.SUBACK:
      case PacketType.UNSUBACK:
        this.done(packet.packetIdentifier);
        return;
      default:
    }
  }

  private wrotePublish(packet: PublishPacket): void {
    const alias = packet.properties?.topicAlias;
    if (alias !== undefined && (alias === 0 || alias > this.limits.topicAliasMaximum)) {
      this.violated(`Topic Alias ${alias}, and the maximum is ${this.limits.topicAliasMaximum}`);
    }
    if (packet.qos === 0) {
      if (packet.dup) this.violated("DUP at QoS 0");
      return;
    }
    const id = packet.packetIdentifier!;
    const message = messageOf(packet.payload);
    const used = this.used.get(id);
    if (used !== undefined && used.message !== message) {
      this.violated(`Packet Identifier ${id} for ${message} while ${used.message} is in flight with it`);
    }
    if (used?.isReleased === true) this.violated(`PUBLISH ${id} again after its PUBREL`);
    if (used !== undefined && !packet.dup) this.violated(`PUBLISH ${id} again without DUP`);
    if (used === undefined && packet.dup && this.isFirst) this.violated(`DUP on the first PUBLISH ${id}`);
    if (this.sentHere.has(id)) this.violated(`PUBLISH ${id} again on the same connection`);
    this.used.set(id, { message, qos: packet.qos, isReleased: false });
    this.sentHere.add(id);
    this.unacknowledged.add(id);
    if (this.unacknowledged.size > this.limits.receiveMaximum) {
      this.violated(
        `${this.unacknowledged.size} unacknowledged messages, and the Receive Maximum is ${this.limits.receiveMaximum}`,
      );
    }
  }

  private request(id: number): void {
    const used = this.used.get(id);
    if (used !== undefined) this.violated(`Packet Identifier ${id} for a request while ${used.message} is in flight with it`);
    this.used.set(id, { message: "a request", qos: 0, isReleased: false });
  }

  private done(id: number): void {
    this.used.delete(id);
    this.sentHere.delete(id);
    this.unacknowledged.delete(id);
  }
}
