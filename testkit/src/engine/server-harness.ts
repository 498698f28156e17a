import {
  type AuthPacket,
  type ConnectPacket,
  type MqttError,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type SubscribePacket,
} from "@bowline/protocol";
import {
  type AcceptConnect,
  type ConnectAnswer,
  encodeToBytes,
  type OutboundEntry,
  type PublishAnswer,
  type PublishOffsets,
  publishToPacket,
  type ReauthenticateAnswer,
  Sender,
  type SenderOwner,
  ServerConnection,
  type ServerSink,
  SessionState,
  type SubscribeAnswer,
} from "@bowline/protocol/internal";
import { packetsIn } from "./packets-in.ts";

/** What the sink was told, in order: a word and what matters of it. */
export type SinkCall = readonly [name: string, ...details: unknown[]];

/**
 * A server's engines with a sink that records and answers as the test says: bytes go in, packets come out, nothing waits for
 * real time. `now` moves when the test moves it.
 */
export class ServerHarness implements ServerSink, SenderOwner {
  readonly sender: Sender = new Sender(this);
  readonly connection: ServerConnection;
  readonly session: SessionState;
  readonly calls: SinkCall[] = [];
  now = 0;
  committed = 0;
  /** Answer to each PUBLISH. */
  publishAnswer: PublishAnswer = 0;
  /** Commit number answered for every entry of the session and every PUBREL. */
  entryCommit = 0;
  /** Changes the answer to CONNECT; undefined leaves it open. */
  connectAnswer: ((accept: AcceptConnect) => ConnectAnswer | undefined) | undefined;
  /** Answers to AUTH before the CONNACK and after it; undefined leaves it open. */
  authenticateAnswer: ((packet: AuthPacket) => ConnectAnswer | undefined) | undefined;
  reauthenticateAnswer: ((packet: AuthPacket) => ReauthenticateAnswer | undefined) | undefined;
  /** Answer to SUBSCRIBE; undefined leaves it open. */
  subscribeAnswer: ((packet: SubscribePacket) => SubscribeAnswer | undefined) | undefined;
  /** What ended the connection: an error, or undefined for a normal DISCONNECT; "open" before that. */
  ended: MqttError | undefined | "open" = "open";
  private version: ProtocolVersion = 5;
  private written: Uint8Array[] = [];

  constructor(session: SessionState = new SessionState()) {
    this.session = session;
    const limits = { maximumPacketSize: 1024 * 1024, maximumConnectSize: 65_536, connectTimeoutMs: 10_000 };
    this.connection = new ServerConnection(this, this.sender, limits, this.now);
  }

  /** Connects and takes the CONNACK away. */
  open(version: ProtocolVersion = 5, changes: Partial<ConnectPacket> = {}): this {
    this.send(connectPacket(version, changes));
    this.take();
    this.calls.length = 0;
    return this;
  }

  /** Packets from the client, in one chunk. */
  send(...packets: Packet[]): void {
    const chunks = packets.map((packet) => {
      if (packet.type === PacketType.CONNECT) this.version = packet.protocolVersion;
      return encodeToBytes(packet, this.version);
    });
    this.sendBytes(join(chunks));
  }

  sendBytes(bytes: Uint8Array): void {
    this.connection.receive(bytes, this.now);
  }

  /** Every packet written to the client since the last call. */
  take(): Packet[] {
    this.sender.flush();
    return packetsIn(this.written.splice(0), this.version);
  }

  /** Storage kept everything up to n. */
  commit(n: number): void {
    this.committed = n;
    this.sender.commitMoved();
    this.connection.retryPublish();
  }

  // SenderOwner

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes.slice());
    return true;
  }
  schedule(): void {}
  awaitCommit(): void {}
  entryMoved(entry: OutboundEntry): number {
    this.calls.push(["entryMoved", entry.packetIdentifier, entry.state]);
    return this.entryCommit;
  }
  entryDone(entry: OutboundEntry, outcome: number): void {
    this.calls.push(["entryDone", entry.packetIdentifier, outcome]);
  }
  wallTime(): number {
    return this.now;
  }

  // ServerSink

  connect(packet: ConnectPacket): ConnectAnswer | undefined {
    this.calls.push(["connect", packet]);
    const accept: AcceptConnect = {
      kind: "accept",
      session: this.session,
      sessionPresent: false,
      sendMaximum: packet.properties?.receiveMaximum ?? 0xffff,
      receiveMaximum: 10,
      topicAliasMaximum: 4,
      keepAlive: packet.keepAlive,
    };
    return this.connectAnswer === undefined ? accept : this.connectAnswer(accept);
  }
  authenticate(packet: AuthPacket): ConnectAnswer | undefined {
    this.calls.push(["authenticate", packet]);
    return this.authenticateAnswer?.(packet);
  }
  reauthenticate(packet: AuthPacket): ReauthenticateAnswer | undefined {
    this.calls.push(["reauthenticate", packet]);
    return this.reauthenticateAnswer?.(packet);
  }
  opened(): void {
    this.calls.push(["opened"]);
  }
  publish(chunk: Uint8Array, offsets: PublishOffsets): PublishAnswer {
    this.calls.push(["publish", publishToPacket(chunk.slice(), offsets), offsets.count]);
    return this.publishAnswer;
  }
  released(packetIdentifier: number): number {
    this.calls.push(["released", packetIdentifier]);
    return this.entryCommit;
  }
  subscribe(packet: SubscribePacket): SubscribeAnswer | undefined {
    this.calls.push(["subscribe", packet]);
    if (this.subscribeAnswer !== undefined) return this.subscribeAnswer(packet);
    return { reasonCodes: packet.subscriptions.map((subscription) => subscription.qos) };
  }
  subscribed(): void {
    this.calls.push(["subscribed"]);
  }
  unsubscribe(packet: { topicFilters: readonly string[] }): SubscribeAnswer | undefined {
    this.calls.push(["unsubscribe", packet.topicFilters]);
    return { reasonCodes: packet.topicFilters.map(() => 0) };
  }
  awaitStorage(): void {}
  pauseReading(): void {
    this.calls.push(["pauseReading"]);
  }
  resumeReading(): void {
    this.calls.push(["resumeReading"]);
  }
  disconnect(packet: { reasonCode: number }): void {
    this.calls.push(["disconnect", packet.reasonCode]);
  }
  close(error: MqttError | undefined): void {
    this.calls.push(["close", error?.code]);
    this.ended = error;
  }
}

/** A CONNECT that every server takes. */
export function connectPacket(version: ProtocolVersion, changes: Partial<ConnectPacket> = {}): ConnectPacket {
  return { type: PacketType.CONNECT, protocolVersion: version, cleanStart: true, keepAlive: 60, clientIdentifier: "c", ...changes };
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
