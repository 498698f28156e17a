import { type AuthPacket, type ConnectPacket, MqttError, type SubscribePacket } from "@bowline/protocol";
import {
  type ConnectAnswer,
  Later,
  type PublishAnswer,
  type PublishOffsets,
  type ReauthenticateAnswer,
  ServerConnection,
  type ServerSink,
  type SessionState,
  type SubscribeAnswer,
} from "@bowline/protocol/internal";
import { FuzzedOwner, PlantedError } from "./fuzzed-owner.ts";
import { outboundEntry } from "./outbound-entry.ts";
import type { Random } from "./random.ts";

const LIMITS = { maximumPacketSize: 1024, maximumConnectSize: 2048, connectTimeoutMs: 10_000 };

/**
 * The engines of a server for one Network Connection, with a sink that answers as the dice fall: now or later, yes, no, or by
 * throwing. It finds where the engine breaks a promise: calls after `close`, an exception of its own (INTERNAL), a close on 5.0 that
 * says nothing, and all that PeerView sees.
 */
export class FuzzedServer extends FuzzedOwner implements ServerSink {
  readonly connection: ServerConnection;
  /** A server's CONNACK is its own business. */
  readonly namesMethod = false;
  private readonly session: SessionState;
  private isPaused = false;
  private readonly asked = new Set<"connect" | "subscribe" | "unsubscribe" | "reauthenticate" | "publish">();
  private filters = 0;
  private connectPacket: ConnectPacket | undefined;

  constructor(random: Random, session: SessionState, now: number) {
    super(random, now);
    this.session = session;
    this.connection = new ServerConnection(this, this.sender, LIMITS, now);
  }

  /** Nothing but a promise kept may come of any bytes: whatever is thrown here passed the connection's boundary. */
  receive(chunk: Uint8Array): void {
    this.view.sent(chunk, this.isPaused);
    this.connection.receive(chunk, this.now);
    this.sender.flush();
  }

  /** One thing that may happen between two chunks; a fault of the sink ends the connection, as the broker has it. */
  step(): void {
    if (this.isClosed) return;
    try {
      this.happen();
    } catch (error) {
      if (!(error instanceof PlantedError)) throw error;
      this.connection.disconnect(new MqttError("INTERNAL", { cause: error, reasonCode: 0x80 }));
    }
    this.sender.flush();
  }

  private happen(): void {
    switch (this.random.below(9)) {
      case 0:
      case 1:
      case 2:
        this.answer();
        break;
      case 3:
        this.committed = this.highestCommit;
        this.sender.commitMoved();
        this.connection.retryPublish();
        break;
      case 4:
        this.now += this.random.below(20_000);
        this.connection.tick(this.now);
        break;
      case 5:
        this.sender.blocked = !this.sender.blocked;
        if (!this.sender.blocked) this.sender.pump();
        break;
      case 6:
        if (this.connection.isOpen) this.send();
        break;
      case 7:
        this.connection.retryPublish();
        break;
      default:
        if (this.random.below(20) === 0) this.connection.disconnect(new MqttError("TAKEOVER", { reasonCode: 0x8e }));
    }
  }

  // ServerSink

  connect(packet: ConnectPacket): ConnectAnswer | undefined {
    this.told("connect");
    this.view.maximumPacketSize = packet.properties?.maximumPacketSize ?? this.view.maximumPacketSize;
    return this.later("connect") ? undefined : this.connectAnswer(packet);
  }
  authenticate(_packet: AuthPacket): ConnectAnswer | undefined {
    this.told("authenticate");
    return this.later("connect") ? undefined : this.connectAnswer(undefined);
  }
  reauthenticate(_packet: AuthPacket): ReauthenticateAnswer | undefined {
    this.told("reauthenticate");
    return this.later("reauthenticate") ? undefined : this.reauthenticateAnswer();
  }
  opened(): void {
    this.told("opened");
    this.wasOpen = true;
  }
  publish(_chunk: Uint8Array, _offsets: PublishOffsets): PublishAnswer {
    this.told("publish");
    if (this.random.below(3) === 0) this.send();
    switch (this.random.below(6)) {
      case 0:
        return -0x87;
      case 1:
        return Later;
      case 2:
        return ++this.highestCommit;
      default:
        return 0;
    }
  }
  awaitStorage(): void {
    this.told("awaitStorage");
  }
  released(): number {
    this.told("released");
    return this.random.below(2) !== 0 ? 0 : ++this.highestCommit;
  }
  subscribe(packet: SubscribePacket): SubscribeAnswer | undefined {
    this.told("subscribe");
    this.filters = packet.subscriptions.length;
    return this.later("subscribe") ? undefined : this.subscribeAnswer();
  }
  subscribed(): void {
    this.told("subscribed");
    this.send();
  }
  unsubscribe(packet: { topicFilters: readonly string[] }): SubscribeAnswer | undefined {
    this.told("unsubscribe");
    this.filters = packet.topicFilters.length;
    return this.later("unsubscribe") ? undefined : this.subscribeAnswer();
  }
  pauseReading(): void {
    this.isPaused = true;
  }
  resumeReading(): void {
    this.isPaused = false;
  }
  disconnect(): void {
    this.told("disconnect");
  }
  close(error: MqttError | undefined): void {
    this.told("close", true);
    this.over(error);
    if (error === undefined && this.view.packets.at(-1)?.type === 14) {
      this.view.findings.push("DISCONNECT in answer to a DISCONNECT, section 3.14.4");
    }
  }

  private told(what: string, neverThrows = false): void {
    if (this.isClosed) this.view.findings.push(`${what} after close`);
    if (neverThrows || this.random.below(60) !== 0) return;
    this.hasThrown = true;
    throw new PlantedError(what);
  }

  private later(question: "connect" | "subscribe" | "unsubscribe" | "reauthenticate"): boolean {
    if (this.random.below(2) !== 0) return false;
    this.asked.add(question);
    return true;
  }

  /** Answers one open question; also those that nobody waits for any more, which must do nothing. */
  private answer(): void {
    const [question] = this.asked;
    if (question === undefined) return;
    this.asked.delete(question);
    if (question === "connect") this.connection.answerConnect(this.connectAnswer(undefined));
    else if (question === "subscribe") this.connection.answerSubscribe(this.subscribeAnswer());
    else if (question === "unsubscribe") this.connection.answerUnsubscribe(this.subscribeAnswer());
    else this.connection.answerReauthenticate(this.reauthenticateAnswer());
  }

  private connectAnswer(packet: ConnectPacket | undefined): ConnectAnswer {
    this.connectPacket = packet ?? this.connectPacket;
    const asked = this.connectPacket?.properties;
    const { random } = this;
    if (asked?.authenticationMethod !== undefined && random.below(2) === 0) return { kind: "continue" };
    if (random.below(12) === 0) return refusal(0x87);
    const sendMaximum = Math.min(asked?.receiveMaximum ?? 0xffff, 1 + random.below(4));
    this.view.receiveMaximum = sendMaximum;
    return {
      kind: "accept",
      session: this.session,
      sessionPresent: false,
      sendMaximum,
      receiveMaximum: 1 + random.below(4),
      topicAliasMaximum: random.below(4),
      keepAlive: random.below(3),
      properties: { reasonString: "welcome", userProperties: [["a", "b"]] },
      topicAliases: { maximum: asked?.topicAliasMaximum ?? 0, policy: random.below(2) === 0 ? "auto" : "always" },
    };
  }

  private subscribeAnswer(): SubscribeAnswer {
    const code = this.version === 5 ? 0x87 : 0x80;
    const reasonCodes = Array.from({ length: this.filters }, () => (this.random.below(2) === 0 ? code : 0));
    return { reasonCodes, properties: { reasonString: "so it is", userProperties: [["a", "b"]] } };
  }

  private reauthenticateAnswer(): ReauthenticateAnswer {
    const dice = this.random.below(3);
    return dice === 0 ? { kind: "continue" } : dice === 1 ? { kind: "success" } : refusal(0x87);
  }

  private send(): void {
    this.sender.enqueue(outboundEntry(this.random, this.session, ++this.highestCommit, this.now));
  }
}

function refusal(reasonCode: number): { kind: "refuse"; reasonCode: number; error: MqttError } {
  return { kind: "refuse", reasonCode, error: new MqttError("NOT_AUTHORIZED", { reasonCode }) };
}
