import {
  type AcknowledgementPacket,
  type ConnectPacket,
  type Packet,
  PacketType,
  type Properties,
  type ProtocolVersion,
} from "@bowline/protocol";
import { decodePacket, encodeToBytes, FrameDecoder } from "@bowline/protocol/internal";
import type { Dialer, Target, Transport, TransportFacts, TransportHandler } from "../transport/transport.ts";

/** The packet of that type; the four acknowledgements are one shape. */
type PacketOf<Type extends Packet["type"]> = Type extends AcknowledgementPacket["type"]
  ? AcknowledgementPacket
  : Extract<Packet, { type: Type }>;

/** One connection of a client to the scripted server: the client's transport and the server's end of it. */
export class Link implements Transport {
  handler: TransportHandler;
  readonly facts: TransportFacts = { milestone: "started" };
  readonly target: Target;
  /** Packets the client sent. */
  readonly received: Packet[] = [];
  /** Calls of `write` by the client. */
  writes = 0;
  bufferedBytes = 0;
  isPaused = false;
  isClosed = false;
  /** How the client ended it. */
  ending: "end" | "destroy" | undefined;
  version: ProtocolVersion = 5;
  private readonly decoder: FrameDecoder;
  private readonly server: ScriptedServer;

  constructor(target: Target, handler: TransportHandler, server: ScriptedServer) {
    this.target = target;
    this.handler = handler;
    this.server = server;
    this.decoder = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          const packet = decodePacket(chunk, start, bodyStart, end, this.version);
          if (packet.type === PacketType.CONNECT) this.version = packet.protocolVersion;
          this.received.push(packet);
          server.onPacket(packet, this);
          return true;
        },
        malformed: (code, detail) => {
          throw new Error(`the client sent malformed bytes: ${code} ${detail}`);
        },
      },
      Number.MAX_SAFE_INTEGER,
    );
  }

  // The client's side.

  write(bytes: Uint8Array): boolean {
    if (this.isClosed || this.ending !== undefined) return true;
    this.writes++;
    // Not `slice`, which is a view when the out-buffer is a Buffer.
    const copy = new Uint8Array(bytes);
    // As on a network, the other end acts later.
    queueMicrotask(() => this.arrive(copy));
    return true;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  end(): void {
    this.ending ??= "end";
    queueMicrotask(() => this.cut());
  }
  destroy(): void {
    this.ending = "destroy";
    queueMicrotask(() => this.cut());
  }

  // The server's side.

  open(): void {
    if (this.isClosed) return;
    this.facts.milestone = "connected";
    this.handler.opened();
  }

  send(...packets: Packet[]): void {
    for (const packet of packets) this.sendBytes(encodeToBytes(packet, this.version));
  }

  sendBytes(bytes: Uint8Array): void {
    const length = this.server.passes(bytes.length);
    if (this.isClosed) return;
    this.facts.firstBytes ??= bytes.slice(0, 64);
    if (length > 0) this.handler.data(bytes.slice(0, length));
    if (length < bytes.length) this.cut();
  }

  private arrive(bytes: Uint8Array): void {
    const length = this.server.passes(bytes.length);
    if (this.isClosed) return;
    this.decoder.push(bytes.subarray(0, length));
    if (length < bytes.length) this.cut();
  }

  /** The link breaks, or was closed. */
  cut(cause?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.decoder.close();
    this.handler.closed(cause);
  }

  of<Type extends Packet["type"]>(type: Type): PacketOf<Type>[] {
    return this.received.filter((packet) => packet.type === type) as PacketOf<Type>[];
  }
}

/** A server that does what a test says; unless told otherwise it accepts everything. */
export class ScriptedServer {
  readonly links: Link[] = [];
  /** Properties of every CONNACK. */
  connack: Properties = {};
  sessionPresent = false;
  /** Whether dialling succeeds; an error is what it fails with. */
  reachable: true | Error = true;
  /** False: the TCP connection opens and nothing is answered. */
  answers = true;
  /** Replaces the answer to a packet; returning false leaves it to the server. */
  script: (packet: Packet, link: Link) => boolean = () => false;

  /** How many of that many bytes pass before the link is cut; all of them when it is not. */
  passes: (length: number) => number = (length) => length;

  readonly dial: Dialer = (target, handler) => {
    const link = new Link(target, handler, this);
    this.links.push(link);
    queueMicrotask(() => {
      if (this.reachable === true) link.open();
      else link.cut(this.reachable);
    });
    return link;
  };

  get link(): Link {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("nobody dialled");
    return link;
  }

  get connects(): ConnectPacket[] {
    return this.links.flatMap((link) => link.of(PacketType.CONNECT));
  }

  onPacket(packet: Packet, link: Link): void {
    if (this.script(packet, link) || !this.answers) return;
    switch (packet.type) {
      case PacketType.CONNECT:
        link.send({
          type: PacketType.CONNACK,
          sessionPresent: this.sessionPresent && !packet.cleanStart,
          reasonCode: 0,
          properties: this.connack,
        });
        return;
      case PacketType.PUBLISH:
        if (packet.qos === 1) link.send(acknowledgement(PacketType.PUBACK, packet.packetIdentifier));
        if (packet.qos === 2) link.send(acknowledgement(PacketType.PUBREC, packet.packetIdentifier));
        return;
      case PacketType.PUBREC:
        link.send(acknowledgement(PacketType.PUBREL, packet.packetIdentifier));
        return;
      case PacketType.PUBREL:
        link.send(acknowledgement(PacketType.PUBCOMP, packet.packetIdentifier));
        return;
      case PacketType.SUBSCRIBE:
        link.send({
          type: PacketType.SUBACK,
          packetIdentifier: packet.packetIdentifier,
          reasonCodes: packet.subscriptions.map(({ qos }) => qos),
        });
        return;
      case PacketType.UNSUBSCRIBE:
        link.send({
          type: PacketType.UNSUBACK,
          packetIdentifier: packet.packetIdentifier,
          reasonCodes: packet.topicFilters.map(() => 0),
        });
        return;
      case PacketType.PINGREQ:
        link.send({ type: PacketType.PINGRESP });
        return;
      case PacketType.DISCONNECT:
        link.cut();
        return;
      case PacketType.CONNACK:
      case PacketType.PUBACK:
      case PacketType.PUBCOMP:
      case PacketType.SUBACK:
      case PacketType.UNSUBACK:
      case PacketType.PINGRESP:
      case PacketType.AUTH:
        return;
    }
  }
}

export function acknowledgement(type: AcknowledgementPacket["type"], packetIdentifier: number | undefined, reasonCode = 0): Packet {
  return { type, packetIdentifier: packetIdentifier ?? 0, reasonCode };
}
