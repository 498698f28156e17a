import type { Clock, TimerHandle, TracedPacket, TraceEndReason, TraceEvent } from "@bowline/protocol/internal";
import { type TraceRequest, TraceScope } from "./trace-scope.ts";

/** What bounds a trace. */
export interface TraceLimits {
  /** It ends after so many seconds. */
  readonly seconds: number;
  /** It ends after so many packets. */
  readonly packets: number;
  /** Bytes of each payload that are shown. */
  readonly payloadBytes: number;
}

/** Events that wait for the reader. Each is at most some tens of KiB, and mostly far below one. */
const WAITING_MAX = 1_000;
/** What events that wait may hold together, by the size of the packets' heads. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/**
 * One look at live packets: taps put events in, one reader takes them out. It ends by itself; a reader that does not keep up loses
 * packets and is told how many, and the broker waits for nobody.
 */
export class Trace {
  readonly scope: TraceScope;
  readonly limits: TraceLimits;
  readonly #clock: Clock;
  readonly #onEnd: (trace: Trace) => void;
  readonly #timer: TimerHandle;
  #waiting: TraceEvent[] = [];
  #waitingBytes = 0;
  #told = 0;
  #dropped = 0;
  /** Of the dropped ones, those that no event has told of. */
  #untold = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(request: TraceRequest, limits: TraceLimits, clock: Clock, onEnd: (trace: Trace) => void) {
    this.scope = new TraceScope(request);
    this.limits = limits;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#timer = clock.setTimer(() => this.end("time"), limits.seconds * 1_000);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes an event in, and `cost` as what it holds. One for which there is no room is lost. */
  tell(event: TraceEvent, cost: number): void {
    if (this.#isOver || !this.#hasRoomFor(cost)) return;
    this.#tellOfDropped();
    this.#waiting.push(event);
    this.#waitingBytes += cost;
    this.#wake?.();
  }

  /** The same for a packet, which is made only if there is room, and counted if not. */
  tellPacket(cost: number, make: () => TracedPacket): void {
    if (this.#isOver) return;
    if (!this.#hasRoomFor(cost)) {
      this.#dropped++;
      this.#untold++;
      return;
    }
    this.tell(make(), cost);
    if (++this.#told === this.limits.packets) this.end("packets");
  }

  #hasRoomFor(cost: number): boolean {
    return this.#waiting.length < WAITING_MAX && this.#waitingBytes + cost <= WAITING_BYTES_MAX;
  }

  /** Everything that waits, as soon as there is something; undefined when all is told. For one reader. */
  async next(): Promise<readonly TraceEvent[] | undefined> {
    if (this.#waiting.length === 0) {
      if (this.#isOver) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
    const events = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return events;
  }

  end(reason: TraceEndReason): void {
    if (this.#isOver) return;
    this.#tellOfDropped();
    this.#isOver = true;
    this.#clock.clearTimer(this.#timer);
    const at = this.#clock.wallTime();
    this.#waiting.push({ kind: "end", at, reason, packets: this.#told, dropped: this.#dropped });
    this.#onEnd(this);
    this.#wake?.();
  }

  #tellOfDropped(): void {
    if (this.#untold === 0) return;
    this.#waiting.push({ kind: "dropped", packets: this.#untold });
    this.#untold = 0;
  }
}
