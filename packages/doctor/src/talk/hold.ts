import { PacketType } from "@bowline/protocol";
import type { AttemptFacts } from "@bowline/protocol/internal";
import { howItEnded, wordsOf } from "./introduce.ts";
import type { Talk } from "./talk.ts";

/** P8: how long a connection that does nothing else lives. */
export interface Held {
  /** Present when it ended. */
  readonly facts?: AttemptFacts;
  readonly ageMs: number;
  /** How long nothing had passed in either direction when it ended. */
  readonly silentMs: number;
  /** Round trips of the pings, in ms. */
  readonly pingsMs: readonly number[];
}

/**
 * Keeps the connection for so many ms, with a ping each `pingEveryMs`, or none.
 *
 * @param quietSince when the last packet passed before
 */
export async function hold(talk: Talk, ms: number, pingEveryMs: number, quietSince?: number): Promise<Held> {
  const startedAt = performance.now();
  let lastAt = quietSince ?? startedAt;
  const ageMs = (): number => performance.now() - startedAt;
  const pingsMs: number[] = [];
  let pingedAt: number | undefined;
  let nextPingAt = pingEveryMs;
  const ended = (facts: AttemptFacts): Held => ({
    facts: { ...facts, session: { ageMs: Math.round(ageMs()), isPingOutstanding: pingedAt !== undefined } },
    ageMs: ageMs(),
    silentMs: performance.now() - lastAt,
    pingsMs,
  });
  while (ageMs() < ms) {
    const packet = await talk.next(Math.max(1, Math.min(ms, nextPingAt) - ageMs()));
    if (packet !== undefined) lastAt = performance.now();
    if (packet?.type === PacketType.DISCONNECT) {
      return ended({ disconnect: { reasonCode: packet.reasonCode, ...wordsOf(packet.properties) } });
    }
    if (packet?.type === PacketType.PINGRESP && pingedAt !== undefined) {
      pingsMs.push(ageMs() - pingedAt);
      pingedAt = undefined;
    }
    if (packet === undefined && (talk.isOver || talk.closedBy !== undefined)) return ended(howItEnded(talk));
    if (ageMs() < nextPingAt) continue;
    if (pingedAt !== undefined) return ended({ timedOut: true });
    pingedAt = ageMs();
    lastAt = performance.now();
    nextPingAt += pingEveryMs;
    talk.send({ type: PacketType.PINGREQ });
  }
  return { ageMs: ageMs(), silentMs: performance.now() - lastAt, pingsMs };
}
