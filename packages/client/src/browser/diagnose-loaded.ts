import { type ErrorCode, errorInfo, PacketType } from "@bowline/protocol";
import { addRows, type Verdict } from "@bowline/protocol/internal";
import type { AttemptContext } from "../attempt-facts.ts";
import type { ConnectionEnd } from "../network-connection.ts";
import type { diagnose } from "./diagnosis.ts";

/** A failure must not be told late because its explanation does not come: the network may be what failed. */
const LOAD_MS = 1000;

let rules: { readonly diagnose: typeof diagnose } | undefined;

/**
 * The verdict of a page: at once when the rules are there, else as soon as they are loaded, which the first failure begins. Where they
 * cannot be loaded in time the short form stands, and the next failure tries again.
 */
export function diagnoseLoaded(end: ConnectionEnd, context: AttemptContext): Verdict | Promise<Verdict> {
  if (rules !== undefined) return rules.diagnose(end, context);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(shortVerdict(end)), LOAD_MS);
    import("./diagnosis.ts")
      .then((loaded) => {
        rules = loaded;
        addRows(loaded.diagnosedRows);
        resolve(loaded.diagnose(end, context));
      })
      .catch(() => resolve(shortVerdict(end)))
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
export function shortVerdict(end: ConnectionEnd): Verdict {
  const code = shortCode(end);
  const { stage, retry } = errorInfo(code);
  const reasonCode = end.packet?.reasonCode;
  return {
    code,
    stage,
    retry,
    certain: false,
    candidates: [],
    hints: [],
    evidence: "what explains it could not be loaded",
    ...(reasonCode === undefined ? {} : { reasonCode }),
  };
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
