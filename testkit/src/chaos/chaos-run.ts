import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../virtual/seeded-random.ts";
import type { ChaosClient, ChaosClientOptions } from "./chaos-clients.ts";
import { ChaosProxy } from "./chaos-proxy.ts";

export interface ChaosSettings {
  readonly broker: { readonly host: string; readonly port: number };
  readonly connect: (options: ChaosClientOptions) => ChaosClient;
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly version: 4 | 5;
  readonly qos: 1 | 2;
  readonly seed: number;
  readonly messages: number;
  /** Messages a second; 0 is as fast as the window allows. */
  readonly rate: number;
  /** Messages that may be unacknowledged at once. */
  readonly window: number;
  readonly meanLifeMs?: number;
}

export interface ChaosResult {
  /** Publications that the client said it failed. */
  failed: number;
  /** Acknowledged, and never delivered. */
  lost: number;
  /** By first occurrence. */
  outOfOrder: number;
  duplicates: number;
  cuts: number;
  /** Messages whose acknowledgement had not reached the sender at a cut: the most duplicates that QoS 1 allows. */
  unacknowledged: number;
  /** Most QoS 1 and 2 messages of the publisher that were open at once. */
  mostOpen: number;
  /** From the first publish to the last callback. */
  elapsedMs: number;
}

const TICK_MS = 2;
/** Messages that leave in one tick of a paced run. */
const TICK_MESSAGES = 4;
/** The subscriber is quiet when nothing came for so long. */
const QUIET_MS = 500;
let runs = 0;

/** One publisher and one subscriber, each behind a proxy that cuts; what became of the messages. */
export async function runChaos(settings: ChaosSettings): Promise<ChaosResult> {
  const { broker: target, version, qos, seed, meanLifeMs = 200, credentials } = settings;
  const name = `chaos-${process.pid}-${++runs}`;
  const topic = `${name}/n`;
  const open = (number: number): Promise<ChaosProxy> =>
    ChaosProxy.start({ target, random: seededRandom(seed + number), meanLifeMs });
  const proxies = [await open(0), await open(1_000_003)] as const;
  const arrivals = new Arrivals();
  const make = (proxy: ChaosProxy, role: string): ChaosClient =>
    settings.connect({
      url: proxy.url,
      clientId: `${name}-${role}`,
      version,
      onMessage: arrivals.take,
      ...(credentials && { credentials }),
    });
  const subscriber = make(proxies[1], "sub");
  const publisher = make(proxies[0], "pub");
  try {
    await subscriber.subscribe(topic, qos);
    const started = performance.now();
    const outcomes = await publishAll(publisher, topic, settings);
    const elapsedMs = performance.now() - started;
    for (const proxy of proxies) proxy.calm();
    await arrivals.quiet(outcomes.acknowledged.size);
    const mostOpen = proxies[0].mostOpen;
    return {
      mostOpen,
      failed: outcomes.failed,
      lost: [...outcomes.acknowledged].filter((number) => !arrivals.seen.has(number)).length,
      outOfOrder: arrivals.outOfOrder,
      duplicates: arrivals.duplicates,
      cuts: proxies[0].cuts + proxies[1].cuts,
      unacknowledged: proxies[0].unacknowledged + proxies[1].unacknowledged,
      elapsedMs: Math.round(elapsedMs),
    };
  } finally {
    await Promise.all([publisher.close(), subscriber.close()]);
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}

/** What the subscriber has seen. */
class Arrivals {
  readonly seen = new Set<number>();
  duplicates = 0;
  outOfOrder = 0;
  private highest = -1;
  private latestAt = performance.now();

  readonly take = (payload: string): void => {
    const number = Number(payload);
    this.latestAt = performance.now();
    if (this.seen.has(number)) {
      this.duplicates++;
      return;
    }
    this.seen.add(number);
    if (number < this.highest) this.outOfOrder++;
    this.highest = Math.max(this.highest, number);
  };

  /** Resolves when all have come and nothing more does, or nothing has come for ten times as long. */
  async quiet(wanted: number): Promise<void> {
    const since = (): number => performance.now() - this.latestAt;
    while (since() < QUIET_MS || (this.seen.size < wanted && since() < 10 * QUIET_MS)) await sleep(TICK_MS);
  }
}

async function publishAll(
  client: ChaosClient,
  topic: string,
  { messages, rate, window, qos }: ChaosSettings,
): Promise<{ failed: number; acknowledged: Set<number> }> {
  const acknowledged = new Set<number>();
  let failed = 0;
  let open = 0;
  let next = 0;
  const started = performance.now();
  await new Promise<void>((resolve) => {
    const settled = (): void => {
      open--;
      if (next === messages && open === 0) resolve();
      else if (rate === 0) send();
    };
    const send = (): void => {
      const due = rate === 0 ? messages : Math.min(messages, Math.floor(((performance.now() - started) * rate) / 1000) + 1);
      // A machine that stalls would else send what is overdue at once, just when the overdue cut comes.
      const most = rate === 0 ? due : Math.min(due, next + TICK_MESSAGES);
      while (next < most && open < window) {
        const number = next++;
        open++;
        client.publish(topic, String(number).padEnd(32), qos, (isAcknowledged) => {
          if (isAcknowledged) acknowledged.add(number);
          else failed++;
          settled();
        });
      }
      if (rate !== 0 && next < messages) setTimeout(send, TICK_MS);
    };
    send();
  });
  return { failed, acknowledged };
}
