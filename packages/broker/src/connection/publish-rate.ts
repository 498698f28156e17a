/** What one client may publish per second; 0 is no limit. */
export interface PublishRates {
  publishesPerSecond: number;
  publishBytesPerSecond: number;
}

/** What all clients of one tenant may publish per second together; 0 is no limit. */
export interface TenantRates {
  tenantPublishesPerSecond: number;
  tenantPublishBytesPerSecond: number;
}

/** How long reading may stop before what is over the rate is refused. */
const PATIENCE_MS = 1_000;

/**
 * What one client may publish, and it with the others of its tenant. Over the rate the client is made to wait, which evens out a burst
 * without a loss; one that has been over its own for `PATIENCE_MS` is refused until it has paused long enough to have its burst back, and one
 * that has waited so long for its turn among the others is refused until there is one.
 */
export class PublishRate {
  /** PUBLISH packets that were refused or dropped. */
  refused = 0;
  /** When the chunk came that is being read: of the messages in it none asks the clock. */
  now: number;
  private readonly own: Allowance;
  private readonly shared: Allowance | undefined;
  /** Since when it is over the rate; NaN when it is not. */
  private overSince = Number.NaN;

  constructor({ publishesPerSecond, publishBytesPerSecond }: PublishRates, shared: Allowance | undefined, now: number) {
    this.now = now;
    this.own = new Allowance(publishesPerSecond, publishBytesPerSecond, now);
    this.shared = shared;
  }

  /** Answers 0 to go on, the ms to wait and ask again, or -1 to refuse. */
  ask(now: number): number {
    const { own, shared } = this;
    const isRested = own.refill(now);
    shared?.refill(now);
    const wait = Math.max(own.waitMs, shared?.waitMs ?? 0);
    if (isRested && wait === 0) this.overSince = Number.NaN;
    if (wait === 0) return 0;
    if (Number.isNaN(this.overSince)) this.overSince = now;
    return now + wait - this.overSince <= PATIENCE_MS ? wait : -1;
  }

  /** Which rate it is over, when `ask` has refused. */
  get whyRefused(): string {
    return this.own.waitMs > 0
      ? "the client publishes faster than it may (publishesPerSecond, publishBytesPerSecond)"
      : "the tenant's clients publish faster than they may (tenantPublishesPerSecond, tenantPublishBytesPerSecond)";
  }

  /** How many messages of that size may go when `ask` has answered 0: one in any case. */
  fitting(bytes: number): number {
    return Math.min(this.own.fitting(bytes), this.shared?.fitting(bytes) ?? Number.POSITIVE_INFINITY);
  }

  take(count: number, bytes: number): void {
    this.own.take(count, bytes);
    this.shared?.take(count, bytes);
  }

  /** What was taken for a message that is asked about again. */
  giveBack(count: number, bytes: number): void {
    this.take(-count, -bytes);
  }
}

/**
 * So many messages and bytes a second, 0 for no limit. A second's worth may come at once. A message may use more than there is, so that a large
 * one passes at any rate; what follows pays for it.
 */
export class Allowance {
  private readonly messages: Bucket;
  private readonly bytes: Bucket;

  constructor(messagesPerSecond: number, bytesPerSecond: number, now: number) {
    this.messages = new Bucket(messagesPerSecond, now);
    this.bytes = new Bucket(bytesPerSecond, now);
  }

  /** Answers whether it has all that it may have. */
  refill(now: number): boolean {
    const hasMessages = this.messages.refill(now);
    return this.bytes.refill(now) && hasMessages;
  }

  /** Whole ms until there is something, 0 when there is. */
  get waitMs(): number {
    return Math.max(this.messages.waitMs, this.bytes.waitMs);
  }

  /** How many messages of that size there is something left for, the last perhaps in part. */
  fitting(bytes: number): number {
    return Math.min(Math.ceil(this.messages.left), Math.ceil(this.bytes.left / bytes));
  }

  take(count: number, bytes: number): void {
    this.messages.left -= count;
    this.bytes.left -= bytes;
  }
}

/** What the clients of one tenant have together; undefined where nothing limits it. */
export function allowanceOf(rates: TenantRates, now: number): Allowance | undefined {
  const { tenantPublishesPerSecond, tenantPublishBytesPerSecond } = rates;
  if (tenantPublishesPerSecond === 0 && tenantPublishBytesPerSecond === 0) return undefined;
  return new Allowance(tenantPublishesPerSecond, tenantPublishBytesPerSecond, now);
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
    // Of what many clients share another one may have a later time already.
    if (perSecond !== Number.POSITIVE_INFINITY && now > this.refilledAt) {
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
