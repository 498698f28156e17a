import type { ErrorCode } from "../errors/catalogue.ts";
import { classifyFirstBytes, printable } from "./first-bytes.ts";
import { findError } from "./node-error.ts";
import { hasEnded } from "./tcp-rules.ts";
import { isWebSocketScheme } from "./target.ts";
import type { Rule } from "./verdict.ts";

const badFrame: Rule = (facts) => {
  const error = findError(facts.errors, /WS_ERR_|Invalid WebSocket frame|Invalid frame header|RSV1 must be clear/);
  return error === undefined ? undefined : { code: "WS_PERMESSAGE", evidence: error.code ?? error.message ?? "invalid frame" };
};

/** Bytes where the answer to the upgrade request was expected that are no HTTP, and of no service that is known by them. */
const answeredInMqtt: Rule = (facts) => {
  const { firstBytes, ws } = facts;
  if (!isWebSocketScheme(facts) || ws?.everOpened === true || firstBytes === undefined || firstBytes.length === 0) return undefined;
  const spoken = classifyFirstBytes(firstBytes);
  const evidence = `the answer to the upgrade request begins with "${printable(firstBytes)}"`;
  if (spoken === "connack" || spoken === "disconnect") return { code: "WS_TO_TCP", evidence };
  return spoken === "unknown" ? { code: "WRONG_SERVICE", evidence, hints: ["The port answers, but not in HTTP."] } : undefined;
};

const endedInUpgrade: Rule = (facts) => {
  const isDuring = facts.milestone === "connected" || facts.milestone === "secured";
  if (!isWebSocketScheme(facts) || !isDuring || facts.ws?.everOpened === true) return undefined;
  if (!hasEnded(facts)) return undefined;
  const evidence = "closed in answer to the upgrade request";
  if (facts.target?.scheme === "wss")
    return { code: "WS_TO_TCP", evidence, candidates: ["WS_TO_TCP", "WS_502", "TCP_CLOSE_AT_ACCEPT"] };
  const byPort: ErrorCode = facts.target?.port === 1883 ? "WS_TO_TCP" : "WS_TO_TLS";
  const other: ErrorCode = byPort === "WS_TO_TCP" ? "WS_TO_TLS" : "WS_TO_TCP";
  return { code: byPort, evidence, candidates: [byPort, other, "TCP_RESET_AT_ACCEPT"] };
};

const silentUpgrade: Rule = (facts) =>
  facts.timedOut === true && isWebSocketScheme(facts) && (facts.milestone === "connected" || facts.milestone === "secured")
    ? {
        code: "SILENT",
        stage: "http",
        evidence: "no answer to the upgrade request",
        hints: ["The port may speak MQTT without WebSocket, or the proxy may wait for a dead target."],
      }
    : undefined;

/** What only a runtime with sockets of its own sees of a WebSocket: how the upgrade ended, and frames that break its rules. */
export const upgradeRules: readonly Rule[] = [badFrame, answeredInMqtt, endedInUpgrade, silentUpgrade];
