import { type ErrorCode, errorInfo, isRetryable } from "./catalogue.ts";
import { redactDetails, redactText } from "./redact.ts";
import type { ErrorSource, RetryClass, Stage } from "./row.ts";

// Two installed copies of this package must recognize each other's errors, which `instanceof` cannot do.
const brand = Symbol.for("bowline.MqttError");

/** Facts that programs may read from an error; the well-known ones are typed, others may be added. */
export interface ErrorDetails {
  /** The number of the connection attempt since the last stable connection, from 1. */
  readonly attempt?: number;
  /** Milliseconds until the next attempt; absent when there will be none. */
  readonly retryInMs?: number;
  /** Milliseconds from the start of the attempt to its failure. */
  readonly msToFail?: number;
  /** Codes that would explain the same facts, likeliest first; present when the facts leave room for doubt. */
  readonly candidates?: readonly ErrorCode[];
  /** Advice for this case, likeliest first. */
  readonly hints?: readonly string[];
  /** Whether the WebSocket had opened before it failed. */
  readonly everOpened?: boolean;
  readonly closeCode?: number;
  readonly httpStatus?: number;
  readonly [name: string]: unknown;
}

export interface MqttErrorOptions {
  /** Completes the title in the message: the name, the number or the words of the peer. Secrets are masked. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** The Reason Code on the wire (0 to 255). */
  readonly reasonCode?: number;
  /** The clause that was broken, "MQTT-3.3.4-9" for 5.0 and "v3 MQTT-3.1.2-24" for 3.1.1. */
  readonly clause?: string;
  /** Replaces the catalogue's remedy where more is known: one imperative sentence. */
  readonly remedy?: string;
  /** Replaces the catalogue's stage for a code that occurs in several, such as PACKET_TOO_LARGE. */
  readonly stage?: Stage;
  /** Replaces the catalogue's source where the same code can be either side's fault. */
  readonly source?: ErrorSource;
  /** Replaces the catalogue's retry class where the facts allow another. */
  readonly retry?: RetryClass;
  readonly details?: ErrorDetails;
}

/**
 * The one error of the project. The message begins with the code, since logs show only that. What the caller got wrong (a type, a
 * value, a topic) is a `TypeError` as well, as it is everywhere in JavaScript.
 *
 * @public
 */
export class MqttError extends Error {
  readonly code: ErrorCode;
  readonly source: ErrorSource;
  readonly stage: Stage;
  readonly retry: RetryClass;
  readonly remedy: string;
  // Declared only, so that what is absent is no field.
  declare readonly reasonCode?: number;
  declare readonly clause?: string;
  declare readonly details?: ErrorDetails;

  constructor(code: ErrorCode, options: MqttErrorOptions = {}) {
    const info = errorInfo(code);
    const { detail = "" } = options;
    super([code, info.title, redactText(detail)].filter(Boolean).join(": "), options);
    this.code = code;
    this.source = options.source ?? info.source;
    this.stage = options.stage ?? info.stage;
    this.retry = options.retry ?? info.retry;
    this.remedy = options.remedy ?? info.remedy;
    if (options.reasonCode !== undefined) this.reasonCode = options.reasonCode;
    if (options.clause !== undefined) this.clause = options.clause;
    if (options.details !== undefined) this.details = options.details;
    if (this.stage === "input" && this.retry === "new-input") Object.setPrototypeOf(this, misuse);
  }

  /** `instanceof` asks what `is` asks: an error may be a `TypeError`, or of another installed copy. */
  static override [Symbol.hasInstance](value: unknown): value is MqttError {
    return MqttError.is(value);
  }

  /** Whether a value is such an error, also one of another installed copy of the package. */
  static is(value: unknown): value is MqttError {
    return typeof value === "object" && value !== null && brand in value;
  }

  /** Whether trying again without a change can help: retry class `backoff` or `loop-guard`. */
  get retryable(): boolean {
    return isRetryable(this.retry);
  }

  /** A plain object for logs: no stack, no payloads, secrets masked. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, source, stage, retry, remedy, reasonCode, clause, details, cause } = this;
    const texts = { name, code, message, source, stage, retry, remedy, reasonCode, clause };
    return { ...texts, details: details && redactDetails(details), cause: cause === undefined ? cause : describeCause(cause) };
  }
}

// On the prototype, so that they are not own fields which every printed error would show.
Object.defineProperty(MqttError.prototype, "name", { value: "MqttError", configurable: true, writable: true });
Object.defineProperty(MqttError.prototype, brand, { value: true });

/** The same members on top of `TypeError`: one object has one chain of prototypes. */
const misuse = Object.create(TypeError.prototype, {
  ...Object.getOwnPropertyDescriptors(MqttError.prototype),
  name: { value: "TypeError", configurable: true, writable: true },
}) as object;

/** A cause may be anything, and an error of Node carries whole certificates: only its name, code and text are told. */
function describeCause(cause: unknown): unknown {
  if (MqttError.is(cause)) return cause.toJSON();
  if (!(cause instanceof Error)) return redactText(String(cause));
  const code: unknown = (cause as { code?: unknown }).code;
  return { name: cause.name, code, message: redactText(cause.message) };
}
