import type { Properties, QoS } from "@bowline/protocol";

/** What became of a message. */
export interface PublishResult {
  /** 0, or 0x10 when nobody subscribes, as the server says it. */
  readonly reasonCode: number;
  readonly properties: Properties | undefined;
}

/**
 * A message on its way. Awaiting it waits for PUBACK (QoS 1), PUBCOMP (QoS 2) or the hand-over to the transport (QoS 0).
 * No promise exists before it is awaited, so a failure that nobody awaits is no unhandled rejection: it goes to `publishFailed`.
 *
 * @public
 */
export interface Publication extends PromiseLike<PublishResult> {
  readonly qos: QoS;
  /** Resolves once the client has taken the message and will not lose it by a cut (with a store: by a crash). */
  readonly stored: Promise<void>;
}
