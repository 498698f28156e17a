import type { Clock, TimerHandle } from "@bowline/protocol/internal";
import { ByteQueue } from "./byte-queue.ts";
import type { CutKind, LinkOptions } from "./link-options.ts";

/** Largest piece that travels at once when the bandwidth is limited, so that bytes arrive one after the other. */
const SEGMENT_BYTES = 1460;

/** Bytes that arrive together, or the end of the stream. */
interface Segment {
  readonly bytes: Uint8Array | "end";
  readonly dueMs: number;
}

/** What a pipe tells its two ends and its link. */
export interface PipeEnds {
  /** The chunk is the receiver's until this returns. False when there is no receiver any more. */
  data(chunk: Uint8Array): boolean;
  ended(): void;
  /** Everything that was written is on its way, after a write that answered false. */
  drained(): void;
  /** So is the sender's end of the stream. */
  endSent(): void;
  /** Bytes came for a receiver which is gone. */
  refused(): void;
  cut(kind: CutKind): void;
}

/** One direction of a virtual link: a sender's buffer, a line and a receiver's buffer. */
export class VirtualPipe {
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly options: LinkOptions;
  private readonly ends: PipeEnds;
  private readonly unsent = new ByteQueue();
  private readonly segments: Segment[] = [];
  private readonly arrived = new ByteQueue();
  private readonly record: Uint8Array[] = [];
  private deliveredTotal = 0;
  private cutAt: { bytes: number; kind: CutKind } | undefined;
  private segmentBytes = 0;
  private lineFreeMs = 0;
  private lastDueMs = 0;
  private timer: TimerHandle;
  private timerDueMs: number | undefined;
  private isOpen = false;
  private isStalled = false;
  private isPaused = false;
  private isEnding = false;
  private isEndOnLine = false;
  private owesDrained = false;

  constructor(clock: Clock, random: () => number, options: LinkOptions, ends: PipeEnds) {
    this.clock = clock;
    this.random = random;
    this.options = options;
    this.ends = ends;
  }

  /** Bytes the receiver was given. */
  get deliveredBytes(): number {
    return this.deliveredTotal;
  }

  /** Bytes written which the line has not taken. */
  get unsentBytes(): number {
    return this.unsent.size;
  }

  /** All bytes the receiver was given, in one array. */
  recorded(): Uint8Array {
    const all = new ByteQueue();
    for (const chunk of this.record) all.push(chunk);
    return all.take(all.size);
  }

  /** Cuts the whole link as soon as this direction has delivered so many bytes in all, and not one more. */
  cutAfter(bytes: number, kind: CutKind): void {
    if (bytes <= this.deliveredTotal) this.ends.cut(kind);
    else this.cutAt = { bytes, kind };
  }

  /** From now on nothing arrives, and nobody is told: a pulled cable. What did arrive is still read. */
  stall(): void {
    this.isStalled = true;
  }

  /** What was held up arrives now. */
  release(): void {
    this.isStalled = false;
    this.arm();
  }

  /** @internal The connection stands: what was written meanwhile may leave. */
  open(): void {
    this.isOpen = true;
    this.send();
  }

  /** @internal As Channel.write: the array is kept when this answers false, so that reusing it too early shows in a test. */
  write(bytes: Uint8Array): boolean {
    const isDirect = this.unsent.size === 0;
    this.unsent.push(bytes);
    this.send();
    if (isDirect && this.unsent.size === 0) return true;
    this.owesDrained = true;
    return false;
  }

  /** @internal The sender's end of the stream, behind everything written. */
  end(): void {
    this.isEnding = true;
    this.owesDrained = false;
    this.send();
  }

  /** @internal The sender is gone: what the line has taken arrives, then the end. */
  abandon(): void {
    this.unsent.clear();
    this.end();
  }

  /** @internal */
  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.arm();
  }

  /** @internal Nothing happens here any more. */
  close(): void {
    this.unsent.clear();
    this.arrived.clear();
    this.segments.length = 0;
    this.isOpen = false;
    this.disarm();
  }

  private send(): void {
    if (!this.isOpen) return;
    const { windowBytes, bytesPerSecond } = this.options;
    for (;;) {
      const room = windowBytes - this.segmentBytes - this.arrived.size;
      const size = Math.min(this.unsent.size, room, bytesPerSecond === Infinity ? Infinity : SEGMENT_BYTES);
      if (size <= 0) break;
      this.segmentBytes += size;
      this.putOnLine(this.unsent.take(size), size);
    }
    if (this.isEnding && this.unsent.size === 0 && !this.isEndOnLine) {
      this.isEndOnLine = true;
      this.putOnLine("end", 0);
      this.ends.endSent();
    }
    this.arm();
  }

  private putOnLine(bytes: Segment["bytes"], size: number): void {
    const { latencyMs, bytesPerSecond } = this.options;
    this.lineFreeMs = Math.max(this.lineFreeMs, this.clock.now()) + (size * 1000) / bytesPerSecond;
    // Bytes never overtake those before them, also when the latency falls.
    this.lastDueMs = Math.max(this.lastDueMs, this.lineFreeMs + latencyMs);
    this.segments.push({ bytes, dueMs: this.lastDueMs });
  }

  /** One timer for whatever comes next here; a timer that is right already keeps its turn among others of the same time. */
  private arm(): void {
    const dueMs = this.nextStepMs();
    if (dueMs === this.timerDueMs) return;
    this.disarm();
    if (dueMs === undefined) return;
    this.timerDueMs = dueMs;
    this.timer = this.clock.setTimer(() => this.step(), dueMs - this.clock.now());
  }

  private nextStepMs(): number | undefined {
    if (this.arrived.size > 0 && !this.isPaused) return this.clock.now();
    const first = this.segments[0];
    if (first === undefined || this.isStalled || (first.bytes === "end" && this.isPaused)) return undefined;
    return Math.max(first.dueMs, this.clock.now());
  }

  private disarm(): void {
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
    this.timerDueMs = undefined;
  }

  private step(): void {
    this.disarm();
    if (!this.isStalled) this.arrive();
    if (this.arrived.size > 0 && !this.isPaused) this.deliver();
    else if (this.arrived.size === 0 && !this.isPaused && !this.isStalled) this.deliverEnd();
    if (!this.isOpen) return;
    this.send();
    if (this.owesDrained && this.unsent.size === 0) {
      this.owesDrained = false;
      this.ends.drained();
    }
  }

  private arrive(): void {
    for (let first = this.segments[0]; first !== undefined && first.dueMs <= this.clock.now(); first = this.segments[0]) {
      if (first.bytes === "end") return;
      this.segmentBytes -= first.bytes.length;
      this.arrived.push(first.bytes);
      this.segments.shift();
    }
  }

  private deliver(): void {
    const limit = (this.cutAt?.bytes ?? Infinity) - this.deliveredTotal;
    const chunk = this.arrived.take(Math.min(this.chunkSize(), limit));
    this.deliveredTotal += chunk.length;
    if (this.options.record) this.record.push(chunk.slice());
    if (!this.ends.data(chunk)) this.ends.refused();
    if (this.cutAt !== undefined && this.deliveredTotal === this.cutAt.bytes) this.ends.cut(this.cutAt.kind);
  }

  private deliverEnd(): void {
    const first = this.segments[0];
    if (first?.bytes !== "end" || first.dueMs > this.clock.now()) return;
    this.segments.shift();
    this.ends.ended();
  }

  private chunkSize(): number {
    const { chunking } = this.options;
    if (chunking === "whole") return this.arrived.size;
    if (chunking === "random") return 1 + Math.floor(this.random() * this.arrived.size);
    return chunking;
  }
}
