import {
  type ConnackPacket,
  type ConnectPacket,
  type Packet,
  PacketType,
  type Properties,
  type ProtocolVersion,
  type PublishPacket,
  type QoS,
  type SubscriptionRequest,
} from "@bowline/protocol";
import { decodePacket, encodeToBytes, FrameDecoder } from "@bowline/protocol/internal";
import type { VirtualChannel, VirtualHandler } from "../virtual/index.ts";

export type SubscribeRequest = Partial<SubscriptionRequest> & { topicFilter: string };

/**
 * A client that sends exactly the packets it is told and shows those that come back; it answers nothing by itself.
 */
export class TestClient implements VirtualHandler {
  readonly version: ProtocolVersion;
  /** Every packet received and not taken. */
  readonly packets: Packet[] = [];
  readonly channel: VirtualChannel;
  isClosed = false;
  private nextIdentifier = 1;
  private readonly settle: () => Promise<void>;
  private readonly decoder: FrameDecoder;

  /** @param settle Lets everything happen that can without time passing. */
  constructor(version: ProtocolVersion, channel: VirtualChannel, settle: () => Promise<void>) {
    this.version = version;
    this.settle = settle;
    this.channel = channel;
    channel.handler = this;
    this.decoder = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          this.packets.push(decodePacket(chunk.slice(), start, bodyStart, end, version));
          return true;
        },
        malformed: (reasonCode, detail) => {
          throw new Error(`the broker wrote what is no packet: ${reasonCode} ${detail}`);
        },
      },
      0x1000_0000,
    );
  }

  /** The packets in one chunk. */
  send(...packets: Packet[]): void {
    this.channel.write(Buffer.concat(packets.map((packet) => encodeToBytes(packet, this.version))));
  }

  /** Settles and takes what came. */
  async take(): Promise<Packet[]> {
    await this.settle();
    return this.packets.splice(0);
  }

  async takeOfType<T extends Packet["type"]>(type: T): Promise<Extract<Packet, { type: T }>[]> {
    const isOfType = (packet: Packet): packet is Extract<Packet, { type: T }> => packet.type === type;
    return (await this.take()).filter(isOfType);
  }

  /** The messages that came; other packets are dropped. */
  takeMessages(): Promise<PublishPacket[]> {
    return this.takeOfType(PacketType.PUBLISH);
  }

  /** The messages that came, as `topic=payload`. */
  async takeTexts(): Promise<string[]> {
    return (await this.takeMessages()).map(textOf);
  }

  async connect(changes: Partial<ConnectPacket> = {}): Promise<ConnackPacket> {
    this.send(connectOf(this.version, changes));
    const [connack] = await this.takeOfType(PacketType.CONNACK);
    if (connack === undefined) throw new Error("no CONNACK came");
    return connack;
  }

  /** Answers the Reason Codes of the SUBACK; what else came is kept. */
  async subscribe(
    requests: string | SubscribeRequest | readonly SubscribeRequest[],
    qos: QoS = 0,
    properties?: Properties,
  ): Promise<readonly number[]> {
    const list = typeof requests === "string" ? [{ topicFilter: requests, qos }] : Array.isArray(requests) ? requests : [requests];
    this.send({
      type: PacketType.SUBSCRIBE,
      packetIdentifier: this.nextIdentifier++,
      subscriptions: (list as SubscribeRequest[]).map((request) => ({ ...plainRequest, qos, ...request })),
      ...(properties === undefined ? {} : { properties }),
    });
    return this.codesOf(PacketType.SUBACK);
  }

  unsubscribe(...topicFilters: string[]): Promise<readonly number[]> {
    this.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: this.nextIdentifier++, topicFilters });
    return this.codesOf(PacketType.UNSUBACK);
  }

  /** Sends a PUBLISH and answers its identifier; QoS above 0 is not taken further. */
  publish(topicName: string, text: string, qos: QoS = 0, changes: Partial<PublishPacket> = {}): number {
    const packetIdentifier = changes.packetIdentifier ?? this.nextIdentifier++;
    this.send(publishOf(topicName, text, qos, { ...(qos > 0 ? { packetIdentifier } : {}), ...changes }));
    return packetIdentifier;
  }

  acknowledge(type: "PUBACK" | "PUBREC" | "PUBREL" | "PUBCOMP", packetIdentifier: number, reasonCode = 0): void {
    this.send({ type: PacketType[type], packetIdentifier, reasonCode });
  }

  /** DISCONNECT, then close. */
  async disconnect(reasonCode = 0, properties?: Properties): Promise<void> {
    this.send({ type: PacketType.DISCONNECT, reasonCode, ...(properties === undefined ? {} : { properties }) });
    this.channel.end();
    await this.settle();
  }

  /** The connection is gone for both sides. */
  async cut(): Promise<void> {
    this.channel.link.cut();
    await this.settle();
  }

  data(chunk: Uint8Array): void {
    this.decoder.push(chunk.slice());
  }

  drained(): void {}

  closed(): void {
    this.isClosed = true;
  }

  private async codesOf(type: typeof PacketType.SUBACK | typeof PacketType.UNSUBACK): Promise<readonly number[]> {
    await this.settle();
    const at = this.packets.findIndex((packet) => packet.type === type);
    if (at < 0) throw new Error("no answer came");
    const [packet] = this.packets.splice(at, 1);
    return (packet as { reasonCodes: readonly number[] }).reasonCodes;
  }
}

const plainRequest: Omit<SubscriptionRequest, "topicFilter"> = {
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
};

export function connectOf(version: ProtocolVersion, changes: Partial<ConnectPacket> = {}): ConnectPacket {
  return { type: PacketType.CONNECT, protocolVersion: version, cleanStart: true, keepAlive: 0, clientIdentifier: "c", ...changes };
}

export function publishOf(topicName: string, text: string, qos: QoS, changes: Partial<PublishPacket> = {}): PublishPacket {
  return { type: PacketType.PUBLISH, topicName, payload: Buffer.from(text), qos, retain: false, dup: false, ...changes };
}

export function textOf(packet: PublishPacket): string {
  return `${packet.topicName}=${Buffer.from(packet.payload).toString()}`;
}
