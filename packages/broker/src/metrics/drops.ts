/** Why a receiver did not get a message; `blocked` counts those that `queueFull: reliable` refused to their publisher because of it. */
export type DropReason = "slowClient" | "queueFull" | "tooLarge" | "expired" | "revoked" | "blocked";

/** How many, by reason. */
export type DropCounts = Readonly<Record<DropReason, number>>;

/** The reasons for which a message was dropped; one that was `blocked` is its publisher's still. */
const dropReasons: readonly Exclude<DropReason, "blocked">[] = ["slowClient", "queueFull", "tooLarge", "expired", "revoked"];

const NONE: DropCounts = { slowClient: 0, queueFull: 0, tooLarge: 0, expired: 0, revoked: 0, blocked: 0 };

/** What one Session lost. Made at its first loss, so that the others cost a field. */
export class SessionDrops {
  /** Since the Session began, or the broker started. */
  total: DropCounts = NONE;
  /** Since the last report. */
  recent: DropCounts = NONE;
  /** Waits for the next report. */
  isNoted = false;

  count(reason: DropReason, count: number): void {
    if (this.total === NONE) this.total = { ...NONE };
    if (this.recent === NONE) this.recent = { ...NONE };
    (this.total as Record<DropReason, number>)[reason] += count;
    (this.recent as Record<DropReason, number>)[reason] += count;
  }

  /** What was lost since the last call of this. */
  takeRecent(): DropCounts {
    const { recent } = this;
    this.recent = NONE;
    this.isNoted = false;
    return recent;
  }
}

/** Messages that were dropped, whatever for. */
export function droppedIn(drops: DropCounts | undefined): number {
  return drops === undefined ? 0 : dropReasons.reduce((sum, reason) => sum + drops[reason], 0);
}

/** All reasons, also where nothing was lost. */
export function dropsOf({ drops }: { readonly drops: SessionDrops | undefined }): DropCounts {
  return drops?.total ?? NONE;
}
