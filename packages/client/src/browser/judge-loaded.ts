import { type ErrorCode, PacketType } from "@bowline/protocol";
import { addRows } from "@bowline/protocol/internal";
import type { AttemptContext } from "../attempt-facts.ts";
import type { Judgement } from "../judgement.ts";
import type { ConnectionEnd } from "../network-connection.ts";
import type { judge } from "./diagnosis.ts";

/** A failure must not be told late because its explanation does not come: the network may be what failed. */
const LOAD_MS = 1000;

let rules: { readonly judge: typeof judge } | undefined;

/**
 * The judgement of a page: at once when the rules are there, else as soon as they are loaded, which the first failure begins. Where
 * they cannot be loaded in time the short form stands, and the next failure tries again.
 */
export function judgeLoaded(end: ConnectionEnd, context: AttemptContext): Judgement | Promise<Judgement> {
  if (rules !== undefined) return rules.judge(end, context);
  return new Promise((resolve) => {
    const giveUp = (): void => resolve(shortJudgement(end));
    const timer = setTimeout(giveUp, LOAD_MS);
    import("./diagnosis.ts")
      .then((loaded) => {
        rules = loaded;
        addRows(loaded.pageRows);
        resolve(loaded.judge(end, context));
      })
      .catch(giveUp)
      .finally(() => clearTimeout(timer));
  });
}

/** Codes that decide whether and how to try again; all else is tried again with growing delays. */
const refusals: Readonly<Record<number, ErrorCode>> = {
  1: "PROTO_VERSION",
  4: "BAD_CREDENTIALS",
  5: "NOT_AUTHORIZED",
  132: "PROTO_VERSION",
  134: "BAD_CREDENTIALS",
  135: "NOT_AUTHORIZED",
  142: "TAKEOVER",
};

/** What can be said of an end without the rules. */
export function shortJudgement(end: ConnectionEnd): Judgement {
  const { packet, error, cause = error } = end;
  const reasonCode = packet && { reasonCode: packet.reasonCode };
  return { code: shortCode(end), options: { detail: "what explains it could not be loaded", cause, ...reasonCode }, hints: [] };
}

function shortCode({ packet, timedOut, facts }: ConnectionEnd): ErrorCode {
  const { milestone } = facts;
  if (packet !== undefined) {
    return refusals[packet.reasonCode] ?? (packet.type === PacketType.CONNACK ? "UNAVAILABLE" : "DISCONNECTED");
  }
  if (milestone === "accepted") return timedOut ? "PING_TIMEOUT" : "CONNECTION_LOST";
  if (milestone === "started") return "WS_NEVER_OPENED";
  return timedOut ? "SILENT" : "CONNACK_NONE";
}
