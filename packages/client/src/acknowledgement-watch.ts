import type { Clock, TimerHandle } from "@bowline/protocol/internal";
import type { InboundMessage } from "./inbound-message.ts";

/** Tells of messages that stay unacknowledged too long: a handler that hangs stops its server in the end. Once for each. */
export class AcknowledgementWatch {
  private readonly clock: Clock;
  private readonly limitMs: number;
  private readonly late: (message: InboundMessage) => void;
  /** By ticket, in the order they are due. */
  private readonly held = new Map<number, { readonly message: InboundMessage; readonly dueAt: number }>();
  private timer: TimerHandle;

  constructor(clock: Clock, limitMs: number, late: (message: InboundMessage) => void) {
    this.clock = clock;
    this.limitMs = limitMs;
    this.late = late;
  }

  add(ticket: number, message: InboundMessage): void {
    this.held.set(ticket, { message, dueAt: this.clock.now() + this.limitMs });
    if (this.timer === undefined) this.timer = this.clock.setTimer(this.check, this.limitMs);
  }

  delete(ticket: number): void {
    this.held.delete(ticket);
  }

  /** The connection is over, and with it every acknowledgement that it owed. */
  clear(): void {
    this.held.clear();
    this.clock.clearTimer(this.timer);
  }

  private readonly check = (): void => {
    this.timer = undefined;
    const now = this.clock.now();
    for (const [ticket, { message, dueAt }] of this.held) {
      if (dueAt > now) {
        this.timer = this.clock.setTimer(this.check, dueAt - now);
        return;
      }
      this.held.delete(ticket);
      this.late(message);
    }
  };
}
