/** What one client may publish per second; 0 is no limit. */
export interface PublishRates {
  publishesPerSecond: number;
  publishBytesPerSecond: number;
}

/** How long reading may stop before what is over the rate is refused. */
const PATIENCE_MS = 1_000;

/**
 * The rate of one client in messages and bytes. A second's worth may come at once. Over the rate the client is made to wait, which evens out a
 * burst without a loss; one that has been over it for `PATIENCE_MS` is refused until it has paused long enough to have its burst back.
 * A message may use more than there is, so that a large one passes at any rate; what follows pays for it.
 */
export class PublishRate {
  private readonly messages: Bucket;
  private readonly bytes: Bucket;
  /** Since when it is over the rate; NaN when it is not. */
  private overSince = Number.NaN;

  constructor({ publishesPerSecond, publishBytesPerSecond }: PublishRates, now: number) {
    this.messages = new Bucket(publishesPerSecond, now);
    this.bytes = new Bucket(publishBytesPerSecond, now);
  }

  /** Answers 0 to go on, the ms to wait and ask again, or -1 to refuse. */
  take(count: number, bytes: number, now: number): number {
    const isRested = this.messages.refill(now) && this.bytes.refill(now);
    if (isRested) this.overSince = Number.NaN;
    const wait = Math.max(this.messages.waitMs, this.bytes.waitMs);
    if (wait === 0) {
      this.messages.left -= count;
      this.bytes.left -= bytes;
      return 0;
    }
    if (Number.isNaN(this.overSince)) this.overSince = now;
    return now + wait - this.overSince > PATIENCE_MS ? -1 : wait;
  }

  /** What was taken for a message that is asked about again. */
  giveBack(count: number, bytes: number): void {
    this.messages.left += count;
    this.bytes.left += bytes;
  }
}

class Bucket {
  left: number;
  private readonly perSecond: number;
  private refilledAt: number;

  constructor(perSecond: number, now: number) {
    this.perSecond = perSecond === 0 ? Number.POSITIVE_INFINITY : perSecond;
    this.left = this.perSecond;
    this.refilledAt = now;
  }

  /** Answers whether it is full. */
  refill(now: number): boolean {
    const { perSecond } = this;
    if (perSecond !== Number.POSITIVE_INFINITY) {
      this.left = Math.min(perSecond, this.left + ((now - this.refilledAt) / 1_000) * perSecond);
      this.refilledAt = now;
    }
    return this.left === perSecond;
  }

  /** Whole ms until there is something, 0 when there is. */
  get waitMs(): number {
    return this.left > 0 ? 0 : Math.floor((-this.left / this.perSecond) * 1_000) + 1;
  }
}
