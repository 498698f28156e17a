import type { Clock, TimerHandle } from "@bowline/protocol/internal";
import type { CommitQueue, PendingCommit } from "../storage/commit-queue.ts";

/** What a wait needs of the broker. */
export interface CommitWaitEnvironment {
  readonly clock: Clock;
  readonly commits: CommitQueue;
  readonly limits: { readonly commitTimeoutMs: number };
}

/** An answer that leaves when what it says is kept, or that cannot be given in time: a client must not wait for a disk for ever. */
export class CommitWait {
  private pending: PendingCommit | undefined;
  private deadline: TimerHandle;
  private readonly clock: Clock;

  /** Calls one of the two once, unless it is stopped before. The number must not be kept yet. */
  constructor({ clock, commits, limits }: CommitWaitEnvironment, commit: number, kept: () => void, late: () => void) {
    this.clock = clock;
    const end = (tell: () => void): void => {
      this.stop();
      tell();
    };
    this.pending = commits.when(commit, () => end(kept));
    this.deadline = clock.setTimer(() => end(late), limits.commitTimeoutMs);
  }

  /** Nobody waits any more. */
  stop(): void {
    this.pending?.cancel();
    this.pending = undefined;
    this.clock.clearTimer(this.deadline);
    this.deadline = undefined;
  }
}
