import type { ConnectionStage } from "./connection-times.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** Before the next attempt, ms: this long, and a random time up to as long again. */
const PAUSE_MS = 250;

/** A connection that is tried again until it has its CONNACK; what comes after that is no affair of its own. */
export class RetryingWire implements Wire {
  private readonly open: (owner: WireOwner) => Wire;
  private readonly owner: WireOwner;
  private wire: Wire;
  private retries: number;
  private pause: NodeJS.Timeout | undefined;

  /** @param open begins an attempt */
  constructor(open: (owner: WireOwner) => Wire, owner: WireOwner, retries: number) {
    this.open = open;
    this.owner = owner;
    this.retries = retries;
    this.wire = this.attempt();
  }

  write(bytes: Uint8Array): boolean {
    return this.wire.write(bytes);
  }

  cork(): void {
    this.wire.cork();
  }

  uncork(): boolean {
    return this.wire.uncork();
  }

  mark(stage: ConnectionStage): void {
    if (stage === "connack") this.retries = 0;
    this.wire.mark(stage);
  }

  leave(bytes: Uint8Array, gone?: () => void): void {
    this.wire.leave(bytes, gone);
  }

  close(): void {
    clearTimeout(this.pause);
    this.wire.close();
  }

  fail(reason: string): void {
    clearTimeout(this.pause);
    this.wire.fail(reason);
  }

  private attempt(): Wire {
    const { owner } = this;
    return this.open({
      walk: (start, end) => owner.walk(start, end),
      drained: () => owner.drained(),
      closed: (reason) => this.closed(reason),
    });
  }

  private closed(reason: string): void {
    if (this.retries === 0) {
      this.owner.closed(reason);
      return;
    }
    this.retries--;
    this.pause = setTimeout(
      () => {
        this.wire = this.attempt();
      },
      PAUSE_MS * (1 + Math.random()),
    );
  }
}
