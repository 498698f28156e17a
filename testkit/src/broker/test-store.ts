import { MqttError } from "@bowline/protocol";
import { MemoryStorage, type Storage, type StorageHealth, StoreImage } from "@bowline/broker/internal";

/** What the store's disk does: takes all, takes nothing, or takes only what does not grow (a size limit). */
export type DiskState = "ok" | "full" | "limit";

/**
 * A disk that does what the test says: groups of rows are committed when the test lets them, a crash loses what was not, and
 * it can be full. Outlives the brokers that open it.
 */
export class TestStore {
  /** While true, groups wait for `commit`. */
  holdsCommits = false;
  private kept: StoreImage = new StoreImage();
  private working: StoreImage = this.kept;
  private memory: MemoryStorage | undefined;
  private state: DiskState = "ok";
  private refusals = 0;
  private waiting: (() => void)[] = [];
  private readonly soon: (callback: () => void) => void;
  private health: StorageHealth = { state: "ok" };

  /** @param soon Runs a callback at the end of this turn of the test's time. */
  constructor(soon: (callback: () => void) => void) {
    this.soon = soon;
  }

  /** Rows of the broker that has it open, committed or not. */
  get rows(): StoreImage {
    return this.working;
  }

  /** Opens it again with what was committed. */
  open(): Storage {
    this.waiting = [];
    this.working = copyOf(this.kept);
    const image = this.working;
    const memory = new MemoryStorage({ image, atEndOfTurn: (run) => this.turnEnds(image, run) });
    this.memory = memory;
    return new Proxy<Storage>(memory, {
      get: (_target, name) => this.member(memory, name),
      set: (target, name, value) => Reflect.set(target, name, value, target),
    });
  }

  /** Commits what waits. */
  commit(): void {
    for (const run of this.waiting.splice(0)) run();
  }

  /** Refuses so many writes that would be taken. */
  refuseNext(count: number): void {
    this.refusals = count;
  }

  /** From now on the disk is like that. */
  become(state: DiskState): void {
    this.state = state;
    this.health = state === "ok" ? { state: "ok" } : { state: "read-only", cause: `the disk is ${state}`, since: 0 };
    this.memory?.onHealth(this.health);
    if (state !== "full" && !this.holdsCommits) this.commit();
  }

  private turnEnds(image: StoreImage, run: () => void): void {
    const commit = (): void => {
      if (image !== this.working) return;
      this.kept = copyOf(image);
      run();
    };
    this.soon(() => {
      if (this.holdsCommits || this.state === "full") this.waiting.push(commit);
      else commit();
    });
  }

  private member(memory: MemoryStorage, name: string | symbol): unknown {
    if (name === "health") return this.health;
    const value: unknown = Reflect.get(memory, name, memory);
    if (typeof value !== "function") return value;
    if (!/^(put|delete)/.test(String(name))) return value.bind(memory) as unknown;
    return (...values: unknown[]): unknown => {
      if (
        (this.state === "ok" && this.refusals-- > 0) ||
        this.state === "full" ||
        (this.state === "limit" && GROWING.has(String(name)))
      ) {
        throw new MqttError("STORE_READ_ONLY", { detail: "the disk is full" });
      }
      return Reflect.apply(value, memory, values);
    };
  }
}

/** What the embedded storage refuses above its size limit; all else makes room or moves on what is there. */
const GROWING: ReadonlySet<string> = new Set(["putMessage", "putSession", "putSubscription", "putRetained"]);

function copyOf(image: StoreImage): StoreImage {
  const copy = new StoreImage();
  image.visit({
    message: (message) => copy.putMessage(message),
    session: ({ session, subscriptions, queue, inboundIdentifiers }) => {
      copy.putSession(session);
      for (const subscription of subscriptions) copy.putSubscription(session.id, subscription);
      for (const entry of queue) copy.putQueueEntry(session.id, entry);
      for (const identifier of inboundIdentifiers) copy.sessions.get(session.id)!.inboundIdentifiers.add(identifier);
    },
    retained: (tenant, topicName, messageId) => copy.putRetained(tenant, topicName, messageId),
    user: (user) => copy.putUser(user),
    rule: (rule) => copy.putRule(rule),
  });
  copy.nextMessageId = image.nextMessageId;
  copy.nextSessionId = image.nextSessionId;
  return copy;
}
