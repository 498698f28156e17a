import { parsePrometheus } from "../broker/parse-prometheus.ts";
import { AttackedBroker } from "../security/attacked-broker.ts";
import { expect, test } from "vitest";
import { ChildProgram } from "./child-program.ts";
import type { SlowOrder, SlowReport } from "./slow-child.ts";
import type { SteadyReport, SteadyTask } from "./steady-child.ts";

/* One subscriber that is busy for 1 ms with each message, and others that are not, at the real broker with its store on the disk. */

const isLong = process.env["BOWLINE_LONG"] === "1";
const COUNT = isLong ? 200_000 : 12_500;
const RATE = isLong ? 5_000 : 2_500;
/** With and without the slow one, in turn: enough for a median, or until the machine has let the broker be as it is. */
const ROUNDS = 3;
const READERS = 2;
/** A short run must fill the queue too, but not that of a reader which two busy cores keep waiting for a second. */
const LIMITS = isLong ? {} : { maximumQueuedMessages: 2_500 };
const MB = 1_000_000;
/** Every day other tests run beside this one, and take the cores for longer than a message. */
const SLACK_MS = isLong ? 1 : 300;

interface Queued {
  clientIdentifier: string;
  queued: number;
  inFlight: number;
  dropped: number;
  drops: { queueFull: number };
}

class Stage {
  readonly broker: AttackedBroker;
  readonly steady: ChildProgram;
  readonly slow: ChildProgram;
  /** Anonymous memory at its most. */
  mostBytes = 0;

  constructor(broker: AttackedBroker) {
    this.broker = broker;
    this.steady = new ChildProgram("steady-child", broker.url("tcp"), READERS);
    this.slow = new ChildProgram("slow-child", broker.url("tcp"), "slow");
  }

  /** The messages with a subscriber that is so busy; then it is given time to read what waits for it. */
  async publish(count: number, busyMs: number): Promise<SteadyReport> {
    this.slow.tell({ busyMs } satisfies SlowOrder);
    this.steady.tell({ count, rate: RATE } satisfies SteadyTask);
    let report: SteadyReport | undefined;
    const told = this.steady.told<SteadyReport>().then((done) => (report = done));
    while (report === undefined) {
      this.mostBytes = Math.max(this.mostBytes, this.broker.ownBytes);
      await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    this.slow.tell({ busyMs: 0 } satisfies SlowOrder);
    for (let waiting = true; waiting; ) {
      const { queued, inFlight } = await this.slowView();
      waiting = queued + inFlight > 0;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return report;
  }

  async slowView(): Promise<Queued> {
    const connections = (await this.broker.process.connections()) as unknown as Queued[];
    return connections.find(({ clientIdentifier }) => clientIdentifier === "slow")!;
  }

  async end(): Promise<void> {
    await this.steady.end();
    await this.slow.end();
    await this.broker.remove();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Whether the slow one made no difference to the others: within 20 %. */
function isUnchanged(quick: readonly SteadyReport[], slow: readonly SteadyReport[]): boolean {
  const p99Of = (reports: readonly SteadyReport[]): number => median(reports.map(({ p99Ms }) => p99Ms));
  return p99Of(slow) <= 1.2 * p99Of(quick) + SLACK_MS;
}

test(`[G6 broker] [G8 broker] a slow subscriber of ${COUNT} messages of 1 kB costs the broker 100 MB at most and the others nothing, and what it loses is counted`, async () => {
  const stage = new Stage(await AttackedBroker.start({ limits: LIMITS }));
  try {
    await stage.steady.told();
    await stage.slow.told();
    const base = stage.broker.ownBytes;
    const quick: SteadyReport[] = [];
    const slow: SteadyReport[] = [];
    for (let round = 0; round < ROUNDS && (isLong || round === 0 || !isUnchanged(quick, slow)); round++) {
      quick.push(await stage.publish(COUNT / 2, 0));
      slow.push(await stage.publish(COUNT, 1));
    }
    const view = await stage.slowView();
    stage.slow.tell({} satisfies SlowOrder);
    const got = await stage.slow.told<SlowReport>();
    const grown = (stage.mostBytes - base) / MB;
    if (isLong)
      console.log(`figure: anonymous memory grown ${grown} MB, ${view.dropped} dropped, ${JSON.stringify({ quick, slow })}`);

    const published = slow.length * (COUNT + COUNT / 2);
    for (const [reports, count] of [
      [quick, COUNT / 2],
      [slow, COUNT],
    ] as const) {
      expect(reports.map(({ acknowledged, received }) => [acknowledged, received])).toEqual(
        reports.map(() => [count, READERS * count]),
      );
    }
    expect(grown).toBeLessThanOrEqual(100);
    expect(isUnchanged(quick, slow)).toBe(true);
    // Within its quota it loses nothing, past it every loss is counted: in the metrics, for the client, and in the log.
    expect(view.dropped).toBeGreaterThan(COUNT / 4);
    expect(view.drops.queueFull).toBe(view.dropped);
    expect(got).toEqual({ received: published - view.dropped, disordered: 0 });
    const metrics = parsePrometheus(await stage.broker.process.ask("/metrics"));
    expect(metrics.value("bowline_messages_dropped_total", { tenant: "default", reason: "queue_full" })).toBe(view.dropped);
    expect(metrics.value("bowline_client_messages_dropped_total", { tenant: "default", client: "slow" })).toBe(view.dropped);
    expect(stage.broker.process.log).toMatch(/"clients":\[\{"clientId":"slow","lost":\d+\}\].*"messages were not delivered"/);
  } finally {
    await stage.end();
  }
}, 600_000);
