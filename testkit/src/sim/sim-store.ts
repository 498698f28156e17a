import { MemoryStorage, type Storage, StoreImage } from "@bowline/broker/internal";
import type { Clock } from "@bowline/protocol/internal";

interface Row {
  readonly method: string;
  readonly values: readonly unknown[];
}

interface Group {
  readonly number: number;
  readonly rows: Row[];
}

/** What a disk does that is not to be trusted; for tests of the oracle. */
export interface DiskFaults {
  /** Rows of these operations are reported as kept, and are not. */
  readonly forgets?: ReadonlySet<string>;
  /** Groups are reported as kept before they are. */
  readonly lies?: boolean;
}

/** Where a process may die: before the commit of a group, or after it and before anybody knew. */
export type CommitSide = "before" | "after";

/**
 * A disk that commits one group after the other, each some time after its turn, and that keeps whole groups only: whatever was
 * not committed when the process died is gone. Outlives the brokers that open it.
 */
export class SimStore {
  /** Ms between the end of a turn and the commit of its rows. */
  commitMs = 0;
  /** Highest group that is kept. */
  committed = 0;
  commits = 0;
  private readonly image = new StoreImage();
  private readonly faults: DiskFaults;
  private lastNumber = 0;
  private clock!: Clock;
  private memory!: MemoryStorage;
  private open_: Group | undefined;
  private closed: Group | undefined;
  private crash: { commits: number; side: CommitSide; run: () => void } | undefined;

  constructor(faults: DiskFaults = {}) {
    this.faults = faults;
  }

  /** The number of the group that rows written now belong to. */
  get writing(): number {
    return this.open_?.number ?? this.lastNumber + 1;
  }

  /** Nothing waits for its commit. */
  get isIdle(): boolean {
    return this.open_ === undefined && this.closed === undefined;
  }

  /** What a broker that starts now would find. */
  get kept(): StoreImage {
    return this.image;
  }

  /** Opens it with what is kept. @param clock That of the process, so that its commits end with it. */
  open(clock: Clock): Storage {
    this.clock = clock;
    this.open_ = undefined;
    this.closed = undefined;
    this.committed = this.lastNumber;
    const memory = new MemoryStorage({ image: this.image, atEndOfTurn: () => undefined });
    this.memory = memory;
    return new Proxy<Storage>(memory, {
      get: (_target, name) => this.member(memory, name),
      set: (target, name, value) => Reflect.set(target, name, value, target),
    });
  }

  /** Runs a crash at the n-th commit from now. */
  crashAt(commits: number, side: CommitSide, run: () => void): void {
    this.crash = { commits, side, run };
  }

  private member(memory: MemoryStorage, name: string | symbol): unknown {
    if (name === "committed") return this.committed;
    const value: unknown = Reflect.get(memory, name, memory);
    if (typeof value !== "function") return value;
    if (!/^(put|delete)/.test(String(name))) return value.bind(memory) as unknown;
    return (...values: unknown[]) => this.append({ method: String(name), values: values.map(copyOf) });
  }

  private append(row: Row): number {
    if (this.open_ === undefined) {
      const group: Group = { number: ++this.lastNumber, rows: [] };
      this.open_ = group;
      this.clock.setTimer(() => this.closeGroup(), 0);
    }
    this.open_.rows.push(row);
    return this.open_.number;
  }

  /** While one group is being committed the next one grows. */
  private closeGroup(): void {
    if (this.closed !== undefined || this.open_ === undefined) return;
    this.closed = this.open_;
    this.open_ = undefined;
    if (this.faults.lies === true) this.report(this.lastNumber);
    this.clock.setTimer(() => this.commitClosed(), this.commitMs);
  }

  private commitClosed(): void {
    if (this.crash !== undefined) this.crash.commits--;
    if (this.crashesNow("before")) return;
    const group = this.closed!;
    this.closed = undefined;
    for (const { method, values } of group.rows) {
      if (this.faults.forgets?.has(method) === true) continue;
      Reflect.apply(Reflect.get(MemoryStorage.prototype, method) as () => unknown, this.memory, values);
    }
    this.commits++;
    if (this.crashesNow("after")) return;
    // Its turn may not be over yet.
    if (this.open_ !== undefined) this.clock.setTimer(() => this.closeGroup(), 0);
    this.report(group.number);
  }

  private report(number: number): void {
    if (number <= this.committed) return;
    this.committed = number;
    this.memory.onCommitted(number);
  }

  private crashesNow(side: CommitSide): boolean {
    const { crash } = this;
    if (crash === undefined || crash.commits > 0 || crash.side !== side) return false;
    this.crash = undefined;
    crash.run();
    return true;
  }
}

/** Owners change their rows in place. */
function copyOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array) ? { ...value } : value;
}
