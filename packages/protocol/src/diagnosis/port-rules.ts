import { isAddress } from "./address-class.ts";
import type { AttemptFacts } from "./facts.ts";
import { runsInPage } from "./target.ts";
import type { Finding, Rule } from "./verdict.ts";

// The ports of the fetch standard's block list which someone might give to a broker.
const unsafePorts: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
  117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587,
  601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
  6679, 6697, 10080,
]);

/** What each well-known port speaks almost everywhere. */
const usualSchemes: Readonly<Record<number, readonly string[]>> = {
  1883: ["mqtt"],
  8883: ["mqtts"],
  80: ["ws"],
  443: ["wss", "mqtts"],
  8083: ["ws"],
  8084: ["wss"],
  8884: ["wss", "mqtts"],
};

/** A port no browser dials. Not told in a page, where the list would weigh more than it helps. */
export const blockedPort: Rule = (facts) =>
  runsInPage(facts) && unsafePorts.has(facts.target?.port ?? 0)
    ? { code: "UNSAFE_PORT", evidence: `port ${facts.target?.port}` }
    : undefined;

/** What looks odd before dialling, though it may work: a client warns of these once. */
export function staticWarnings(facts: AttemptFacts): readonly Finding[] {
  const { scheme, host, port } = facts.target ?? {};
  const warnings: Finding[] = [];
  const usual = port === undefined ? undefined : usualSchemes[port];
  if (usual !== undefined && scheme !== undefined && !usual.includes(scheme)) {
    warnings.push({ code: "PORT_SCHEME_ODD", evidence: `port ${port} usually speaks ${usual.join(" or ")}, not ${scheme}` });
  }
  const isSecure = scheme === "mqtts" || scheme === "wss";
  if (isSecure && host !== undefined && isAddress(host) && typeof facts.tls?.serverName !== "string") {
    warnings.push({ code: "TLS_SNI", evidence: `no server name is sent to the address ${host}` });
  }
  if (facts.tls?.certificate?.alternativeNames?.length === 0) {
    warnings.push({ code: "TLS_CN_ONLY", evidence: facts.tls.certificate.subject ?? "certificate without alternative names" });
  }
  return warnings;
}
