import type { DetailedPeerCertificate } from "node:tls";
import type { AttemptFacts } from "@bowline/protocol/internal";
import type { Findings } from "./findings.ts";
import { type ChainFacts, inspectChain, nameToCheck } from "./probes/inspect-chain.ts";
import type { Settings } from "./settings.ts";

/** Names everything that is wrong with the server's certificate, and returns the facts of its chain. */
export function findInCertificate(
  findings: Findings,
  chain: readonly DetailedPeerCertificate[],
  facts: AttemptFacts,
  settings: Settings,
  nowMs: number,
): ChainFacts | undefined {
  const { tls } = facts;
  if (tls === undefined) return undefined;
  const name = nameToCheck(settings.host, settings.serverName);
  const inspected = inspectChain(chain, { name, ca: settings.ca, nowMs, reported: tls.authorizationError });
  if (inspected === undefined) return undefined;
  const { certificate, ca, failures, weakness } = inspected;
  const { authorizationError: _, ...rest } = tls;
  const known = { ...rest, certificate, ...(ca === undefined ? {} : { ca }) };
  const { target, dns, http } = facts;
  const base: AttemptFacts = { nowMs, milestone: "secured", ...(target && { target }), ...(dns && { dns }), ...(http && { http }) };
  for (const authorizationError of failures) {
    findings.diagnose({ ...base, tls: { ...known, authorizationError } });
  }
  if (certificate.alternativeNames?.length === 0) {
    findings.note("TLS_CN_ONLY", "warn", certificate.subject ?? "no alternative name", facts, [
      "Node still takes the common name; browsers and newer libraries do not.",
    ]);
  }
  if (weakness !== undefined) findings.note("TLS_WEAK", "warn", weakness, facts);
  return inspected;
}
