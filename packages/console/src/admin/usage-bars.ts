import type { Usage } from "./admin-api.ts";

const HOUR_MS = 3_600_000;

/** One hour of the chart; 0 where nothing was used. */
export interface UsageBar {
  /** `2026-11-21T10`, UTC. */
  readonly period: string;
  readonly messages: number;
}

/** The last hours, the oldest first, those without any use too. */
export function usageBars(hours: readonly Usage[], now: number, length: number): UsageBar[] {
  const known = new Map(hours.map(({ period, messagesReceived, messagesSent }) => [period, messagesReceived + messagesSent]));
  return Array.from({ length }, (_, index) => {
    const period = new Date(now - (length - 1 - index) * HOUR_MS).toISOString().slice(0, "2026-11-21T10".length);
    return { period, messages: known.get(period) ?? 0 };
  });
}
