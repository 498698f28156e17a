import type { MqttError, QoS } from "@bowline/protocol";
import { Fifo } from "@bowline/protocol/internal";
import { callSafely, throwOutside } from "./emitter.ts";
import type { InboundMessage } from "./inbound-message.ts";
import type { Message } from "./message.ts";
import { aborted, onAbort } from "./on-abort.ts";
import type { MessageHandler, SubscribeOptions } from "./options.ts";
import type { Subscription } from "./subscription.ts";

type Result = IteratorResult<Message, undefined>;
type Reader = { resolve: (result: Result) => void; reject: (error: MqttError) => void };
const DONE: Result = { done: true, value: undefined };

export interface SubscriberOwner {
  /** Why the client gave up; undefined while it has not, and again after a `reconnect()`. */
  readonly endError: MqttError | undefined;
  /** Gives its filters up; resolves when the server confirmed. */
  remove(subscriber: Subscriber): Promise<void>;
  /** The buffer holds twice its limit, and the server sends on. */
  congested(subscriber: Subscriber, isCongested: boolean): void;
}

/**
 * One subscription of the application: a bounded buffer between the connection and a loop or a handler. Full, it drops QoS 0 and
 * counts it, and leaves QoS 1 and 2 unacknowledged, which stops the server at its Receive Maximum while pings and other
 * packets still come through. A server that knows no such limit is stopped by not reading, at twice the buffer.
 */
export class Subscriber implements Subscription {
  readonly topicFilters: readonly string[];
  readonly options: SubscribeOptions;
  dropped = 0;
  private readonly owner: SubscriberOwner;
  private readonly handler: MessageHandler | undefined;
  private readonly acknowledge: NonNullable<SubscribeOptions["acknowledge"]>;
  private readonly maximumMessages: number;
  private readonly maximumBytes: number;
  private readonly buffer = new Fifo<InboundMessage>();
  private bytes = 0;
  /** Buffered above the limit, and held for that alone. */
  private readonly overflow = new Set<InboundMessage>();
  private readonly readers: Reader[] = [];
  /** What the loop body has; it is handled when the loop asks for the next one. */
  private current: InboundMessage | undefined;
  /** A promise of the handler is not resolved. */
  private isBusy = false;
  private isCongested = false;
  /** Why it ended; undefined while it lives. */
  private endReason: MqttError | undefined;
  private readonly offSignal: () => void;
  /** The server refused a filter. */
  private refusal: MqttError | undefined;
  private readonly grants = new Map<string, QoS>();
  private readonly waitingReady: { resolve: (grants: readonly QoS[]) => void; reject: (error: MqttError) => void }[] = [];

  constructor(
    topicFilters: readonly string[],
    options: SubscribeOptions,
    handler: MessageHandler | undefined,
    owner: SubscriberOwner,
  ) {
    this.topicFilters = topicFilters;
    this.options = options;
    this.handler = handler;
    this.owner = owner;
    this.acknowledge = options.acknowledge ?? "received";
    this.maximumMessages = options.maximumMessages ?? 1000;
    this.maximumBytes = options.maximumBytes ?? 4_194_304;
    this.offSignal = onAbort(options.signal, () => void this.close());
  }

  // The application's side.

  get ready(): Promise<readonly QoS[]> {
    const grants = this.grantedAll();
    if (this.refusal === undefined && grants !== undefined) return Promise.resolve(grants);
    const reason = this.endReason ?? this.owner.endError;
    if (reason !== undefined) return Promise.reject(reason);
    return new Promise((resolve, reject) => {
      this.waitingReady.push({ resolve, reject });
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    this.finishCurrent();
    if (this.buffer.length > 0) return Promise.resolve({ done: false, value: this.hand(this.take()) });
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    if (this.endReason !== undefined) return Promise.resolve(DONE);
    const { endError } = this.owner;
    if (endError !== undefined) return Promise.reject(endError);
    return new Promise((resolve, reject) => {
      this.readers.push({ resolve, reject });
    });
  }

  return(): Promise<Result> {
    void this.close();
    return Promise.resolve(DONE);
  }

  close(): Promise<void> {
    return this.endReason === undefined ? this.endBy(aborted(this.options.signal)) : Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // The connection's side.

  deliver(message: InboundMessage): void {
    if (this.acknowledge !== "received") message.hold();
    if (this.buffer.length === 0) {
      const reader = this.readers.shift();
      if (reader !== undefined) {
        reader.resolve({ done: false, value: this.hand(message) });
        return;
      }
      if (this.handler !== undefined && !this.isBusy) {
        this.run(this.handler, message);
        return;
      }
    }
    this.keep(message);
  }

  /** The server granted a filter. */
  granted(topicFilter: string, qos: QoS): void {
    this.grants.set(topicFilter, qos);
    const grants = this.grantedAll();
    if (grants === undefined) return;
    for (const { resolve } of this.waitingReady.splice(0)) resolve(grants);
  }

  /** The server refused a filter: the end, told to whoever waits now or asks later. */
  refused(error: MqttError): void {
    if (this.endReason !== undefined) return;
    this.refusal = error;
    this.interrupt(error);
    void this.endBy(error);
  }

  /** The client gave up: whoever waits is told; the subscription lives on for a `reconnect()`. */
  interrupt(error: MqttError): void {
    for (const { reject } of [...this.waitingReady.splice(0), ...this.readers.splice(0)]) reject(error);
  }

  /** The client ended: what is buffered can still be read. `reason` is for those who wait for `ready`. */
  end(reason: MqttError): void {
    this.endReason = reason;
    this.offSignal();
    for (const { resolve } of this.readers.splice(0)) resolve(DONE);
    this.interrupt(reason);
  }

  private endBy(reason: MqttError): Promise<void> {
    const confirmed = this.owner.remove(this);
    this.end(reason);
    this.finishCurrent();
    // Nobody will handle these: leaving them unacknowledged would hold back every later acknowledgement of the connection.
    while (this.buffer.length > 0) {
      const message = this.take();
      if (this.acknowledge !== "received") message.release();
    }
    return confirmed;
  }

  private grantedAll(): readonly QoS[] | undefined {
    const grants = this.topicFilters.map((filter) => this.grants.get(filter));
    return grants.includes(undefined) ? undefined : (grants as QoS[]);
  }

  private finishCurrent(): void {
    if (this.acknowledge === "handled") this.current?.release();
    this.current = undefined;
  }

  private hand(message: InboundMessage): Message {
    this.current = message;
    return message;
  }

  private keep(message: InboundMessage): void {
    const isFull = this.buffer.length >= this.maximumMessages || this.bytes + message.size > this.maximumBytes;
    if (isFull && this.buffer.length > 0) {
      if (message.qos === 0) {
        this.dropped++;
        message.release();
        return;
      }
      if (this.acknowledge === "received") {
        message.hold();
        this.overflow.add(message);
      }
    }
    this.buffer.push(message);
    this.bytes += message.size;
    if (!this.isCongested && (this.buffer.length >= 2 * this.maximumMessages || this.bytes >= 2 * this.maximumBytes))
      this.congest(true);
  }

  private take(): InboundMessage {
    const message = this.buffer.shift() as InboundMessage;
    this.bytes -= message.size;
    if (this.overflow.size > 0 && this.overflow.delete(message)) message.release();
    if (this.isCongested && this.buffer.length <= this.maximumMessages && this.bytes <= this.maximumBytes) this.congest(false);
    return message;
  }

  private congest(isCongested: boolean): void {
    this.isCongested = isCongested;
    this.owner.congested(this, isCongested);
  }

  private run(handler: MessageHandler, message: InboundMessage): void {
    const result = callSafely(handler, message);
    if (typeof (result as PromiseLike<unknown> | undefined)?.then === "function") {
      this.isBusy = true;
      void this.runOn(handler, message, result as PromiseLike<unknown>);
    } else if (this.acknowledge === "handled") message.release();
  }

  /** One promise of a handler at a time: order is kept, and what comes meanwhile is buffered and bounded. */
  private async runOn(handler: MessageHandler, message: InboundMessage, result: PromiseLike<unknown>): Promise<void> {
    try {
      await result;
    } catch (error) {
      throwOutside(error);
    }
    if (this.acknowledge === "handled") message.release();
    this.isBusy = false;
    this.runBuffered(handler);
  }

  private runBuffered(handler: MessageHandler): void {
    while (this.buffer.length > 0 && !this.isBusy) this.run(handler, this.take());
  }
}
