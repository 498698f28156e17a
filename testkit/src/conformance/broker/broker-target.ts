import type { Address } from "../wire/peer.ts";

/** The broker that is judged, and how to get in. */
export interface BrokerTarget {
  readonly address: Address;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** How long a case waits for what must come. */
  readonly limitMs?: number;
  /** Whether a DISCONNECT that the specification only recommends before a close must be there. */
  readonly isStrict?: boolean;
}
