import { bytes } from "./bytes.ts";
import { FrameWalk, FramePhase } from "./frame-walk.ts";

/** Of all that hold nothing: read, never written. */
const NOTHING_UNREAD: never[] = [];

/**
 * A FrameWalk whose handler may stop it, as a server does that must ask before it reads on. Owns the unread rest too while it is stopped.
 */
export class FrameDecoder extends FrameWalk {
  /** Chunks that came while stopped, the first unread from `unreadAt`. */
  private unread: Uint8Array[] = NOTHING_UNREAD;
  private unreadAt = 0;
  /** A gathered packet that the handler wants to be handed again. */
  private held: Uint8Array | undefined;
  private heldBodyStart = 0;

  override push(chunk: Uint8Array): void {
    if (this.phase === FramePhase.Open) {
      const at = this.consume(chunk, 0);
      if (this.is(FramePhase.Stopped) && at < chunk.length) this.keep(chunk, at);
    } else if (this.phase === FramePhase.Stopped && chunk.length > 0) this.keep(chunk, 0);
  }

  /** Goes on after a stop, with the bytes that were kept. */
  resume(): void {
    if (this.phase !== FramePhase.Stopped) return;
    this.phase = FramePhase.Open;
    if (this.held !== undefined) {
      this.offerGathered(this.held, this.heldBodyStart);
      if (!this.is(FramePhase.Open)) return;
    }
    let chunk = this.unread[0];
    while (chunk !== undefined) {
      const at = this.consume(chunk, this.unreadAt);
      if (!this.is(FramePhase.Open)) {
        if (this.is(FramePhase.Stopped)) this.unreadAt = at;
        return;
      }
      this.unread.shift();
      this.unreadAt = 0;
      chunk = this.unread[0];
    }
  }

  override close(): void {
    super.close();
    this.unread = NOTHING_UNREAD;
    this.unreadAt = 0;
    this.held = undefined;
  }

  /** Bytes kept: of a packet that is not whole yet, and unread ones while stopped. */
  get bufferedBytes(): number {
    let total = this.filled - this.unreadAt;
    for (const chunk of this.unread) total += chunk.length;
    return total;
  }

  /**
   * What was received and is not handled yet, in order: for whoever begins to look at the bytes in the middle. Valid until the next
   * call of the decoder.
   */
  get pending(): readonly Uint8Array[] {
    const [first, ...others] = this.unread;
    const parts = first === undefined ? [] : [first.subarray(this.unreadAt), ...others];
    return this.filled > 0 ? [this.partial.subarray(0, this.filled), ...parts] : parts;
  }

  /** True between a `frame` that returned false and `resume`. */
  get isStopped(): boolean {
    return this.phase === FramePhase.Stopped;
  }

  private keep(chunk: Uint8Array, at: number): void {
    const copy = bytes.alloc(chunk.length - at);
    bytes.copy(chunk, copy, 0, at, chunk.length);
    if (this.unread === NOTHING_UNREAD) this.unread = [copy];
    else this.unread.push(copy);
  }

  protected override stop(end: number): number {
    if (this.phase === FramePhase.Open) this.phase = FramePhase.Stopped;
    return this.continueAt < 0 ? end : this.takeContinueAt();
  }

  /** One that the handler wants again waits for `resume`. */
  protected override offerGathered(packet: Uint8Array, bodyStart: number): void {
    this.held = undefined;
    if (!this.handler.frame(packet, 0, bodyStart, packet.length) && this.stop(packet.length) === 0) {
      this.held = packet;
      this.heldBodyStart = bodyStart;
    }
    this.continueAt = -1;
  }
}
