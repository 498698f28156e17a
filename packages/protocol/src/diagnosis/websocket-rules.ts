import { closeCodeFinding } from "./close-codes.ts";
import { isWebSocketScheme } from "./target.ts";
import type { Rule } from "./verdict.ts";

const textFrame: Rule = ({ ws }) =>
  ws?.gotTextFrame === true ? { code: "WS_TEXT", evidence: "a text frame where MQTT needs binary ones" } : undefined;

/** 1000, 1005 and 1006 say nothing beyond the end itself, which later rules explain. */
const closedWithCode: Rule = ({ ws }) => {
  if (ws?.everOpened !== true || ws.closeCode === undefined || [1000, 1005, 1006].includes(ws.closeCode)) return undefined;
  return closeCodeFinding(ws.closeCode, ws.closeReason);
};

const openAndSilent: Rule = (facts) => {
  const isOpen = facts.milestone === "upgraded" || (facts.milestone === "connect-sent" && isWebSocketScheme(facts));
  if (facts.timedOut !== true || !isOpen || facts.firstBytes?.length) return undefined;
  return { code: "WS_OPEN_SILENT", evidence: "101, then no CONNACK" };
};

/** What goes wrong with a WebSocket that has opened, told by frames, codes and silence. */
export const webSocketRules: readonly Rule[] = [textFrame, closedWithCode, openAndSilent];
