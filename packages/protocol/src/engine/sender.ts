import { withAliases } from "#alias-table";
import { AcknowledgementRing } from "../flow/acknowledgement-ring.ts";
import { Fifo } from "../flow/fifo.ts";
import { type Message, type OutboundEntry, OutboundState } from "../flow/message.ts";
import { type OutboundAliasSettings, usesAliases } from "../flow/alias-settings.ts";
import type { OutboundAliases } from "../flow/outbound-aliases.ts";
import { writeAcknowledgement } from "../packet/acknowledgement.ts";
import { encodeFromClient } from "../packet/encode-from-client.ts";
import { OutBuffer } from "../packet/out-buffer.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { Packet, ProtocolVersion, QoS } from "../packet/packets.ts";
import type { PublishOffsets } from "../packet/publish-offsets.ts";
import type { PacketEncoder } from "../packet/to-bytes.ts";
import { shorterForms } from "../packet/without-problem-information.ts";
import { copyInto, PublishSource, writePublish } from "../packet/write-publish.ts";
import { pushQueue, shiftQueue } from "../session/outbound-queue.ts";
import type { SessionState } from "../session/session-state.ts";

/**
 * The sending half of a Network Connection, the same for client and server: out-buffer, send quota, Packet Identifiers,
 * outbound QoS 1 and 2, acknowledgements in order.
 *
 * Lifetime: one Network Connection. What survives is in the SessionState it is opened with.
 * May be called at any time by anybody; it calls its owner only to write, to be scheduled for a flush and to journal.
 * Invariants: at most `receiveMaximum` QoS 1 and 2 messages are unacknowledged ([MQTT-3.3.4-9]); entries leave in the order of
 * their sequence ([MQTT-4.6.0-5]); nothing leaves before its commit number is kept; acknowledgements leave in order.
 */
export class Sender {
  readonly out: OutBuffer = new OutBuffer();
  version: ProtocolVersion = 4;
  /** Largest packet the peer takes, bytes. */
  maximumPacketSize: number = NO_LIMIT;
  /** A server's engine puts the one for all packets here. */
  encode: PacketEncoder = encodeFromClient;
  /** Set by the owner when the transport holds too much: entries wait in the queue until it is cleared and `pump` called. */
  blocked = false;
  private readonly owner: SenderOwner;
  private state: SessionState | undefined;
  private scheduled = false;
  private quota = 0;
  private receiveMaximum = 0;
  /** Entries whose next packet waits for its commit, in order. */
  private awaiting: Fifo<OutboundEntry> | undefined;
  /** In-flight entries of an earlier Network Connection, in order, to be sent again. */
  private resending: Fifo<OutboundEntry> | undefined;
  private acknowledgements: AcknowledgementRing | undefined;
  /** Topic Aliases we set; undefined where the peer takes none or none are wanted. */
  private aliases: OutboundAliases | undefined = undefined;

  constructor(owner: SenderOwner) {
    this.owner = owner;
  }

  /**
   * Begins to send messages: after CONNACK on both sides. What an earlier connection left unacknowledged goes first
   * ([MQTT-4.4.0-1]), then the queue.
   *
   * @param aliases Topic Aliases for what is sent, in a page from when their table is loaded; none without.
   */
  open(state: SessionState, receiveMaximum: number, aliases?: OutboundAliasSettings): void {
    this.state = state;
    if (this.version === 5 && aliases !== undefined && usesAliases(aliases)) {
      withAliases(aliases, (made) => {
        this.aliases = made;
      });
    }
    this.receiveMaximum = receiveMaximum;
    this.quota = receiveMaximum;
    if (state.inFlight.count > 0) this.collectResends(state);
    this.pump();
  }

  /** Messages may be sent at once: open, within the quota, nothing older waits. */
  get ready(): boolean {
    const { state } = this;
    return state !== undefined && this.canSend(state) && this.resending === undefined && state.queue.length === 0;
  }

  /** Packets to this peer are written with Topic Aliases: `publishRun` is not for it. */
  get usesAliases(): boolean {
    return this.aliases !== undefined;
  }

  /**
   * Writes any packet but a PUBLISH. One larger than the peer takes goes without its Reason String, then without its User
   * Properties. False, with nothing written, when it is too large all the same ([MQTT-3.1.2-24] [MQTT-3.2.2-15]).
   *
   * @throws PACKET_INVALID, with nothing written.
   */
  packet(packet: Packet): boolean {
    const { out } = this;
    const start = out.end;
    this.encode(out, packet, this.version);
    if (out.end - start > this.maximumPacketSize && !this.shorterPacket(packet, start)) return false;
    this.schedule();
    return true;
  }

  private shorterPacket(packet: Packet, start: number): boolean {
    const { out } = this;
    out.end = start;
    for (const form of shorterForms(packet)) {
      this.encode(out, form, this.version);
      if (out.end - start <= this.maximumPacketSize) return true;
      out.end = start;
    }
    return false;
  }

  /** Copies a run of QoS 0 packets of the same protocol version as they came. */
  publishRun(chunk: Uint8Array, start: number, end: number): void {
    const { out } = this;
    const length = end - start;
    if (out.end + length > BATCH && out.end > 0) this.flush();
    out.ensure(length);
    out.end = copyInto(out, out.end, chunk, start, end);
    if (!this.scheduled) this.schedule();
  }

  /** Sends one QoS 0 message; false when it is larger than the peer takes, and then it is not sent ([MQTT-3.1.2-25]). */
  publishAtMostOnce(source: PublishSource, retain: boolean): boolean {
    source.firstByte = retain ? 0x31 : 0x30;
    source.packetIdentifier = 0;
    return this.write(source);
  }

  /**
   * Sends a QoS 1 or 2 message of which nothing need be remembered but its Packet Identifier, because the session ends with
   * this connection. Only when `ready`. False when it is larger than the peer takes, and then it counts as sent.
   */
  publishTransient(source: PublishSource, qos: QoS, retain: boolean): boolean {
    const state = this.state!;
    const id = state.inFlight.take(qos === 1 ? OutboundState.AwaitingPuback : OutboundState.AwaitingPubrec, undefined);
    source.firstByte = 0x30 | (qos << 1) | (retain ? 1 : 0);
    source.packetIdentifier = id;
    if (!this.write(source)) {
      state.inFlight.release(id);
      return false;
    }
    this.quota--;
    return true;
  }

  /** Sends the entry now if that keeps the order and the quota, else queues it. Its `commit` was set by the caller. Only after `open`. */
  enqueue(entry: OutboundEntry): void {
    const state = this.state!;
    if (this.ready && !this.mustWait(state, entry)) {
      this.sendEntry(state, entry);
      return;
    }
    pushQueue(state, entry);
    if (entry.commit > this.owner.committed) this.owner.awaitCommit();
  }

  /** Sends what the quota, the transport and the commits allow. */
  pump(): void {
    const state = this.state;
    if (state === undefined) return;
    if (this.resending !== undefined) this.resend(state);
    while (this.resending === undefined && !this.blocked && state.queue.length > 0) {
      const entry = state.queue.peek()!;
      if (entry.qos > 0 && !this.canSend(state)) return;
      if (this.mustWait(state, entry)) {
        this.owner.awaitCommit();
        return;
      }
      shiftQueue(state);
      this.sendEntry(state, entry);
    }
  }

  /** Storage kept more: what waited for it may leave. Called when `owner.committed` has moved after `awaitCommit`. */
  commitMoved(): void {
    const n = this.owner.committed;
    const { acknowledgements, awaiting } = this;
    acknowledgements?.release(n, this);
    while (awaiting !== undefined && awaiting.length > 0 && awaiting.peek()!.commit <= n) this.leaveIfInFlight(awaiting.shift()!);
    this.pump();
    if ((acknowledgements !== undefined && acknowledgements.length > 0) || (awaiting !== undefined && awaiting.length > 0)) {
      this.owner.awaitCommit();
    }
  }

  /** Whether the identifier is in flight, and the exchange of its QoS has no packet of that type now. */
  waitsForOther(type: number, id: number): boolean {
    const state = this.state!.inFlight.state(id);
    if (type === PacketType.PUBACK) return state !== 0 && state !== OutboundState.AwaitingPuback;
    if (type === PacketType.PUBREC) return state === OutboundState.AwaitingPuback;
    return state !== 0 && state !== OutboundState.AwaitingPubcomp;
  }

  /** PUBACK from the peer. False: the identifier was not waiting for one. */
  puback(id: number, reasonCode: number): boolean {
    if (!this.expects(id, OutboundState.AwaitingPuback)) return false;
    this.finish(id, reasonCode);
    return true;
  }

  /** PUBREC from the peer. False: the identifier was not waiting for one (a PUBREL was sent again where it is due). */
  pubrec(id: number, reasonCode: number): boolean {
    const state = this.state!;
    if (this.expects(id, OutboundState.AwaitingPubcomp)) {
      const entry = state.inFlight.entry(id);
      if (entry === undefined || entry.commit <= this.owner.committed) this.acknowledge(PacketType.PUBREL, id, 0);
      return true;
    }
    if (!this.expects(id, OutboundState.AwaitingPubrec)) return false;
    if (reasonCode >= 0x80) {
      // [MQTT-4.3.3-4]: a refused message is not released; the identifier is free again (section 4.4).
      this.finish(id, reasonCode);
      return true;
    }
    state.inFlight.setState(id, OutboundState.AwaitingPubcomp);
    const entry = state.inFlight.entry(id);
    if (entry === undefined) {
      this.acknowledge(PacketType.PUBREL, id, 0);
      return true;
    }
    entry.state = OutboundState.AwaitingPubcomp;
    entry.commit = this.owner.entryMoved(entry);
    entry.message = undefined;
    this.leaveWhenCommitted(entry);
    return true;
  }

  /** PUBCOMP from the peer. False: the identifier was not waiting for one. */
  pubcomp(id: number, reasonCode: number): boolean {
    if (!this.expects(id, OutboundState.AwaitingPubcomp)) return false;
    this.finish(id, reasonCode);
    return true;
  }

  /**
   * Sends the acknowledgement of a received packet once `commit` is kept, and not before any earlier acknowledgement.
   */
  acknowledgeAfter(type: number, id: number, reasonCode: number, commit: number): void {
    const ring = this.acknowledgements;
    if (commit <= this.owner.committed && (ring === undefined || ring.length === 0)) {
      this.acknowledge(type, id, reasonCode);
      return;
    }
    this.acknowledgements ??= new AcknowledgementRing();
    this.acknowledgements.push(type, id, reasonCode, commit);
    this.owner.awaitCommit();
  }

  /** Acknowledgements that were to wait for a commit without a number yet (Infinity) wait for this one. */
  numberAcknowledgements(commit: number): void {
    this.acknowledgements?.number(commit);
  }

  /** The acknowledgement that waits for exactly that commit will carry this Reason Code. */
  recodeAcknowledgement(commit: number, reasonCode: number): void {
    this.acknowledgements?.recode(commit, reasonCode);
  }

  /** Writes a PUBACK, PUBREC, PUBREL or PUBCOMP now. */
  acknowledge(type: number, id: number, reasonCode: number): void {
    writeAcknowledgement(this.out, type, id, reasonCode, this.version);
    if (!this.scheduled) this.schedule();
  }

  /** Hands everything written so far to the transport. */
  flush(): void {
    this.scheduled = false;
    const { out } = this;
    if (out.end > 0) out.release(this.owner.write(out.view()));
  }

  /** PUBACKs that still wait for their commit. */
  get pendingPubacks(): number {
    return this.acknowledgements?.pubacks ?? 0;
  }

  private schedule(): void {
    if (this.scheduled) {
      if (this.out.end >= BATCH) this.flush();
      return;
    }
    this.scheduled = true;
    this.owner.schedule(this);
  }

  /** An entry that gets an identifier in a session that survives waits for the commit of that instead. */
  private mustWait(state: SessionState, entry: OutboundEntry): boolean {
    return entry.commit > this.owner.committed && (entry.qos === 0 || !state.survives);
  }

  /** Quota, transport and a free Packet Identifier. */
  private canSend(state: SessionState): boolean {
    return this.quota > 0 && !this.blocked && state.inFlight.count < 0xffff;
  }

  private expects(id: number, state: number): boolean {
    const { inFlight } = this.state!;
    if (inFlight.state(id) !== state) return false;
    // An identifier whose PUBLISH has not left yet cannot be acknowledged, whatever the peer says.
    const entry = inFlight.entry(id);
    return entry === undefined || entry.sent;
  }

  private finish(id: number, reasonCode: number): void {
    const state = this.state!;
    const entry = state.inFlight.entry(id);
    state.inFlight.release(id);
    // Section 4.9: never above its initial value.
    if (this.quota < this.receiveMaximum && this.tookQuota(entry)) this.quota++;
    if (entry !== undefined) this.owner.entryDone(entry, reasonCode);
    if (this.resending !== undefined || state.queue.length > 0) this.pump();
  }

  /** What an earlier connection sent may be acknowledged before its turn to be sent again, for which it takes quota, has come. */
  private tookQuota(entry: OutboundEntry | undefined): boolean {
    const next = this.resending?.peek();
    return next === undefined || entry === undefined || entry.sequence < next.sequence;
  }

  private sendEntry(state: SessionState, entry: OutboundEntry): void {
    if (this.isExpired(entry)) {
      this.owner.entryDone(entry, DROPPED_EXPIRED);
      return;
    }
    if (entry.qos === 0) {
      const fits = this.writeEntry(entry);
      this.owner.entryDone(entry, fits ? 0 : DROPPED_TOO_LARGE);
      return;
    }
    entry.state = entry.qos === 1 ? OutboundState.AwaitingPuback : OutboundState.AwaitingPubrec;
    entry.packetIdentifier = state.inFlight.take(entry.state, entry);
    this.quota--;
    entry.commit = this.owner.entryMoved(entry);
    this.leaveWhenCommitted(entry);
  }

  private isExpired({ message }: OutboundEntry): boolean {
    return message!.expiresAt !== 0 && message!.expiresAt <= this.owner.wallTime();
  }

  private leaveWhenCommitted(entry: OutboundEntry): void {
    if (entry.commit <= this.owner.committed && (this.awaiting === undefined || this.awaiting.length === 0)) {
      this.leave(entry);
      return;
    }
    this.awaiting ??= new Fifo();
    this.awaiting.push(entry);
    this.owner.awaitCommit();
  }

  /** What was sent on an earlier connection may be acknowledged before it is sent again: then its identifier is free already. */
  private leaveIfInFlight(entry: OutboundEntry): void {
    if (this.state!.inFlight.entry(entry.packetIdentifier) === entry) this.leave(entry);
  }

  /** Writes the packet that is due for an entry: its PUBLISH, or the PUBREL after its PUBREC. */
  private leave(entry: OutboundEntry): void {
    if (entry.state === OutboundState.AwaitingPubcomp) {
      this.acknowledge(PacketType.PUBREL, entry.packetIdentifier, 0);
      return;
    }
    if (this.writeEntry(entry)) {
      entry.sent = true;
      return;
    }
    // [MQTT-3.1.2-25]: too large for the peer means discarded as if it had been sent.
    this.state!.inFlight.release(entry.packetIdentifier);
    this.quota++;
    this.owner.entryDone(entry, DROPPED_TOO_LARGE);
  }

  private writeEntry(entry: OutboundEntry): boolean {
    const message = entry.message!;
    const source = shared;
    fillFromMessage(source, message, this.owner);
    source.firstByte = 0x30 | (entry.sent ? 8 : 0) | (entry.qos << 1) | (entry.retain ? 1 : 0);
    source.packetIdentifier = entry.packetIdentifier;
    source.subscriptionIdentifiers = entry.subscriptionIdentifiers;
    return this.write(source);
  }

  private write(source: PublishSource): boolean {
    const { out } = this;
    if (out.end > 0 && out.end + source.payload.end - source.payload.start > BATCH) this.flush();
    if (this.aliases !== undefined) {
      if (!this.aliases.write(out, source, this.maximumPacketSize)) return false;
    } else if (!writePublish(out, this.version, source, this.maximumPacketSize)) return false;
    if (!this.scheduled) this.schedule();
    return true;
  }

  private collectResends(state: SessionState): void {
    const entries: OutboundEntry[] = [];
    const transient: number[] = [];
    state.inFlight.forEach((id, _state, entry) => {
      if (entry === undefined) transient.push(id);
      else entries.push(entry);
    });
    // Without an entry there is nothing to send again: it belonged to a connection whose messages did not survive it.
    for (const id of transient) state.inFlight.release(id);
    entries.sort((a, b) => a.sequence - b.sequence);
    this.resending = new Fifo();
    for (const entry of entries) this.resending.push(entry);
  }

  private resend(state: SessionState): void {
    const list = this.resending!;
    while (list.length > 0) {
      const entry = list.peek()!;
      const isPublish = entry.state !== OutboundState.AwaitingPubcomp;
      if (isPublish && (this.quota <= 0 || this.blocked)) return;
      list.shift();
      // It was acknowledged, or dropped, in the meantime.
      if (state.inFlight.entry(entry.packetIdentifier) !== entry) continue;
      if (isPublish && !entry.sent && this.isExpired(entry)) {
        // [MQTT-3.3.2-5]: it had an identifier, but the connection ended before it left.
        state.inFlight.release(entry.packetIdentifier);
        this.owner.entryDone(entry, DROPPED_EXPIRED);
        continue;
      }
      // A PUBREL waits for no quota but takes one, since its PUBCOMP gives one back ([MQTT-3.3.4-9]); so it may fall below 0.
      this.quota--;
      this.leaveWhenCommitted(entry);
    }
    this.resending = undefined;
  }
}

/** What a Sender needs of the connection it belongs to. */
export interface SenderOwner {
  /** Highest commit number that storage has kept; Infinity where nothing waits for one. */
  readonly committed: number;
  /** Something waits for a commit: call `commitMoved` when `committed` moves. May be asked many times. */
  awaitCommit(): void;
  /** See Channel.write: true when the array may be reused at once. */
  write(bytes: Uint8Array): boolean;
  /** Call `flush` before the turn of the event loop ends. Asked once per batch. */
  schedule(sender: Sender): void;
  /** An entry got a Packet Identifier or moved on: keep that. Answers the commit number its next packet waits for (0: none). */
  entryMoved(entry: OutboundEntry): number;
  /** An entry is finished: acknowledged with that Reason Code, or below 0: dropped, and why. */
  entryDone(entry: OutboundEntry, outcome: number): void;
  /** Wall time in ms; asked only for messages that expire. */
  wallTime(): number;
}

/** Outcomes of entryDone that are not Reason Codes. */
export const DROPPED_EXPIRED = -1;
export const DROPPED_TOO_LARGE = -2;
/** Handed to the transport in pieces of about this many bytes: larger ones gain nothing (measured at 64 and 256 KiB). */
const BATCH = 65_536;
/** Section 3.1.2.11.4: without a Maximum Packet Size only the protocol limits it. */
export const NO_LIMIT: number = 0x0fff_ffff + 5;

/** Filled and read within one synchronous call, so one for the process is enough. */
const shared: PublishSource = new PublishSource();
const NONE: Uint8Array = new Uint8Array(0);

/** Points a source at the parts of a kept message; the caller sets the header fields. */
export function fillFromMessage(source: PublishSource, message: Message, owner: { wallTime(): number }): void {
  source.topic.set(message.topicName, 0, message.topicName.length);
  source.payload.set(message.payload, 0, message.payload.length);
  const properties = message.properties ?? NONE;
  source.properties.set(properties, 0, properties.length);
  // [MQTT-3.3.2-6]: sent on with the received interval less the time the message has waited.
  source.messageExpiryInterval =
    message.expiresAt === 0 ? -1 : Math.max(1, Math.ceil((message.expiresAt - owner.wallTime()) / 1000));
  source.topicAlias = 0;
}

/** Points a source at the parts of a received PUBLISH. `properties` are those to be sent on, in `propertySource`. */
export function fillFromOffsets(source: PublishSource, chunk: Uint8Array, offsets: PublishOffsets): void {
  source.topic.set(offsets.topic, offsets.topicStart, offsets.topicEnd);
  source.payload.set(chunk, offsets.payloadStart, offsets.payloadEnd);
  source.properties.set(chunk, offsets.propertiesStart, offsets.propertiesEnd);
  source.messageExpiryInterval = -1;
  source.topicAlias = 0;
}
