import { Acknowledgements, following } from "./acknowledgements.ts";
import type { LoadContext } from "./load-context.ts";
import { MadeBatch } from "./made-batch.ts";
import { nowNs } from "./monotonic-time.ts";
import { DISCONNECT, PINGREQ } from "./packet-end.ts";
import type { PublishBatch } from "./publish-batch.ts";
import { readConnack } from "./read-connack.ts";
import { ReadyBatch } from "./ready-batch.ts";
import { LoadPhase } from "./shared-counters.ts";
import { walkPackets } from "./walk-packets.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** Identifiers in use at once when the loop is open: beyond them the broker is too slow for the rate. */
const OPEN_LOOP_IN_FLIGHT = 60_000;

/** One publishing client: when a message may leave, and what is answered. How it is written is its batch's affair. */
export class Publisher implements WireOwner {
  /** Waits for its subscribers; the shared counter of that name says when it may go on. */
  isStalled = false;
  /** The transport holds the batch: nothing can be added. */
  isBlocked = false;
  readonly id: number;
  private readonly context: LoadContext;
  private readonly wire: Wire;
  private readonly batch: PublishBatch;
  private readonly acknowledgements: Acknowledgements;
  private sent = 0;
  private nextIdentifier = 1;
  private isReady = false;
  /** What the server takes unacknowledged. */
  private receiveMaximum = 65_535;
  private readonly sentCell: number;
  private readonly deliveredCell: number;
  private readonly stalledCell: number;
  private readonly acknowledgedCell: number;

  constructor(context: LoadContext, id: number) {
    const { options, counters } = context;
    this.context = context;
    this.id = id;
    this.acknowledgements = new Acknowledgements(context);
    this.sentCell = counters.publisherCell(id, "sent");
    this.deliveredCell = counters.publisherCell(id, "delivered");
    this.stalledCell = counters.publisherCell(id, "stalled");
    this.acknowledgedCell = counters.publisherCell(id, "acknowledged");
    this.batch = options.message === undefined ? new ReadyBatch(options, id) : new MadeBatch(options, options.message, id);
    this.wire = context.open(options.subscribers + id, context.input, this, id + 1);
  }

  close(): void {
    if (this.isReady) this.wire.leave(DISCONNECT);
    else this.wire.close();
  }

  /** Says that the connection is there, unless it is busy. */
  ping(): void {
    if (this.isReady && !this.isBlocked) this.isBlocked = !this.wire.write(PINGREQ);
  }

  /** Closed loop: sends what window, in-flight limit and count allow. */
  pump(): void {
    while (this.isReady && !this.isBlocked) {
      const room = this.room();
      if (room <= 0) break;
      const timeNs = nowNs();
      for (let i = 0; i < room; i++) this.put(timeNs);
      this.flush();
    }
    this.flush();
  }

  /** Open loop: adds one message that was due at that time; false when it has to wait for the transport or for acknowledgements. */
  add(dueNs: number): boolean {
    if (this.isBlocked) return false;
    if (this.batch.room === 0) {
      this.flush();
      if (this.isBlocked) return false;
    }
    if (
      this.context.options.qos > 0 &&
      this.sent - this.acknowledgements.count >= Math.min(OPEN_LOOP_IN_FLIGHT, this.receiveMaximum)
    )
      return false;
    this.put(dueNs);
    return true;
  }

  /** Writes what was added, and answers to PUBRECs. */
  flush(): void {
    const { batch, wire } = this;
    const controls = this.acknowledgements.answers;
    if (this.isBlocked || (batch.isEmpty && controls.end === 0)) return;
    Atomics.store(this.context.counters.cells, this.sentCell, this.sent | 0);
    if (controls.end === 0) {
      this.isBlocked = !wire.write(batch.view());
      batch.release(!this.isBlocked);
      return;
    }
    wire.cork();
    wire.write(controls.view());
    if (!batch.isEmpty) wire.write(batch.view());
    this.isBlocked = !wire.uncork();
    controls.release(!this.isBlocked);
    batch.release(!this.isBlocked);
  }

  walk(start: number, end: number): number {
    const at = walkPackets(this.context.input.bytes, start, end, this.answer);
    if (this.context.options.qos > 0)
      Atomics.store(this.context.counters.cells, this.acknowledgedCell, this.acknowledgements.count | 0);
    if (this.context.options.rate > 0 || this.context.counters.phase !== LoadPhase.run) this.flush();
    else this.pump();
    return at;
  }

  drained(): void {
    this.isBlocked = false;
    if (this.context.options.rate > 0) this.flush();
    else this.pump();
  }

  closed(reason: string): void {
    const wasReady = this.isReady;
    this.isReady = false;
    this.context.failed(`publisher: ${reason}`, wasReady);
  }

  /** How many messages may be added now. Without room in the window the subscribers are asked to wake this publisher. */
  private room(): number {
    const { options, counters } = this.context;
    if (counters.phase !== LoadPhase.run) return 0;
    let { room } = this.batch;
    if (options.count > 0) room = Math.min(room, options.count - this.sent);
    if (options.qos > 0)
      room = Math.min(room, Math.min(options.inflight, this.receiveMaximum) - (this.sent - this.acknowledgements.count));
    if (room <= 0) return 0;
    return Math.min(room, this.windowRoom());
  }

  private windowRoom(): number {
    const { cells } = this.context.counters;
    let room = this.windowLeft();
    if (room <= 0) {
      this.isStalled = true;
      Atomics.store(cells, this.stalledCell, 1);
      // Deliveries between the look and the request would wake nobody: look again.
      room = this.windowLeft();
      if (room <= 0) return 0;
    }
    if (this.isStalled) {
      this.isStalled = false;
      Atomics.store(cells, this.stalledCell, 0);
    }
    return room;
  }

  private windowLeft(): number {
    const { counters, options, fan } = this.context;
    // Nobody says what has arrived: the transport and the acknowledgements alone hold a publisher back.
    if (fan === 0) return options.window;
    const delivered = Atomics.load(counters.cells, this.deliveredCell);
    const underWay = (Math.imul(this.sent, fan) - delivered) | 0;
    return Math.ceil(options.window - underWay / fan);
  }

  private put(timeNs: number): void {
    const { sent } = this;
    this.batch.put(sent, timeNs, this.nextIdentifier);
    if (this.context.options.qos > 0) {
      this.acknowledgements.sent(timeNs);
      this.nextIdentifier = following(this.nextIdentifier);
    }
    this.sent = sent + 1;
  }

  private readonly answer = (bytes: Uint8Array, at: number, end: number): void => {
    if (bytes[at]! >>> 4 === 2) {
      this.connected(bytes, at, end);
      return;
    }
    const reason = this.acknowledgements.take(bytes, at, end);
    if (reason !== undefined) this.wire.fail(reason);
  };

  private connected(bytes: Uint8Array, start: number, end: number): void {
    const { options } = this.context;
    const { refusal, receiveMaximum, topicAliasMaximum, keepAlive } = readConnack(bytes, start, end, options.server);
    if (refusal === undefined) {
      this.receiveMaximum = receiveMaximum;
      this.batch.useAliases(topicAliasMaximum);
      this.isReady = true;
      this.wire.mark("connack");
      this.context.keptAlive(keepAlive);
      this.context.ready();
    } else this.wire.fail(refusal);
  }
}
