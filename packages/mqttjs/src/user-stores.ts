import { OutboundState, type OutboundEntry, type SessionState } from "@bowline/protocol/internal";
import { type Commits, type Dialer, type Gate, gatedDialer } from "@bowline/client/internal";
import type { Identifiers } from "./identifiers.ts";
import type { DoneCallback } from "./options.ts";
import { OutgoingPublish } from "./outgoing-publish.ts";
import type { IPublishPacket, Packet } from "./packets.ts";
import type { IStore, PacketStream } from "./store.ts";

/**
 * Keeps the session in the application's own stores, as MQTT.js does: messages with QoS 1 and 2 from the call until they are
 * acknowledged, as PUBREL after their PUBREC, and messages with QoS 2 of the server until they are released.
 *
 * A message leaves when its `put` called back; PUBREL, PUBREC and PUBCOMP leave when what they say is in the stores.
 * Lifetime: until `end`; a client that comes back gets another one.
 */
export class UserStores implements Commits {
  readonly outgoing: IStore | undefined;
  readonly incoming: IStore | undefined;
  needed = 0;
  committed = 0;
  gate: Gate | undefined = undefined;
  private readonly progressed: () => void;
  private readonly session: SessionState;
  private readonly identifiers: Identifiers;
  /** Changes that were made before an earlier one. */
  private readonly made = new Set<number>();
  /** Packet Identifiers in `incoming`. */
  private readonly received = new Set<number>();
  private isLoaded = false;

  /** @param progressed the outgoing store has let a message go */
  constructor(
    outgoing: IStore | undefined,
    incoming: IStore | undefined,
    session: SessionState,
    identifiers: Identifiers,
    progressed: () => void,
  ) {
    this.progressed = progressed;
    this.outgoing = outgoing;
    this.incoming = incoming;
    this.session = session;
    this.identifiers = identifiers;
  }

  /** Takes over what an earlier client left in the stores, before what this one was given meanwhile. */
  async load(version: 3 | 4 | 5): Promise<void> {
    if (this.isLoaded) return;
    this.isLoaded = true;
    const packets = this.outgoing === undefined ? [] : await packetsOf(this.outgoing);
    const isNew = ({ messageId = 0 }: Packet): boolean => this.identifiers.reserve(messageId);
    const fresh = packets.filter(isNew);
    for (const [index, packet] of fresh.entries()) this.restore(packet, index - fresh.length, version);
    if (this.incoming === undefined) return;
    for (const { messageId = 0 } of await packetsOf(this.incoming)) {
      this.session.inbound.add(messageId);
      this.received.add(messageId);
    }
  }

  /** Keeps a message, which calls back when it may leave, or with the store's error. */
  keep(entry: OutgoingPublish, done: DoneCallback): void {
    const { outgoing } = this;
    entry.promised = this.identifiers.promise();
    if (outgoing === undefined || entry.promised === 0) {
      done();
      return;
    }
    entry.isKept = true;
    outgoing.put(entry.packet(), (error) => {
      if (error != null) this.identifiers.withdraw(entry.promised);
      done(error ?? undefined);
    });
  }

  /** The message is done with; calls back with what the store had of it. */
  forget(entry: OutgoingPublish, done: (error?: Error | null, packet?: Packet) => void): void {
    const { outgoing, identifiers } = this;
    const { promised: messageId } = entry;
    if (outgoing === undefined || !entry.isKept) {
      done();
      return;
    }
    // Nobody else may have the identifier until the store has let it go.
    const isOurs = identifiers.reserve(messageId) || identifiers.isPromised(messageId);
    outgoing.del({ messageId }, (error, packet) => {
      if (isOurs) identifiers.withdraw(messageId);
      done(error, packet);
      this.progressed();
    });
  }

  /** The Sender is done with a message that is kept here. */
  finish(entry: OutgoingPublish, outcome: number): void {
    this.forget(entry, (error, stored) => {
      if (error != null) entry.settle(error);
      else entry.done(outcome, stored);
    });
  }

  /** CONNACK came. What a new session does not know is forgotten. */
  accepted(): void {
    for (const messageId of this.received) if (!this.session.inbound.has(messageId)) this.released(messageId);
  }

  /** A message of the server with QoS 2 came, and the application was told. */
  take(packet: IPublishPacket): void {
    const { incoming } = this;
    if (incoming === undefined) return;
    this.received.add(packet.messageId ?? 0);
    this.change((done) => incoming.put(packet, done));
  }

  close(done: DoneCallback): void {
    closed(this.incoming, (first) => closed(this.outgoing, (second) => done(first ?? second)));
  }

  // What the connection tells.

  gated(dial: Dialer): Dialer {
    return gatedDialer(dial, this);
  }

  moved(entry: OutboundEntry): void {
    const { outgoing } = this;
    if (outgoing === undefined || entry.state !== OutboundState.AwaitingPubcomp) return;
    const packet = { cmd: "pubrel", qos: 2, messageId: entry.packetIdentifier } as Packet;
    this.change((done) => outgoing.put(packet, done));
  }

  freed(messageId: number): void {
    this.released(messageId);
  }

  inbound(): void {
    // `take` has the packet.
  }
  settled(): void {
    // Nothing waits in the store for a handler.
  }
  repeated(): number {
    return 0;
  }
  start(): void {
    // Stores begin at once.
  }

  private released(messageId: number): void {
    const { incoming } = this;
    if (incoming === undefined || !this.received.delete(messageId)) return;
    this.change((done) => incoming.del({ messageId }, done));
  }

  /** What leaves after this waits for it. A store's error is no reason to keep the server waiting. */
  private change(make: (done: () => void) => void): void {
    const number = ++this.needed;
    make(() => {
      this.made.add(number);
      while (this.made.delete(this.committed + 1)) this.committed++;
      this.gate?.committed();
    });
  }

  private restore(packet: Packet, sequence: number, version: 3 | 4 | 5): void {
    const { cmd, messageId = 0 } = packet;
    if (cmd !== "publish" && cmd !== "pubrel") {
      this.identifiers.withdraw(messageId);
      return;
    }
    const { topic = "", payload = "", ...options } = (cmd === "publish" ? packet : {}) as Partial<IPublishPacket>;
    const qos = cmd === "publish" ? (options.qos ?? 1) : 2;
    const entry = new OutgoingPublish(topic, payload, { ...options, qos }, undefined, version);
    Object.assign(entry, { sequence, promised: messageId, isKept: true, packetIdentifier: messageId });
    // Nobody knows whether it left.
    entry.sent = true;
    if (cmd === "pubrel") entry.message = undefined;
    entry.state =
      cmd === "pubrel" ? OutboundState.AwaitingPubcomp : qos === 1 ? OutboundState.AwaitingPuback : OutboundState.AwaitingPubrec;
    this.identifiers.take(entry.state, entry);
  }
}

/** What a store holds. Streams of older packages have events alone. */
async function packetsOf(store: IStore): Promise<Packet[]> {
  const stream = store.createStream();
  const packets: Packet[] = [];
  if ((stream as Partial<PacketStream>)[Symbol.asyncIterator] !== undefined) {
    for await (const packet of stream) packets.push(packet);
    return packets;
  }
  await new Promise((resolve, reject) => {
    stream.on("data", (packet: Packet) => packets.push(packet));
    stream.on("error", reject);
    stream.on("end", resolve);
  });
  return packets;
}

function closed(store: IStore | undefined, done: DoneCallback): void {
  if (store === undefined) done();
  else store.close(done);
}
