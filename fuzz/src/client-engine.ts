import { type AuthPacket, type ConnackPacket, MqttError, type ProtocolVersion } from "@bowline/protocol";
import { ClientConnection, type ClientSink, type OutboundEntry, type SessionState } from "@bowline/protocol/internal";
import { FuzzedOwner, PlantedError } from "./fuzzed-owner.ts";
import { outboundEntry } from "./outbound-entry.ts";
import type { Random } from "./random.ts";

/** Receive Maximum below and above the number of Packet Identifiers that come. */
const FEW = 3;
const MANY = 20;

/** The engines of a client for one Network Connection, with a sink that does whatever a client may do. As FuzzedServer. */
export class FuzzedClient extends FuzzedOwner implements ClientSink {
  readonly connection: ClientConnection;
  /** Whether its CONNECT names an Authentication Method. */
  readonly namesMethod: boolean;
  private readonly session: SessionState;

  constructor(random: Random, session: SessionState, version: ProtocolVersion, now: number) {
    super(random, now);
    this.session = session;
    this.namesMethod = version === 5 && random.below(2) === 0;
    const properties = {
      receiveMaximum: random.below(3) === 0 ? FEW : MANY,
      topicAliasMaximum: random.below(4),
      ...(this.namesMethod ? { authenticationMethod: "m" } : {}),
    };
    const connect = {
      type: 1 as const,
      protocolVersion: version,
      cleanStart: random.below(2) === 0,
      keepAlive: random.below(3),
      clientIdentifier: "c",
      ...(version === 5 ? { properties } : {}),
    };
    const limits = { maximumPacketSize: 1024, connectTimeoutMs: 10_000, topicAliases: { maximum: 3, policy: "auto" as const } };
    this.connection = new ClientConnection(this, this.sender, session, connect, limits, now);
    this.sender.flush();
  }

  /** Nothing but a promise kept may come of any bytes: whatever is thrown here passed the connection's boundary. */
  receive(chunk: Uint8Array): void {
    this.view.sent(chunk, false);
    this.connection.receive(chunk, this.now);
    this.sender.flush();
  }

  /** One thing that may happen between two chunks. */
  step(): void {
    if (this.isClosed) return;
    const { random, connection } = this;
    switch (random.below(8)) {
      case 0:
        this.committed = this.highestCommit;
        this.sender.commitMoved();
        break;
      case 1:
        this.now += random.below(20_000);
        connection.tick(this.now, random.below(4) !== 0);
        break;
      case 2:
        this.sender.blocked = !this.sender.blocked;
        if (!this.sender.blocked) this.sender.pump();
        break;
      case 3:
        if (connection.isOpen && random.below(10) === 0) {
          connection.disconnect(0);
          this.isClosed = true;
        }
        break;
      case 4:
        if (connection.isOpen) this.request();
        break;
      default:
        if (connection.isOpen) this.send();
    }
    this.sender.flush();
  }

  // ClientSink

  accepted(packet: ConnackPacket, taken: readonly OutboundEntry[]): void {
    this.wasOpen = true;
    this.view.receiveMaximum = packet.properties?.receiveMaximum ?? 0xffff;
    this.view.maximumPacketSize = packet.properties?.maximumPacketSize ?? this.view.maximumPacketSize;
    this.told(`accepted, ${taken.length} taken`);
    if (this.random.below(2) === 0) this.request();
  }
  message(): number {
    this.told("message");
    if (this.random.below(4) === 0) this.send();
    return this.random.below(3) === 0 ? ++this.highestCommit : 0;
  }
  subscribed(): void {
    this.told("subscribed");
  }
  unsubscribed(): void {
    this.told("unsubscribed");
  }
  auth(packet: AuthPacket): void {
    this.told("auth");
    if (packet.reasonCode === 0x18 && this.random.below(4) !== 0) this.connection.authenticate();
  }
  ended(error: MqttError | undefined): void {
    if (this.isClosed) this.view.findings.push("ended twice");
    this.over(error);
  }

  private told(what: string): void {
    if (this.isClosed) this.view.findings.push(`${what} after the end`);
    if (this.random.below(80) !== 0) return;
    this.hasThrown = true;
    throw new PlantedError(what);
  }

  private send(): void {
    if (this.connection.isOpen) this.sender.enqueue(outboundEntry(this.random, this.session, ++this.highestCommit, this.now));
  }

  private request(): void {
    const { random, connection } = this;
    const subscription = {
      topicFilter: "a/#",
      qos: 1 as const,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0 as const,
    };
    switch (random.below(4)) {
      case 0:
        connection.unsubscribe(["a/#"]);
        break;
      case 1:
        if (this.namesMethod && random.below(4) === 0) this.reauthenticate();
        break;
      default:
        connection.subscribe(random.below(2) === 0 ? [subscription] : [subscription, { ...subscription, topicFilter: "b" }]);
    }
  }

  /** Only one at a time: a second one is refused to the caller, and the connection goes on. */
  private reauthenticate(): void {
    try {
      this.connection.reauthenticate();
    } catch (error) {
      if (!MqttError.is(error) || error.source !== "usage") throw error;
    }
  }
}
