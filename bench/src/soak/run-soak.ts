import { connect } from "@bowline/client";
import { setTimeout as sleep } from "node:timers/promises";
import { type BowlineProcess, startBowline } from "../brokers/start-bowline.ts";
import { limitsOutOfReach } from "../brokers/limits-out-of-reach.ts";
import { churn, type ChurnCounts } from "./churner.ts";
import type { HeldMemory } from "./memory-reporter.ts";

export interface SoakOptions {
  /** Ms of churn, and how many times. After each the clients are gone, their sessions have ended, and memory is read. */
  readonly phaseMs: number;
  readonly phases: number;
  /** Clients at once. */
  readonly width: number;
  readonly random: () => number;
}

export interface SoakResult extends ChurnCounts {
  /** After each phase. */
  readonly held: readonly HeldMemory[];
  /** Messages of a client that stays through all of it, sent and come back. */
  readonly steadySent: number;
  readonly steadyReceived: number;
  /** What the broker's metrics say is left at the end, and should not be: connections and sessions but the steady client's. */
  readonly leftConnections: number;
  readonly leftSessions: number;
}

/** Longest life of a session without its client, seconds; it holds for MQTT 3.1.1 too. */
const SESSION_SECONDS = 1;
/** Wills and sessions wait for 1 s, and for the sweep. */
const SETTLE_MS = 2000;
const STEADY_EVERY_MS = 20;

/** Runs a broker with everything on and a store on the disk under clients that come and go. */
export async function runSoak({ phaseMs, phases, width, random }: SoakOptions): Promise<SoakResult> {
  const limits = { ...limitsOutOfReach, maximumSessionExpiryInterval: SESSION_SECONDS };
  const broker = await startBowline({ isDurable: true, reportsMemory: true, limits });
  const counts: ChurnCounts = { connections: 0, refused: 0, messages: 0 };
  const steady = new SteadyClient(broker);
  try {
    const held: HeldMemory[] = [];
    for (let phase = 0; phase < phases; phase++) {
      const until = performance.now() + phaseMs;
      const isOver = (): boolean => performance.now() > until;
      await Promise.all(Array.from({ length: width }, () => churn(broker, counts, random, isOver)));
      await clearRetained(broker);
      await sleep(SETTLE_MS);
      held.push(await broker.memory());
    }
    const { sent, received } = await steady.finish();
    const metrics = await (await fetch(`${broker.admin}/metrics`)).text();
    return {
      ...counts,
      held,
      steadySent: sent,
      steadyReceived: received,
      leftConnections: sumOf(metrics, "bowline_connections"),
      leftSessions: sumOf(metrics, "bowline_sessions"),
    };
  } finally {
    await steady.abort();
    await broker.stop();
  }
}

/** Publishes to itself at QoS 1 from the beginning to the end. */
class SteadyClient {
  private sent = 0;
  private received = 0;
  private readonly client;
  private readonly timer: NodeJS.Timeout;

  constructor({ port, login }: BowlineProcess) {
    this.client = connect(`mqtt://127.0.0.1:${port}`, { credentials: { username: login.user, password: login.password } });
    this.client.subscribe("steady/#", { qos: 1 }, () => this.received++);
    this.timer = setInterval(() => {
      this.sent++;
      void this.client.publish("steady/beat", "beat", { qos: 1 });
    }, STEADY_EVERY_MS);
  }

  /** Resolves when everything has come back, or has had time to. */
  async finish(): Promise<{ sent: number; received: number }> {
    clearInterval(this.timer);
    const { sent } = this;
    for (let waited = 0; this.received < sent && waited < SETTLE_MS; waited += STEADY_EVERY_MS) await sleep(STEADY_EVERY_MS);
    await this.client.close();
    await sleep(SETTLE_MS);
    return { sent, received: this.received };
  }

  abort(): Promise<void> {
    clearInterval(this.timer);
    return this.client.abort();
  }
}

/** What the phase has retained is no leak: it is cleared. */
async function clearRetained({ port, login }: BowlineProcess): Promise<void> {
  const client = connect(`mqtt://127.0.0.1:${port}`, { credentials: { username: login.user, password: login.password } });
  const cleared: PromiseLike<unknown>[] = [];
  const subscription = client.subscribe("soak/#", {}, ({ topicName, retain, payload }) => {
    if (retain && payload.length > 0) cleared.push(client.publish(topicName, "", { retain: true, qos: 1 }));
  });
  await subscription.ready;
  // The retained messages follow the SUBACK; one of our own comes behind them.
  await client.publish("soak/end", "", { qos: 1 });
  await Promise.all(cleared);
  await client.close();
}

function sumOf(metrics: string, name: string): number {
  const lines = metrics.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
