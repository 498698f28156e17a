import type { AttemptFacts } from "./facts.ts";

/** Whether the target's scheme asks for TLS. */
export function isTlsScheme(facts: AttemptFacts): boolean {
  return facts.target?.scheme === "mqtts" || facts.target?.scheme === "wss";
}

/** Whether the target's scheme asks for a WebSocket. */
export function isWebSocketScheme(facts: AttemptFacts): boolean {
  return facts.target?.scheme === "ws" || facts.target?.scheme === "wss";
}

/** Whether only browser APIs reach the network there, which tell next to nothing. */
export function runsInPage(facts: AttemptFacts): boolean {
  return facts.runtime === "browser" || facts.runtime === "worker" || facts.page !== undefined;
}

/** Whether the target is a data endpoint of AWS IoT Core. */
export function isAwsIot(facts: AttemptFacts): boolean {
  return /\.iot\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/i.test(facts.target?.host ?? "");
}
