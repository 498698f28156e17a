import { Acknowledgements, following } from "./acknowledgements.ts";
import type { LoadContext } from "./load-context.ts";
import { writeTopicNumber } from "./load-topics.ts";
import { nowNs } from "./monotonic-time.ts";
import { DISCONNECT, packetEnd, PINGREQ } from "./packet-end.ts";
import { readConnack } from "./read-connack.ts";
import { type PublishTemplate, publishTemplate, SEQUENCE_AT, TIME_AT } from "./publish-template.ts";
import { LoadPhase } from "./shared-counters.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** Largest batch in bytes, if the window allows one so large, and all of a run together. */
const BATCH_SIZE = 131_072;
const ALL_BATCHES = 268_435_456;
/** Identifiers in use at once when the loop is open: beyond them the broker is too slow for the rate. */
const OPEN_LOOP_IN_FLIGHT = 60_000;

/**
 * One publishing client. Its batch holds ready-made packets side by side, of which only time, sequence number and Packet Identifier are
 * written anew.
 */
export class Publisher implements WireOwner {
  /** Waits for its subscribers; the shared counter of that name says when it may go on. */
  isStalled = false;
  /** The transport holds the batch: nothing can be added. */
  isBlocked = false;
  readonly id: number;
  private readonly context: LoadContext;
  private readonly wire: Wire;
  private readonly template: PublishTemplate;
  private readonly batch: Buffer;
  private readonly view: DataView;
  private readonly capacity: number;
  private readonly acknowledgements: Acknowledgements;
  /** Packets in the batch that are not written yet. */
  private filled = 0;
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
    this.template = publishTemplate(options, id);
    const { bytes } = this.template;
    const size = Math.min(BATCH_SIZE, ALL_BATCHES / options.publishers);
    this.capacity = Math.max(1, Math.min(options.window, Math.floor(size / bytes.length)));
    this.batch = Buffer.allocUnsafeSlow(this.capacity * bytes.length);
    for (let i = 0; i < this.capacity; i++) this.batch.set(bytes, i * bytes.length);
    this.view = new DataView(this.batch.buffer, this.batch.byteOffset, this.batch.length);
    this.wire = context.open(options.subscribers + id, context.input, this);
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
    if (this.filled === this.capacity) {
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
    const { filled } = this;
    const controls = this.acknowledgements.answers;
    if (this.isBlocked || (filled === 0 && controls.end === 0)) return;
    Atomics.store(this.context.counters.cells, this.sentCell, this.sent | 0);
    this.filled = 0;
    const packets = this.batch.subarray(0, filled * this.template.bytes.length);
    if (controls.end === 0) {
      this.isBlocked = !this.wire.write(packets);
      return;
    }
    this.wire.cork();
    this.wire.write(controls.view());
    if (filled > 0) this.wire.write(packets);
    this.isBlocked = !this.wire.uncork();
    controls.release(!this.isBlocked);
  }

  walk(start: number, end: number): number {
    const { bytes } = this.context.input;
    let at = start;
    while (end - at >= 2) {
      const next = packetEnd(bytes, at, end);
      if (next > end) break;
      this.answer(bytes, at, next);
      at = next;
    }
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
    this.isReady = false;
    this.context.failed(`publisher: ${reason}`);
  }

  /** How many messages may be added now. Without room in the window the subscribers are asked to wake this publisher. */
  private room(): number {
    const { options, counters } = this.context;
    if (counters.phase !== LoadPhase.run) return 0;
    let room = this.capacity;
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
    const { view, template, sent } = this;
    const at = this.filled++ * template.bytes.length;
    const payload = at + template.payloadAt;
    view.setFloat64(payload + TIME_AT, timeNs, true);
    view.setUint32(payload + SEQUENCE_AT, sent, true);
    if (template.trailerAt > 0) view.setUint32(at + template.trailerAt, sent, true);
    const { qos, topics } = this.context.options;
    if (topics > 1) writeTopicNumber(view, at + template.identifierAt, sent, topics);
    if (qos > 0) {
      view.setUint16(at + template.identifierAt, this.nextIdentifier);
      this.acknowledgements.sent(timeNs);
      this.nextIdentifier = following(this.nextIdentifier);
    }
    this.sent = sent + 1;
  }

  private answer(bytes: Uint8Array, at: number, end: number): void {
    if (bytes[at]! >>> 4 === 2) {
      this.connected(bytes, at, end);
      return;
    }
    const reason = this.acknowledgements.take(bytes, at, end);
    if (reason !== undefined) this.wire.fail(reason);
  }

  private connected(bytes: Uint8Array, start: number, end: number): void {
    const { options } = this.context;
    const { refusal, receiveMaximum, keepAlive } = readConnack(bytes, start, end, options.server);
    if (refusal === undefined) {
      this.receiveMaximum = receiveMaximum;
      this.isReady = true;
      this.context.keptAlive(keepAlive);
      this.context.ready();
    } else this.wire.fail(refusal);
  }
}
