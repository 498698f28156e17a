import { Fifo } from "../flow/fifo.ts";
import { IdentifierSet } from "../flow/identifier-set.ts";
import { InFlight } from "../flow/in-flight.ts";
import type { OutboundEntry } from "../flow/message.ts";

/**
 * Session State of section 4.1, one side's view, without the Subscriptions (the server's business): what survives the
 * Network Connection. Plain data: handing a session to another node or to storage is a walk over these fields.
 * Lifetime: from CONNECT with Clean Start (or none stored) to the end of the Session Expiry Interval.
 */
export class SessionState {
  /** Packet Identifiers in use towards the peer; the entry is undefined where nothing need survive the connection. */
  readonly inFlight: InFlight<OutboundEntry> = new InFlight();
  /** Accepted and not yet sent, in order. */
  readonly queue: Fifo<OutboundEntry> = new Fifo();
  /** Inbound QoS 2 messages received and not yet released. */
  readonly inbound: IdentifierSet = new IdentifierSet();
  /** Order given to the next outbound entry. */
  nextSequence = 1;
  /** Bytes of topic and payload in `queue`. */
  queuedBytes = 0;
  /** Commit number of the last change of `inbound`: an answer about it waits for at least this one. */
  inboundCommit = 0;
  /** True when the state survives the Network Connection, so that entries must be remembered until acknowledged. */
  survives = false;

  clear(): void {
    this.inFlight.clear();
    this.queue.clear();
    this.inbound.clear();
    this.nextSequence = 1;
    this.queuedBytes = 0;
    this.inboundCommit = 0;
  }
}
