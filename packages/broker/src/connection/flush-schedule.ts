import type { Sender } from "@bowline/protocol/internal";

/** What the schedule remembers on a connection: the turn of the event loop in which it was last flushed. */
export interface Flushable {
  readonly sender: Sender;
  flushedInTurn: number;
}

/**
 * When out-buffers are written: at the end of the callback that filled them (process.nextTick, for latency), but once more in
 * the same turn only at its end (setImmediate, which gathers what many publishers send to one subscriber).
 */
export class FlushSchedule {
  private turn = 1;
  private soon: Flushable[] = [];
  private late: Flushable[] = [];
  private readonly runSoon = (): void => {
    const batch = this.soon;
    this.soon = [];
    for (const one of batch) one.sender.flush();
  };
  private readonly runLate = (): void => {
    this.turn++;
    const batch = this.late;
    this.late = [];
    for (const one of batch) one.sender.flush();
  };
  private armedTurn = 0;

  /** The flush must not throw: others wait behind it. */
  schedule(connection: Flushable): void {
    if (this.armedTurn !== this.turn) {
      this.armedTurn = this.turn;
      setImmediate(this.runLate);
    }
    if (connection.flushedInTurn === this.turn) {
      this.late.push(connection);
      return;
    }
    connection.flushedInTurn = this.turn;
    this.soon.push(connection);
    if (this.soon.length === 1) process.nextTick(this.runSoon);
  }
}
