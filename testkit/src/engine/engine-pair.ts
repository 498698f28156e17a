import { PacketType, type ProtocolVersion, type QoS } from "@bowline/protocol";
import {
  ClientConnection,
  type ClientSink,
  type OutboundEntry,
  OutboundState,
  type PublishOffsets,
  Sender,
  type SenderOwner,
  ServerConnection,
  type ServerSink,
  SessionState,
} from "@bowline/protocol/internal";

export type Direction = "toServer" | "toClient";

/** Where a link breaks: after so many bytes in that direction, the rest in both directions is lost. */
export interface Cut {
  direction: Direction;
  afterBytes: number;
}

/** What one connection writes, and where its sender's questions end: nothing is stored, nothing waits. */
class Wire implements SenderOwner {
  readonly sender: Sender = new Sender(this);
  readonly committed = Number.POSITIVE_INFINITY;
  readonly done: number[];
  private written: Uint8Array[] = [];

  constructor(done: number[]) {
    this.done = done;
  }

  take(): Uint8Array[] {
    this.sender.flush();
    return this.written.splice(0);
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes.slice());
    return true;
  }
  schedule(): void {}
  awaitCommit(): void {}
  entryMoved(): number {
    return 0;
  }
  entryDone(entry: OutboundEntry): void {
    this.done.push(entry.sequence);
  }
  wallTime(): number {
    return 0;
  }
}

/**
 * A client's and a server's engines joined by a link that can be cut at any byte, with sessions that survive it, and on 5.0 with
 * Topic Aliases both ways, which do not:
 * `new EnginePair(5)` is a pair that is ready to connect. Nothing waits for time.
 */
export class EnginePair {
  readonly version: ProtocolVersion;
  /** Payloads that arrived, in order. */
  readonly arrived: Record<Direction, string[]> = { toServer: [], toClient: [] };
  /** Sequence numbers of entries whose flow was completed, by the side that sent them. */
  readonly completed: Record<Direction, number[]> = { toServer: [], toClient: [] };
  /** Bytes that each direction carried on the present connection. */
  readonly carried: Record<Direction, number> = { toServer: 0, toClient: 0 };
  readonly clientSession: SessionState = new SessionState();
  readonly serverSession: SessionState = new SessionState();
  private connections = 0;
  private client!: { wire: Wire; connection: ClientConnection };
  private server!: { wire: Wire; connection: ServerConnection };

  constructor(version: ProtocolVersion) {
    this.version = version;
    this.clientSession.survives = true;
    this.serverSession.survives = true;
  }

  /** Opens a new connection and lets it run until nothing moves or the cut is reached. Answers whether it was cut. */
  connect(cut?: Cut): boolean {
    this.connections++;
    this.carried.toServer = 0;
    this.carried.toClient = 0;
    const serverWire = new Wire(this.completed.toClient);
    const limits = { maximumPacketSize: 65_536, maximumConnectSize: 65_536, connectTimeoutMs: 1000 };
    this.server = { wire: serverWire, connection: new ServerConnection(this.serverSink(), serverWire.sender, limits, 0) };
    const clientWire = new Wire(this.completed.toServer);
    const connect = {
      type: PacketType.CONNECT,
      protocolVersion: this.version,
      cleanStart: false,
      keepAlive: 0,
      clientIdentifier: "pair",
      ...(this.version === 5 ? { properties: { topicAliasMaximum: ALIASES.maximum } } : {}),
    } as const;
    const clientLimits = { ...limits, topicAliases: ALIASES };
    const connection = new ClientConnection(this.clientSink(), clientWire.sender, this.clientSession, connect, clientLimits, 0);
    this.client = { wire: clientWire, connection };
    return this.run(cut);
  }

  /** Accepts a message for sending; it leaves with the next `connect` or `run`. */
  publish(direction: Direction, payload: string, qos: QoS): void {
    const session = direction === "toServer" ? this.clientSession : this.serverSession;
    const bytes = new TextEncoder().encode(payload);
    const entry: OutboundEntry = {
      sequence: session.nextSequence++,
      message: { topicName: new TextEncoder().encode(TOPIC), payload: bytes, properties: undefined, expiresAt: 0 },
      qos,
      retain: false,
      subscriptionIdentifiers: [],
      state: OutboundState.Queued,
      packetIdentifier: 0,
      sent: false,
      commit: 0,
      tag: undefined,
    };
    session.queue.push(entry);
  }

  private run(cut: Cut | undefined): boolean {
    for (;;) {
      const toServer = this.client.wire.take();
      for (const bytes of toServer) if (this.carry("toServer", bytes, cut)) return true;
      const toClient = this.server.wire.take();
      for (const bytes of toClient) if (this.carry("toClient", bytes, cut)) return true;
      if (toServer.length === 0 && toClient.length === 0) return false;
    }
  }

  /** Answers true when the link broke. */
  private carry(direction: Direction, bytes: Uint8Array, cut: Cut | undefined): boolean {
    const left = cut?.direction === direction ? cut.afterBytes - this.carried[direction] : Number.POSITIVE_INFINITY;
    const arriving = bytes.slice(0, Math.min(bytes.length, left));
    this.carried[direction] += arriving.length;
    if (direction === "toServer") this.server.connection.receive(arriving, 0);
    else this.client.connection.receive(arriving, 0);
    if (left > bytes.length) return false;
    this.server.connection.channelClosed();
    this.client.connection.channelClosed();
    return true;
  }

  private serverSink(): ServerSink {
    return {
      connect: (packet) => ({
        kind: "accept",
        session: this.serverSession,
        sessionPresent: this.connections > 1,
        sendMaximum: packet.properties?.receiveMaximum ?? 0xffff,
        receiveMaximum: 0xffff,
        topicAliasMaximum: ALIASES.maximum,
        properties: { topicAliasMaximum: ALIASES.maximum },
        keepAlive: 0,
        topicAliases: ALIASES,
      }),
      authenticate: () => undefined,
      reauthenticate: () => undefined,
      opened: () => {},
      publish: (chunk, offsets) => {
        checkTopic(new TextDecoder().decode(offsets.topic.subarray(offsets.topicStart, offsets.topicEnd)));
        this.arrived.toServer.push(payloadOf(chunk, offsets));
        return 0;
      },
      released: () => 0,
      subscribe: () => ({ reasonCodes: [] }),
      subscribed: () => {},
      unsubscribe: () => ({ reasonCodes: [] }),
      awaitStorage: () => {},
      pauseReading: () => {},
      resumeReading: () => {},
      disconnect: () => {},
      close: () => {},
    };
  }

  private clientSink(): ClientSink {
    return {
      accepted: () => {},
      message: (topicName, chunk, offsets) => {
        checkTopic(topicName);
        this.arrived.toClient.push(payloadOf(chunk, offsets));
        return 0;
      },
      subscribed: () => {},
      unsubscribed: () => {},
      auth: () => {},
      ended: () => {},
    };
  }
}

/** The topic of every message. On 5.0 it goes by its Topic Alias from the second message of a connection on. */
const TOPIC = "topic";
const ALIASES = { maximum: 2, policy: "auto" } as const;

function checkTopic(topicName: string): void {
  if (topicName !== TOPIC) throw new Error(`a message for ${topicName} arrived`);
}

function payloadOf(chunk: Uint8Array, offsets: PublishOffsets): string {
  return new TextDecoder().decode(chunk.subarray(offsets.payloadStart, offsets.payloadEnd));
}
