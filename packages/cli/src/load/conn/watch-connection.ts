import { type AttemptFailure, connect, type Status } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import type { ConnectionTarget } from "../../connection-options.ts";
import { ExitCode } from "../../exit-code.ts";

export interface WatchOrder {
  /** From when it is online; undefined: until the signal. */
  readonly holdMs: number | undefined;
  readonly isJson: boolean;
}

/** What happened to the connection; one JSON record of `bowline conn --json`. */
interface ConnectionEvent {
  readonly event: "online" | "lost" | "failed" | "closed";
  readonly [field: string]: unknown;
}

/**
 * One client that stays, and a line for everything that happens to its connection. Resolves with the exit code.
 *
 * @throws MqttError when the first attempt fails, or the client gives up
 */
export async function watchConnection({ url, options }: ConnectionTarget, order: WatchOrder, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const tell = (event: ConnectionEvent, words: string): void => {
    const record = { v: 1, type: "conn", at: new Date().toISOString(), ...event };
    process.stdout.write(order.isJson ? `${JSON.stringify(record)}\n` : `${record.at}  ${words}\n`);
  };
  const client = connect(url, { ...options, reconnect: { maximumDelayMs: 5_000 } });
  let timer: NodeJS.Timeout | undefined;
  const end = new AbortController();
  signal.addEventListener("abort", () => end.abort(), { once: true });
  let attemptFrom = startedAt;
  let wasOnline = false;
  try {
    await new Promise<void>((resolve, reject) => {
      end.signal.addEventListener("abort", () => resolve(), { once: true });
      client.on("status", (status) => {
        if (status.state === "connecting") attemptFrom = performance.now();
        else if (status.state === "failed") reject(status.failure.error);
        else if (status.state === "online") {
          if (!wasOnline && order.holdMs !== undefined) timer = setTimeout(() => end.abort(), order.holdMs);
          wasOnline = true;
          tell(...onlineEvent(status, performance.now() - attemptFrom));
        }
      });
      client.on("connectionLost", (failure) => tell(...lossEvent("lost", "connection lost", failure)));
      client.on("attemptFailed", (failure) => {
        if (!wasOnline) reject(failure.error);
        else tell(...lossEvent("failed", "still not back", failure));
      });
    });
    await client.close();
    tell({ event: "closed" }, "closed");
    return ExitCode.Well;
  } catch (error) {
    await client.abort();
    if (MqttError.is(error) && signal.aborted) return ExitCode.Interrupted;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function onlineEvent(status: Extract<Status, { state: "online" }>, ms: number): [ConnectionEvent, string] {
  const { clientId, sessionPresent, properties } = status;
  const session = sessionPresent ? "its session was there" : "a new session";
  const limits = Object.entries(properties).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const words = [`online as ${clientId} after ${Math.round(ms)} ms, ${session}`, ...limits].join("; ");
  return [{ event: "online", clientId, sessionPresent, connectMs: Math.round(ms), properties }, words];
}

function lossEvent(event: "lost" | "failed", what: string, failure: AttemptFailure): [ConnectionEvent, string] {
  const { code, reasonCode, retryInMs, error } = failure;
  const next = retryInMs === undefined ? "" : `; next attempt in ${(retryInMs / 1_000).toFixed(1)} s`;
  return [{ event, code, reasonCode, retryInMs }, `${what}: ${error.message}${next}`];
}
