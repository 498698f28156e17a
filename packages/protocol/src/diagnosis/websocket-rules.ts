import type { ErrorCode } from "../errors/catalogue.ts";
import { closeCodeFinding } from "./close-codes.ts";
import { findError } from "./node-error.ts";
import { isReset } from "./tcp-rules.ts";
import { isWebSocketScheme } from "./target.ts";
import type { Rule } from "./verdict.ts";

const textFrame: Rule = ({ ws }) =>
  ws?.gotTextFrame === true ? { code: "WS_TEXT", evidence: "a text frame where MQTT needs binary ones" } : undefined;

const badFrame: Rule = (facts) => {
  const error = findError(facts.errors, /WS_ERR_|Invalid WebSocket frame|Invalid frame header|RSV1 must be clear/);
  return error === undefined ? undefined : { code: "WS_PERMESSAGE", evidence: error.code ?? error.message ?? "invalid frame" };
};

/** 1000, 1005 and 1006 say nothing beyond the end itself, which later rules explain. */
const closedWithCode: Rule = ({ ws }) => {
  if (ws?.everOpened !== true || ws.closeCode === undefined || [1000, 1005, 1006].includes(ws.closeCode)) return undefined;
  return closeCodeFinding(ws.closeCode, ws.closeReason);
};

/** The page is told nothing here, so only a runtime with sockets of its own may conclude from the milestone. */
const endedInUpgrade: Rule = (facts) => {
  const isDuring = facts.milestone === "connected" || facts.milestone === "secured";
  if (!isWebSocketScheme(facts) || !isDuring || facts.ws?.everOpened === true) return undefined;
  const hasEnded = facts.closedBy !== undefined || isReset(facts);
  if (!hasEnded) return undefined;
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

const openAndSilent: Rule = (facts) => {
  const isOpen = facts.milestone === "upgraded" || (facts.milestone === "connect-sent" && isWebSocketScheme(facts));
  if (facts.timedOut !== true || !isOpen) return undefined;
  return { code: "WS_OPEN_SILENT", evidence: "101, then no CONNACK" };
};

/** What goes wrong with the WebSocket before and after it opens, told by frames, codes and silence. */
export const webSocketRules: readonly Rule[] = [textFrame, badFrame, closedWithCode, endedInUpgrade, silentUpgrade, openAndSilent];
