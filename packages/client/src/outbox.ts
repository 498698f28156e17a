import { MqttError } from "@bowline/protocol";
import {
  DROPPED_EXPIRED,
  DROPPED_TOO_LARGE,
  Fifo,
  pubackCode,
  pushQueue,
  removeQueued,
  type Sender,
  SessionState,
  shiftQueue,
  utf8Decoder,
} from "@bowline/protocol/internal";
import type { Keeper } from "./store/keeper.ts";
import type { OutboxOptions } from "./options.ts";
import { PendingPublication, SUCCESS } from "./publication.ts";

const UNHEARD_KEPT = 1000;

/**
 * Every accepted publication that is not settled: one order, from `publish` to the last acknowledgement, in the session's queue
 * and in flight. Bounded; survives connections; nothing leaves it but by an outcome.
 */
export class Outbox {
  readonly session: SessionState = new SessionState();
  /** Writes publications to a store, once that is open. */
  keeper: Keeper | undefined = undefined;
  /** There is or will be a keeper. */
  readonly isKept: boolean;
  /** Unsettled publications that were accepted. */
  count = 0;
  private bytes = 0;
  private wasFull = false;
  /** One for all that are refused until there is room again: an error costs more than a message. */
  private fullError: MqttError | undefined;
  /** Failed, and perhaps awaited in a moment. */
  private readonly unheard: { readonly publication: PendingPublication; readonly error: MqttError }[] = [];
  /** Not accepted yet, for want of room. */
  private readonly waiting = new Fifo<PendingPublication>();
  private waitingBytes = 0;
  private readonly maximumMessages: number;
  private readonly maximumBytes: number;
  private readonly whenFull: NonNullable<OutboxOptions["whenFull"]>;
  private readonly owner: OutboxOwner;

  constructor(options: OutboxOptions, owner: OutboxOwner, isKept = false) {
    this.isKept = isKept;
    this.session.survives = true;
    this.maximumMessages = options.maximumMessages ?? 10_000;
    this.maximumBytes = options.maximumBytes ?? 10_485_760;
    this.whenFull = options.whenFull ?? "wait";
    this.owner = owner;
  }

  /** Bytes of accepted publications that the transport has not taken, those that wait included. */
  get queuedBytes(): number {
    return this.session.queuedBytes + this.waitingBytes;
  }

  get isEmpty(): boolean {
    return this.count === 0 && this.waiting.length === 0;
  }

  /** Takes a publication, makes it wait, or settles it with QUEUE_FULL. `sender` is that of an open connection. */
  add(publication: PendingPublication, sender: Sender | undefined): void {
    // Whoever waits is first.
    if (this.waiting.length === 0 && this.hasRoom(publication)) {
      this.accept(publication, sender);
      return;
    }
    this.wasFull = true;
    if (this.whenFull === "drop-oldest") this.makeRoom(publication);
    if (this.whenFull === "drop-oldest" && this.hasRoom(publication)) this.accept(publication, sender);
    else if (this.whenFull === "wait" && this.mayWait(publication)) {
      this.waiting.push(publication);
      this.waitingBytes += publication.size;
    } else this.fail(publication, this.full());
  }

  /** The Sender is done with an entry: acknowledged with that Reason Code, or below 0: dropped. */
  done(publication: PendingPublication, outcome: number, sender: Sender | undefined): void {
    this.remove(publication);
    if (outcome === 0) publication.settle(SUCCESS);
    else if (outcome > 0 && outcome < 0x80) publication.settle({ reasonCode: outcome });
    else this.fail(publication, outcomeError(outcome, publication));
    this.admit(sender);
  }

  /** The server forgot its session in the middle of the exchange: nobody can say whether it delivered the message. */
  lost(publication: PendingPublication, sender: Sender | undefined): void {
    this.remove(publication);
    this.fail(publication, new MqttError("SESSION_LOST", { detail: "whether the QoS 2 message was delivered is not known" }));
    this.admit(sender);
  }

  /** Counts a publication of an earlier process. */
  adopt(publication: PendingPublication): void {
    this.count++;
    this.bytes += publication.size;
  }

  /** It could not be kept and has not left: it is taken out, wherever it is, and fails. */
  unkept(publication: PendingPublication, error: MqttError): void {
    if (publication.isSettled) return;
    if (publication.packetIdentifier !== 0) this.session.inFlight.release(publication.packetIdentifier);
    else removeQueued(this.session, (entry) => entry !== publication);
    this.remove(publication);
    this.fail(publication, error);
  }

  /** Takes a publication back that was not sent yet; false when it was. */
  withdraw(publication: PendingPublication): boolean {
    const isOther = (entry: unknown): boolean => entry !== publication;
    const waited = this.waiting.filter(isOther) > 0;
    if (waited) this.waitingBytes -= publication.size;
    else if (removeQueued(this.session, isOther).length === 0) return false;
    else this.remove(publication);
    return true;
  }

  /** Settles queued messages that the server does not take. */
  refuse(test: (publication: PendingPublication) => MqttError | undefined): void {
    const refused = new Map<unknown, MqttError>();
    const removed = removeQueued(this.session, (entry) => {
      const error = test(entry as PendingPublication);
      if (error !== undefined) refused.set(entry, error);
      return error === undefined;
    }) as PendingPublication[];
    for (const publication of removed) {
      this.remove(publication);
      this.fail(publication, refused.get(publication) as MqttError);
    }
  }

  /** Settles everything with that error. */
  failAll(error: MqttError): void {
    const all: PendingPublication[] = [];
    this.session.inFlight.forEach((_id, _state, entry) => {
      if (entry instanceof PendingPublication) all.push(entry);
    });
    all.sort((a, b) => a.sequence - b.sequence);
    this.session.queue.forEach((entry) => all.push(entry as PendingPublication));
    this.waiting.forEach((publication) => all.push(publication));
    this.session.clear();
    this.waiting.clear();
    this.count = this.bytes = this.waitingBytes = 0;
    for (const publication of all) this.fail(publication, error);
  }

  /** Settles a publication with an error; if nobody awaits it by then, the owner is told. */
  fail(publication: PendingPublication, error: MqttError): void {
    publication.settle(error);
    if (publication.isHeard) return;
    // A loop that publishes on and on while the outbox is full awaits nothing, and must not gather what it does not hear.
    if (this.unheard.length >= UNHEARD_KEPT) this.owner.failedUnheard(publication, error);
    else if (this.unheard.push({ publication, error }) === 1) {
      // `await` looks at a publication one microtask after the call that made it, and that call may be under way.
      queueMicrotask(() => queueMicrotask(() => this.tellUnheard()));
    }
  }

  private tellUnheard(): void {
    for (const { publication, error } of this.unheard.splice(0)) {
      if (!publication.isHeard) this.owner.failedUnheard(publication, error);
    }
  }

  /** Accepts what waits, as far as there is room. */
  private admit(sender: Sender | undefined): void {
    for (let next = this.waiting.peek(); next !== undefined && this.hasRoom(next); next = this.waiting.peek()) {
      this.waiting.shift();
      this.waitingBytes -= next.size;
      this.accept(next, sender);
    }
    if (
      this.wasFull &&
      this.waiting.length === 0 &&
      this.count * 2 <= this.maximumMessages &&
      this.bytes * 2 <= this.maximumBytes
    ) {
      this.wasFull = false;
      this.fullError = undefined;
      this.owner.drained();
    }
  }

  private accept(publication: PendingPublication, sender: Sender | undefined): void {
    this.count++;
    this.bytes += publication.size;
    publication.sequence = this.session.nextSequence++;
    if (this.isKept) this.keeper?.keep(publication);
    else publication.accept();
    if (sender === undefined) pushQueue(this.session, publication);
    else sender.enqueue(publication);
  }

  private remove(publication: PendingPublication): void {
    this.count--;
    this.bytes -= publication.size;
    this.keeper?.drop(publication);
  }

  /** A message larger than the limit is taken when nothing else is there, or it could never be sent. */
  private hasRoom({ size }: PendingPublication): boolean {
    return this.count === 0 || (this.count < this.maximumMessages && this.bytes + size <= this.maximumBytes);
  }

  private mayWait({ size }: PendingPublication): boolean {
    return this.waiting.length < this.maximumMessages && this.waitingBytes + size <= this.maximumBytes;
  }

  private full(): MqttError {
    this.fullError ??= new MqttError("QUEUE_FULL", { detail: "the outbox" });
    return this.fullError;
  }

  private makeRoom(publication: PendingPublication): void {
    while (!this.hasRoom(publication)) {
      const oldest = shiftQueue(this.session) as PendingPublication | undefined;
      if (oldest === undefined) return;
      this.remove(oldest);
      this.fail(oldest, this.full());
    }
  }
}

export interface OutboxOwner {
  /** After it was full, it is half empty. */
  drained(): void;
  /** A publication failed and nobody awaits it. */
  failedUnheard(publication: PendingPublication, error: MqttError): void;
}

function outcomeError(outcome: number, { topicName }: PendingPublication): MqttError {
  if (outcome === DROPPED_EXPIRED) return new MqttError("MESSAGE_EXPIRED");
  if (outcome === DROPPED_TOO_LARGE) return new MqttError("PACKET_TOO_LARGE", { detail: "the server's Maximum Packet Size" });
  return new MqttError(pubackCode(outcome), { reasonCode: outcome, detail: utf8Decoder().decode(topicName) });
}
