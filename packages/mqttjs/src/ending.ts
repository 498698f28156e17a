import type { TimerHandle } from "@bowline/protocol/internal";
import type { DoneCallback } from "./options.ts";
import type { IDisconnectPacket } from "./packets.ts";

/** The client is told to end. */
export interface Ending {
  readonly packet: Partial<IDisconnectPacket>;
  readonly callbacks: (DoneCallback | undefined)[];
  /** Something was unacknowledged when it began. */
  hasWaited: boolean;
  timer: TimerHandle;
  /** The connection is gone; the application's stores are being closed. */
  isLast: boolean;
}
