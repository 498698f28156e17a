import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionTarget } from "../../connection-options.ts";
import { ExitCode } from "../../exit-code.ts";
import { LiveLine } from "../live-line.ts";
import { grouped } from "../../terminal/progress.ts";
import { timeText } from "../time-text.ts";
import { ConnectionCrowd, type CrowdCounts } from "./connection-crowd.ts";

export interface HoldOrder {
  readonly clients: number;
  readonly intervalMs: number;
  /** Undefined: until the signal. */
  readonly holdMs: number | undefined;
  readonly isJson: boolean;
}

/** What clients that fail at first are given to come about after the last one has begun. */
const SETTLING_MS = 10_000;
const LOOK_MS = 100;

/**
 * Opens many clients, holds them, and prints what became of them. Resolves with the exit code.
 *
 * @throws MqttError of the first failure when no client ever connected
 */
export async function holdConnections(target: ConnectionTarget, order: HoldOrder, signal: AbortSignal): Promise<number> {
  const crowd = new ConnectionCrowd(target, order.clients);
  const live = new LiveLine();
  const timer = setInterval(() => live.show(liveText(crowd.counts)), LOOK_MS * 5);
  try {
    await crowd.open(order.intervalMs, signal);
    await settled(crowd, signal);
    const { connected } = crowd.counts;
    if (connected === 0 && crowd.firstError !== undefined && !signal.aborted) throw crowd.firstError;
    await held(order.holdMs, signal);
    live.clear();
    return report(crowd, order);
  } finally {
    clearInterval(timer);
    live.clear();
    await crowd.close();
  }
}

/** Until each client has been online, every one has failed, or time is over. */
async function settled(crowd: ConnectionCrowd, signal: AbortSignal): Promise<void> {
  const until = performance.now() + SETTLING_MS;
  while (!signal.aborted && performance.now() < until) {
    const { connected, clients, failures } = crowd.counts;
    if (connected === clients) return;
    const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
    if (connected === 0 && failed >= clients) return;
    await sleep(LOOK_MS / 10);
  }
}

async function held(holdMs: number | undefined, signal: AbortSignal): Promise<void> {
  if (holdMs !== undefined) await sleep(holdMs, undefined, { signal }).catch(() => {});
  else if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function report(crowd: ConnectionCrowd, { isJson }: HoldOrder): number {
  const { counts, connectUs } = crowd;
  const ok = counts.online === counts.clients && counts.drops === 0;
  if (isJson) process.stdout.write(`${JSON.stringify({ v: 1, type: "conn", ok, ...counts, connectUs })}\n`);
  else process.stdout.write(`${crowdText(counts, connectUs).join("\n")}\n`);
  return ok ? ExitCode.Well : ExitCode.Failed;
}

function crowdText(counts: CrowdCounts, { p50, p90, p99, p999, max }: ConnectionCrowd["connectUs"]): string[] {
  const { clients, connected, online, drops, reconnects, failures } = counts;
  const lines = [`${grouped(connected)} of ${grouped(clients)} clients connected, ${grouped(online)} are online`];
  if (connected > 0) {
    const times = [p50, p90, p99, p999, max].map(timeText);
    lines.push(`connect     p50 ${times[0]}, p90 ${times[1]}, p99 ${times[2]}, p99.9 ${times[3]}, max ${times[4]}`);
  }
  lines.push(`lost        ${grouped(drops)} connections, ${grouped(reconnects)} came back`);
  for (const [code, count] of Object.entries(failures)) lines.push(`failed      ${grouped(count)} attempts: ${code}`);
  return lines;
}

function liveText({ clients, begun, online, drops, reconnects }: CrowdCounts): string {
  const lost = drops === 0 ? "" : `  ${grouped(drops)} lost, ${grouped(reconnects)} back`;
  return `${grouped(online)} online of ${grouped(begun)} begun of ${grouped(clients)}${lost}`;
}
