import type { AttemptFacts } from "./facts.ts";
import { awsRules } from "./aws-rules.ts";
import { connectRules } from "./connect-rules.ts";
import { consoleLine } from "./console-text.ts";
import { dnsRules } from "./dns-rules.ts";
import { dropRules } from "./drop-rules.ts";
import { healed } from "./healing-rules.ts";
import { httpRules } from "./http-rules.ts";
import { inputRules } from "./input-rules.ts";
import { pageProbeFindings } from "./page-probe-findings.ts";
import { pageProbeRules, pageRules, pageStaticRules } from "./page-rules.ts";
import { blockedPort } from "./port-rules.ts";
import { parserComplaint, wrongProtocol } from "./protocol-rules.ts";
import { probeRules } from "./probe-rules.ts";
import { proxyRules } from "./proxy-rules.ts";
import { sessionRules } from "./session-rules.ts";
import { closedSocket, unwantedIdentifier } from "./socket-rules.ts";
import { tcpRules } from "./tcp-rules.ts";
import { tlsRules } from "./tls-rules.ts";
import { upgradeRules } from "./upgrade-rules.ts";
import { type Finding, firstFinding, type Rule, toVerdict, type Verdict } from "./verdict.ts";
import { webSocketRules } from "./websocket-rules.ts";

// In order of the strength of their evidence: an answer in words of the protocol before a text, a text before an end, an end before silence.
const rules: readonly Rule[] = [
  ...inputRules,
  blockedPort,
  healed,
  ...probeRules,
  ...proxyRules,
  ...pageStaticRules,
  ...pageProbeRules,
  consoleLine,
  wrongProtocol,
  ...awsRules,
  ...dnsRules,
  ...tlsRules,
  ...httpRules,
  ...tcpRules,
  ...upgradeRules,
  ...pageProbeFindings,
  ...webSocketRules,
  unwantedIdentifier,
  closedSocket,
  ...connectRules,
  ...dropRules,
  ...sessionRules,
  parserComplaint,
  ...pageRules,
];

/**
 * Draws the verdict from facts, and from nothing else. Never fails: what no rule knows becomes CONNECTION_LOST with the facts' last
 * milestone as its evidence.
 */
export function diagnose(facts: AttemptFacts): Verdict {
  return toVerdict(firstFinding(rules, facts) ?? unexplained(facts));
}

/** What can still be said when no rule fits. */
function unexplained(facts: AttemptFacts): Finding {
  const error = facts.errors?.[0];
  const words = error?.code ?? error?.message ?? "no reason given";
  return { code: "CONNECTION_LOST", evidence: `${words} (${facts.milestone ?? "before anything"})` };
}
