import type { Properties, QoS } from "@bowline/protocol";

/**
 * A message that arrived.
 *
 * @public
 */
export interface Message {
  readonly topicName: string;
  /** The bytes, to read; they are the message's own and stay valid. */
  readonly payload: Uint8Array;
  readonly qos: QoS;
  /** It was retained at the server when the subscription began. */
  readonly retain: boolean;
  /** The server may have sent it before. */
  readonly dup: boolean;
  /** MQTT 5.0 properties; empty when there are none. */
  readonly properties: Properties;
  /** The payload as UTF-8 text; what is not UTF-8 becomes U+FFFD. */
  text(): string;
  /** The payload parsed as JSON. Throws SyntaxError. */
  json<T = unknown>(): T;
  /** A copy of the payload in a buffer of its own, which may be transferred. */
  bytes(): Uint8Array;
  /** Acknowledges it now, in place of the subscription's own time; harmless when done already. */
  ack(): void;
}
