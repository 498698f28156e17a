import type { MqttError, QoS } from "@bowline/protocol";
import type { Message, OutboundEntry, OutboundState } from "@bowline/protocol/internal";

/** What became of a message. */
export interface PublishResult {
  /** 0, or 0x10 when nobody subscribes, as the server says it. */
  readonly reasonCode: number;
}

/**
 * A message on its way. Awaiting it waits for PUBACK (QoS 1), PUBCOMP (QoS 2) or the hand-over to the transport (QoS 0).
 * No promise exists before it is awaited, so a failure that nobody awaits is no unhandled rejection: it goes to `publishFailed`.
 *
 * @public
 */
export interface Publication extends PromiseLike<PublishResult> {
  /**
   * Resolves once the client has taken the message and will not lose it by a cut; with a store, once a QoS 1 or 2 message would
   * survive the end of the process as well.
   */
  readonly stored: Promise<void>;
  /** As that of a promise: awaits it, and handles its failure. */
  catch<Result = never>(onRejected?: ((reason: unknown) => Result | PromiseLike<Result>) | null): Promise<PublishResult | Result>;
}

type Settle = { resolve: (result: PublishResult) => void; reject: (error: MqttError) => void };

/** Of nearly all messages, so that each need not have one of its own. */
export const SUCCESS: PublishResult = { reasonCode: 0 };
const sent: Promise<PublishResult> = Promise.resolve(SUCCESS);
const NO_IDENTIFIERS: readonly number[] = [];
/** Node's, which a page's types do not know. */
type SetImmediate = (callback: (result: PublishResult) => void, result: PublishResult) => unknown;
let toldAtOnce = 0;

/**
 * Resolved already, and in Node one in a thousand is not: `await` goes on by a microtask, and a loop of nothing else would keep timers,
 * other sockets and the end of its own connection from their turn for ever. In a page such a loop fills the transport, and waits.
 */
function told(): Promise<PublishResult> {
  const nextTurn = (globalThis as { setImmediate?: SetImmediate }).setImmediate;
  return ++toldAtOnce % 1000 > 0 || !nextTurn ? sent : new Promise((resolve) => nextTurn(resolve, SUCCESS));
}

/**
 * A QoS 0 message that went into the out-buffer of an open connection: one object for all of them, since nothing is left to be
 * known. The out-buffer is flushed by a microtask that was queued before any `then` of the caller.
 */
export const sentPublication: Publication = {
  stored: Promise.resolve(),
  // oxlint-disable-next-line unicorn/no-thenable -- A publication is awaited.
  then: (onFulfilled, onRejected) => told().then(onFulfilled, onRejected),
  catch: told,
};

/** A message that is remembered: at once the publication, the Sender's entry and the protocol's message. */
export class PendingPublication implements Publication, OutboundEntry, Message {
  sequence = 0;
  message: Message | undefined = this;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[] = NO_IDENTIFIERS;
  state: OutboundState = 0;
  packetIdentifier = 0;
  sent = false;
  commit = 0;
  tag: unknown = undefined;

  readonly topicName: Uint8Array;
  readonly payload: Uint8Array;
  readonly properties: Uint8Array | undefined;
  readonly expiresAt: number;

  /** Taken by the outbox, and counted there. */
  isStored = false;
  /** Somebody awaits it, or did. */
  isHeard = false;
  /** Stops listening to the caller's signal. */
  offSignal: (() => void) | undefined = undefined;
  private outcome: PublishResult | MqttError | undefined = undefined;
  /** One for all that await it. */
  private promise: Promise<PublishResult> | undefined = undefined;
  private resolve: Settle["resolve"] | undefined = undefined;
  private reject: Settle["reject"] | undefined = undefined;
  private storedWaiting: Settle[] | undefined = undefined;

  constructor(
    topicName: Uint8Array,
    payload: Uint8Array,
    qos: QoS,
    retain: boolean,
    properties: Uint8Array | undefined,
    expiresAt: number,
  ) {
    this.topicName = topicName;
    this.payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.properties = properties;
    this.expiresAt = expiresAt;
  }

  get size(): number {
    return this.topicName.length + this.payload.length;
  }

  get isSettled(): boolean {
    return this.outcome !== undefined;
  }

  get stored(): Promise<void> {
    this.isHeard = true;
    const { outcome } = this;
    if (this.isStored || (outcome !== undefined && !(outcome instanceof Error))) return Promise.resolve();
    if (outcome instanceof Error) return Promise.reject(outcome);
    return new Promise((resolve, reject) => {
      (this.storedWaiting ??= []).push({ resolve: () => resolve(), reject });
    });
  }

  // oxlint-disable-next-line unicorn/no-thenable -- A publication is awaited.
  then<A = PublishResult, B = never>(
    onFulfilled?: ((result: PublishResult) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.awaited().then(onFulfilled, onRejected);
  }

  catch<Result = never>(onRejected?: ((reason: unknown) => Result | PromiseLike<Result>) | null): Promise<PublishResult | Result> {
    return this.awaited().catch(onRejected);
  }

  /** The outbox took it. */
  accept(): void {
    this.isStored = true;
    if (this.storedWaiting === undefined) return;
    for (const { resolve } of this.storedWaiting) resolve(SUCCESS);
    this.storedWaiting = undefined;
  }

  /** Sets the outcome, once. */
  settle(outcome: PublishResult | MqttError): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.offSignal?.();
    if (this.storedWaiting !== undefined) for (const waiting of this.storedWaiting) tell(waiting, outcome);
    this.storedWaiting = undefined;
    if (outcome instanceof Error) this.reject?.(outcome);
    else this.resolve?.(outcome);
  }

  private awaited(): Promise<PublishResult> {
    this.isHeard = true;
    if (this.outcome === SUCCESS) this.promise ??= told();
    this.promise ??= new Promise((resolve, reject) => {
      if (this.outcome !== undefined) tell({ resolve, reject }, this.outcome);
      this.resolve = resolve;
      this.reject = reject;
    });
    return this.promise;
  }
}

function tell({ resolve, reject }: Settle, outcome: PublishResult | MqttError): void {
  if (outcome instanceof Error) reject(outcome);
  else resolve(outcome);
}
