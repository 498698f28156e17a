import type { OutboundEntry } from "@bowline/protocol/internal";

/** An outbound entry of a Session at the broker. */
export interface KeptEntry extends OutboundEntry {
  /**
   * The shared subscription it came by, as subscribed (`$share/...`): when its receiver goes, another one may get it. Not stored: what a
   * Session still has after a restart stays its own.
   */
  group: string | undefined;
}
