import type { Clock, TimerHandle } from "@bowline/protocol/internal";
import type { AuthRefresh, AuthResult } from "../auth/authenticator.ts";

/** Asks for an authentication's answer again and again, as each says, until it is a refusal. */
export class AccessRefresh {
  private refresh: AuthRefresh;
  private readonly clock: Clock;
  private readonly answered: (answer: AuthResult) => void;
  private readonly leaving = new AbortController();
  private timer: TimerHandle;

  constructor(refresh: AuthRefresh, clock: Clock, answered: (answer: AuthResult) => void) {
    this.refresh = refresh;
    this.clock = clock;
    this.answered = answered;
  }

  start(): void {
    this.timer = this.clock.setTimer(() => void this.ask(), this.refresh.afterMs);
  }

  stop(): void {
    this.clock.clearTimer(this.timer);
    this.leaving.abort();
  }

  private async ask(): Promise<void> {
    const answer = await this.refresh.again(this.leaving.signal);
    if (this.leaving.signal.aborted) return;
    this.answered(answer);
    if (!answer.allowed || answer.refresh === undefined) return;
    this.refresh = answer.refresh;
    this.start();
  }
}
