import { MqttError } from "@bowline/protocol";
import { Fifo, type OutboundEntry } from "@bowline/protocol/internal";
import type { Session } from "../sessions/session.ts";
import type { QueueEntry, Storage } from "../storage/storage.ts";
import { KeptMessage } from "./kept-message.ts";

/** How many bytes were stored up to a commit number. */
interface StoredMark {
  readonly commit: number;
  storedBytes: number;
}

/**
 * The broker's hand on storage: numbers messages, counts who holds them, and turns what happens to outbound entries into rows.
 *
 * While storage is read-only (a full disk), what has already happened cannot be refused any more: such rows are owed, and
 * written when it recovers; what waits for them waits for a commit number that does not come before. What can still be refused
 * (a new PUBLISH or SUBSCRIBE) goes to storage directly and throws STORE_READ_ONLY. Storage itself is asked each time, since
 * one that is over its size limit still takes what makes room.
 */
export class Journal {
  readonly storage: Storage;
  private nextMessageId = 1;
  private owed: (() => number)[] = [];
  /** Bytes of all messages that were stored, and of those known to be kept; between them a mark for each commit number. */
  private storedBytes = 0;
  private keptBytes = 0;
  private readonly marks = new Fifo<StoredMark>();
  private newest: StoredMark = { commit: 0, storedBytes: 0 };

  constructor(storage: Storage) {
    this.storage = storage;
  }

  /** After `storage.load`. */
  begin(): void {
    this.nextMessageId = this.storage.nextMessageId;
  }

  /** Stores the message unless it is; answers the commit number of the current group. Throws STORE_READ_ONLY. */
  store(tenant: string, message: KeptMessage): number {
    if (message.id !== 0) return 0;
    const id = this.nextMessageId;
    const { topicName, payload, properties, qos, expiresAt, publisher } = message;
    const commit = this.storage.putMessage({
      id,
      tenant,
      topicName,
      payload,
      properties,
      qos,
      retain: false,
      expiresAt,
      publisher,
    });
    this.nextMessageId++;
    message.id = id;
    // A storage that has kept it already is never behind.
    if (commit <= this.storage.committed) return commit;
    this.storedBytes += topicName.length + payload.length + (properties?.length ?? 0);
    if (commit !== this.newest.commit) this.mark(commit);
    this.newest.storedBytes = this.storedBytes;
    return commit;
  }

  /** Whether messages of more than so many bytes were given to storage and are not kept yet. */
  isBehind(maximumBytes: number): boolean {
    if (this.storedBytes - this.keptBytes <= maximumBytes) return false;
    this.forgetKept();
    return this.storedBytes - this.keptBytes > maximumBytes;
  }

  private mark(commit: number): void {
    this.forgetKept();
    this.newest = { commit, storedBytes: 0 };
    this.marks.push(this.newest);
  }

  private forgetKept(): void {
    const { marks } = this;
    const { committed } = this.storage;
    for (let mark = marks.peek(); mark !== undefined && mark.commit <= committed; mark = marks.peek()) {
      this.keptBytes = mark.storedBytes;
      marks.shift();
    }
  }

  /** One holder less. */
  release(message: KeptMessage): void {
    if (--message.references > 0 || message.id === 0) return;
    const { id } = message;
    message.id = 0;
    this.write(() => this.storage.deleteMessage(id));
  }

  /** Keeps the entry as it is now; answers the commit number its next packet waits for, 0 for a session that does not survive. */
  entryMoved(session: Session, entry: OutboundEntry): number {
    if (!session.isPersistent) return 0;
    const { id } = session;
    try {
      return this.storage.putQueueEntry(id, rowOf(entry));
    } catch (error) {
      return this.owe(error, () => (entry.commit = this.storage.putQueueEntry(id, rowOf(entry))));
    }
  }

  /** Forgets an entry that is done. */
  entryDone(session: Session, entry: OutboundEntry): void {
    if (!session.isPersistent) return;
    const { id } = session;
    const { sequence } = entry;
    this.write(() => this.storage.deleteQueueEntry(id, sequence));
  }

  /** Keeps that an inbound QoS 2 identifier is free again; answers the commit number PUBCOMP waits for. */
  inboundReleased(session: Session, packetIdentifier: number): number {
    if (!session.isPersistent) return 0;
    const { id, state } = session;
    try {
      return this.storage.deleteInboundIdentifier(id, packetIdentifier);
    } catch (error) {
      return this.owe(error, () => {
        const commit = this.storage.deleteInboundIdentifier(id, packetIdentifier);
        if (state.inboundCommit === Number.POSITIVE_INFINITY) state.inboundCommit = commit;
        session.connection?.sender.numberAcknowledgements(commit);
        return commit;
      });
    }
  }

  /** Writes now and answers the commit number, or owes it while storage is read-only and answers Infinity. */
  write(operation: () => number): number {
    try {
      return operation();
    } catch (error) {
      return this.owe(error, operation);
    }
  }

  /** Owes an operation that was refused already. */
  later(operation: () => number): void {
    this.owed.push(operation);
  }

  /** Storage takes more than before, perhaps all: pays what is owed, in order. What is refused again stays owed. */
  settle(failed: (error: unknown) => void): void {
    const { owed } = this;
    this.owed = [];
    for (const operation of owed) {
      try {
        this.write(operation);
      } catch (error) {
        // One that fails otherwise must not take those behind it along.
        failed(error);
      }
    }
  }

  /** Answers the commit number that does not come before the operation has one of its own. */
  private owe(error: unknown, operation: () => number): number {
    if (!MqttError.is(error) || error.code !== "STORE_READ_ONLY") throw error;
    this.owed.push(operation);
    return Number.POSITIVE_INFINITY;
  }
}

function rowOf(entry: OutboundEntry): QueueEntry {
  const { message } = entry;
  return {
    sequence: entry.sequence,
    messageId: message instanceof KeptMessage && entry.state !== 3 ? message.id : 0,
    qos: entry.qos,
    retain: entry.retain,
    subscriptionIdentifiers: entry.subscriptionIdentifiers,
    state: entry.state as QueueEntry["state"],
    packetIdentifier: entry.packetIdentifier,
  };
}
