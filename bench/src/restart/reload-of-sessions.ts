import { mkdir } from "node:fs/promises";
import { openStorage, type Storage } from "@bowline/broker/internal";
import { startBowline } from "../brokers/start-bowline.ts";

/** What a restart with many persistent sessions takes. */
export interface ReloadOfSessions {
  readonly sessions: number;
  readonly subscriptions: number;
  /** From the start of the process to its `ready`: after it was ended, and after it was killed, when the store is walked first. */
  readonly cleanSeconds: number;
  readonly killedSeconds: number;
}

const SUBSCRIPTIONS = 10;
/** So many sessions are appended before their commit is awaited. */
const SESSIONS_AT_ONCE = 500;
const NEVER_EXPIRES = 0xffff_ffff;

/** Starts a broker whose store holds so many sessions of clients that are away, with ten subscriptions each. */
export async function measureReload(sessions: number): Promise<ReloadOfSessions> {
  const broker = await startBowline({ isDurable: true, fillStore: (directory) => fill(directory, sessions) });
  try {
    const cleanSeconds = await secondsOf(() => broker.restart("SIGTERM"));
    const killedSeconds = await secondsOf(() => broker.restart("SIGKILL"));
    return { sessions, subscriptions: sessions * SUBSCRIPTIONS, cleanSeconds, killedSeconds };
  } finally {
    await broker.stop();
  }
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

async function fill(directory: string, sessions: number): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const storage = await openStorage({ directory, durability: "relaxed" });
  const nothing = (): void => {};
  await storage.load({ message: nothing, session: nothing, retained: nothing, user: nothing, rule: nothing });
  for (let first = 1; first <= sessions; first += SESSIONS_AT_ONCE) {
    const last = Math.min(sessions, first + SESSIONS_AT_ONCE - 1);
    let commit = 0;
    for (let id = first; id <= last; id++) commit = putSession(storage, id);
    await new Promise<void>((resolve) => {
      storage.onCommitted = (done) => done >= commit && resolve();
    });
  }
  await storage.close();
}

/** One of ten filters has a wildcard, as far as any two have the same. */
function putSession(storage: Storage, id: number): number {
  const clientIdentifier = `device-${id}`;
  const session = { id, tenant: "default", owner: `user-${id % 1000}`, clientIdentifier, will: undefined };
  storage.putSession({ ...session, expiryInterval: NEVER_EXPIRES, disconnectedAt: Date.now() });
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0, subscriptionIdentifier: 0 } as const;
  let commit = storage.putSubscription(id, { topicFilter: `fleet/+/command/${id % 100}`, ...options });
  for (let i = 1; i < SUBSCRIPTIONS; i++) {
    commit = storage.putSubscription(id, { topicFilter: `fleet/${clientIdentifier}/command/${i}`, ...options });
  }
  return commit;
}
