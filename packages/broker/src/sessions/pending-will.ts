import type { QoS } from "@bowline/protocol";

/** The Will Message of a Session, from CONNECT until it is published or discarded (section 3.1.2.5). */
export interface PendingWill {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Encoded properties to publish it with, or undefined. */
  readonly properties: Uint8Array | undefined;
  /** Seconds, -1 for none. */
  readonly messageExpiryInterval: number;
  /** Seconds between the end of the connection and the publication, section 3.1.3.2.2. */
  readonly delayInterval: number;
  /** Wall time in ms at which it is published; 0 while the connection lasts. */
  dueAt: number;
}
