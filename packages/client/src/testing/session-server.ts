import { type Packet, PacketType, type QoS } from "@bowline/protocol";
import { message, textOf } from "./client-on-script.ts";
import { acknowledgement, type Link, ScriptedServer } from "./scripted-server.ts";

interface Outgoing {
  readonly text: string;
  readonly id: number;
  state: "publish" | "pubrel";
  sent: boolean;
}

/**
 * A server that keeps one session as the specification says, to test a client against: what it took from the client is in
 * `taken`, what it is to deliver is given to `deliver`.
 */
export class SessionServer extends ScriptedServer {
  /** Messages of the client as they were routed. */
  readonly taken: string[] = [];
  private readonly inbound = new Set<number>();
  private readonly outgoing: Outgoing[] = [];
  private nextId = 1;
  private readonly qos: QoS;
  private hasSession = false;

  constructor(qos: QoS) {
    super();
    this.qos = qos;
    this.script = (packet, link) => this.answer(packet, link);
  }

  get isIdle(): boolean {
    return this.outgoing.length === 0;
  }

  deliver(text: string): void {
    const entry: Outgoing = { text, id: this.nextId, state: "publish", sent: false };
    this.nextId = (this.nextId % 0xffff) + 1;
    this.outgoing.push(entry);
    this.send(entry, this.links.at(-1));
  }

  private answer(packet: Packet, link: Link): boolean {
    switch (packet.type) {
      case PacketType.CONNECT:
        link.send({ type: PacketType.CONNACK, sessionPresent: this.hasSession && !packet.cleanStart, reasonCode: 0 });
        this.hasSession = true;
        for (const entry of this.outgoing) this.send(entry, link);
        return true;
      case PacketType.PUBLISH:
        if (packet.qos !== 2 || !this.inbound.has(packet.packetIdentifier ?? 0)) this.taken.push(textOf(packet));
        if (packet.qos === 2) this.inbound.add(packet.packetIdentifier ?? 0);
        return false;
      case PacketType.PUBREL:
        this.release(packet.packetIdentifier, link);
        return true;
      case PacketType.PUBACK:
      case PacketType.PUBCOMP:
        this.finish(packet.packetIdentifier);
        return true;
      case PacketType.PUBREC: {
        const entry = this.outgoing.find(({ id }) => id === packet.packetIdentifier);
        if (entry !== undefined) entry.state = "pubrel";
        return false;
      }
      case PacketType.CONNACK:
      case PacketType.SUBSCRIBE:
      case PacketType.SUBACK:
      case PacketType.UNSUBSCRIBE:
      case PacketType.UNSUBACK:
      case PacketType.PINGREQ:
      case PacketType.PINGRESP:
      case PacketType.DISCONNECT:
      case PacketType.AUTH:
        break;
    }
    return false;
  }

  private release(id: number, link: Link): void {
    const known = this.inbound.delete(id);
    link.send(acknowledgement(PacketType.PUBCOMP, id, known || link.version !== 5 ? 0 : 0x92));
  }

  private finish(id: number): void {
    const at = this.outgoing.findIndex((entry) => entry.id === id);
    if (at >= 0) this.outgoing.splice(at, 1);
  }

  private send(entry: Outgoing, link: Link | undefined): void {
    if (link === undefined || link.isClosed || link.received.length === 0) return;
    if (entry.state === "pubrel") link.send(acknowledgement(PacketType.PUBREL, entry.id));
    else {
      link.send(message("down", entry.text, this.qos, entry.id, entry.sent));
      entry.sent = true;
    }
  }
}
