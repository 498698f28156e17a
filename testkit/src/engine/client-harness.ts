import {
  type AuthPacket,
  type ConnackPacket,
  type ConnectPacket,
  type DisconnectPacket,
  type MqttError,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type SubackPacket,
  type UnsubackPacket,
} from "@bowline/protocol";
import {
  ClientConnection,
  type ClientLimits,
  type ClientSink,
  encodeToBytes,
  type OutboundEntry,
  type PublishOffsets,
  publishToPacket,
  Sender,
  type SenderOwner,
  SessionState,
} from "@bowline/protocol/internal";
import { packetsIn } from "./packets-in.ts";
import { connectPacket, type SinkCall } from "./server-harness.ts";

/**
 * A client's engines with a sink that records and answers as the test says: packets of the server go in, packets of the client
 * come out, nothing waits for real time.
 */
export class ClientHarness implements ClientSink, SenderOwner {
  readonly sender: Sender = new Sender(this);
  readonly connection: ClientConnection;
  readonly session: SessionState;
  readonly connect: ConnectPacket;
  readonly calls: SinkCall[] = [];
  now = 0;
  committed = 0;
  /** Answer to each message: the commit number its acknowledgement waits for. */
  messageAnswer = 0;
  /** Called for each message, before it is answered. */
  onMessage: (() => void) | undefined;
  /** Called for each AUTH of the server. */
  onAuth: ((packet: AuthPacket) => void) | undefined;
  /** What ended the connection: an error, the server's packet; "open" before that. */
  end: MqttError | ConnackPacket | DisconnectPacket | undefined | "open" = "open";
  private written: Uint8Array[] = [];

  constructor(version: ProtocolVersion = 5, changes: Partial<ConnectPacket> = {}, more: HarnessOptions = {}) {
    this.session = more.session ?? new SessionState();
    this.connect = connectPacket(version, { cleanStart: false, ...changes });
    const limits = { maximumPacketSize: 1024 * 1024, connectTimeoutMs: 10_000, ...more.limits };
    this.connection = new ClientConnection(this, this.sender, this.session, this.connect, limits, 0);
  }

  /** Takes the CONNECT away and lets the server accept. */
  open(changes: Partial<ConnackPacket> = {}): this {
    this.receive({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0, ...changes });
    this.take();
    this.calls.length = 0;
    return this;
  }

  /** Packets from the server. */
  receive(...packets: Packet[]): this {
    for (const packet of packets) this.receiveBytes(encodeToBytes(packet, this.connect.protocolVersion));
    return this;
  }

  receiveBytes(bytes: Uint8Array): void {
    this.connection.receive(bytes, this.now);
  }

  /** Every packet written to the server since the last call. */
  take(): Packet[] {
    this.sender.flush();
    return packetsIn(this.written.splice(0), this.connect.protocolVersion);
  }

  /** What waited for up to n may leave. */
  commit(n: number): void {
    this.committed = n;
    this.sender.commitMoved();
  }

  // SenderOwner

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes.slice());
    return true;
  }
  schedule(): void {}
  awaitCommit(): void {}
  entryMoved(): number {
    return 0;
  }
  entryDone(entry: OutboundEntry, outcome: number): void {
    this.calls.push(["entryDone", entry.packetIdentifier, outcome]);
  }
  wallTime(): number {
    return this.now;
  }

  // ClientSink

  accepted(packet: ConnackPacket, taken: readonly OutboundEntry[]): void {
    this.calls.push(["accepted", packet, taken.length]);
  }
  message(topicName: string, chunk: Uint8Array, offsets: PublishOffsets): number {
    this.calls.push(["message", topicName, publishToPacket(chunk.slice(), offsets)]);
    this.onMessage?.();
    return this.messageAnswer;
  }
  subscribed(packet: SubackPacket): void {
    this.calls.push(["subscribed", packet.packetIdentifier, packet.reasonCodes]);
  }
  unsubscribed(packet: UnsubackPacket): void {
    this.calls.push(["unsubscribed", packet.packetIdentifier]);
  }
  auth(packet: AuthPacket): void {
    this.calls.push(["auth", packet.reasonCode]);
    this.onAuth?.(packet);
  }
  ended(error: MqttError | undefined, packet: ConnackPacket | DisconnectPacket | undefined): void {
    this.calls.push(["ended", error?.code ?? packet?.type]);
    this.end = error ?? packet;
  }
}

/** What differs from a fresh session and generous limits. */
export interface HarnessOptions {
  session?: SessionState;
  limits?: Partial<ClientLimits>;
}
