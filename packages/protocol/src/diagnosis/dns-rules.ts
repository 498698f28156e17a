import { addressClass } from "./address-class.ts";
import type { AttemptFacts } from "./facts.ts";
import { findError } from "./node-error.ts";
import { runsInPage } from "./target.ts";
import type { Rule } from "./verdict.ts";

const nameNotFound: Rule = (facts) => {
  const error = findError(facts.errors, /\bENOTFOUND\b|ERR_NAME_NOT_RESOLVED/);
  if (error === undefined) return undefined;
  const host = facts.target?.host ?? "";
  const evidence = `${host === "" ? "the name" : host}: not found`;
  if (facts.dns?.addresses?.length === 0) return { code: "DNS_NODATA", evidence: `${host}: no A or AAAA record` };
  const local = host.endsWith(".local") ? ["Names in .local need mDNS on this machine."] : [];
  const single =
    !host.includes(".") && host !== ""
      ? ["A name without a dot is often a service name, known only inside its container network."]
      : [];
  return { code: "DNS_NXDOMAIN", evidence, hints: [...local, ...single] };
};

const nameHasNoData: Rule = (facts) =>
  findError(facts.errors, /\bENODATA\b/) === undefined
    ? undefined
    : { code: "DNS_NODATA", evidence: `${facts.target?.host ?? "the name"}: no address record` };

const resolverFailed: Rule = (facts) => {
  const error = findError(facts.errors, /\b(EAI_AGAIN|ESERVFAIL|EAI_FAIL|EREFUSED)\b/);
  const isLookup = error !== undefined || (facts.timedOut === true && facts.milestone === "started" && !runsInPage(facts));
  if (!isLookup) return undefined;
  return { code: "DNS_TEMP", evidence: error?.code ?? "no answer from the resolver" };
};

/** A wrong address shows only as a failure to reach it, so this rule stands before those of TCP. */
const nameLeadsInside: Rule = (facts) => {
  const addresses = facts.dns?.addresses ?? [];
  if (facts.dns?.expectedPublic !== true || addresses.length === 0 || !failedToConnect(facts)) return undefined;
  const classes = addresses.map(addressClass);
  const evidence = `${facts.target?.host ?? "the name"} is ${addresses.join(", ")}`;
  if (classes.every((name) => name === "loopback")) return { code: "DNS_LOOPBACK", evidence };
  return classes.every((name) => name !== "public") ? { code: "DNS_PRIVATE", evidence } : undefined;
};

const failedToConnect = (facts: AttemptFacts): boolean => facts.milestone === "started" || facts.milestone === "resolved";

/** Failures of finding the host. */
export const dnsRules: readonly Rule[] = [nameNotFound, nameHasNoData, resolverFailed, nameLeadsInside];
