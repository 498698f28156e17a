import { certificateCheckOf, certificateCode } from "./certificate-codes.ts";
import type { AttemptFacts, CertificateFacts } from "./facts.ts";
import { textOf } from "./node-error.ts";
import type { Finding, Rule } from "./verdict.ts";

const clockSkewMax = 120_000;

// Issuers of products that open TLS on the way, by words of their certificates' names.
const inspectors =
  /zscaler|netskope|fortinet|fortigate|palo alto|sophos|kaspersky|avast|avg |eset|bitdefender|mcafee|blue ?coat|forcepoint|cisco umbrella|check point|mitmproxy|charles proxy|fiddler/i;

const defaultCertificate = /Kubernetes Ingress Controller Fake Certificate|TRAEFIK DEFAULT CERT/i;

/** A certificate check that failed, refined by what is known of the chain. */
export const certificateRejected: Rule = (facts) => {
  const check = failedCheck(facts);
  if (check === undefined) return undefined;
  switch (check) {
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return outOfTime(check, facts);
    case "ERR_TLS_CERT_ALTNAME_INVALID":
    case "HOSTNAME_MISMATCH":
      return otherName(facts);
    default:
      return unknownIssuer(check, facts);
  }
};

function failedCheck(facts: AttemptFacts): string | undefined {
  const reported = facts.tls?.authorizationError;
  if (reported !== undefined) return certificateCheckOf(reported) ?? "CERT_REJECTED";
  for (const error of facts.errors ?? []) {
    const check = certificateCheckOf(textOf(error));
    if (check !== undefined) return check;
  }
  return undefined;
}

function outOfTime(check: string, facts: AttemptFacts): Finding {
  const certificate = facts.tls?.certificate;
  const skew = clockSkewOf(facts);
  if (skew !== undefined) return skew;
  const isExpired = check === "CERT_HAS_EXPIRED";
  const at = isExpired ? certificate?.validToMs : certificate?.validFromMs;
  const subject = certificate?.subject ?? "the certificate";
  if (at === undefined) return { code: certificateCode(check), evidence: check };
  const isLeaf = isExpired ? at < (facts.nowMs ?? at + 1) : at > (facts.nowMs ?? at - 1);
  if (!isLeaf) return { code: certificateCode(check), evidence: `${subject} is in time, so its issuer is not` };
  return { code: certificateCode(check), evidence: `${subject}, ${isExpired ? "until" : "from"} ${dayOf(at)}` };
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** A clock that differs from the server's explains dates and signatures alike. */
export function clockSkewOf(facts: AttemptFacts): Finding | undefined {
  const dateMs = facts.http?.dateMs ?? facts.page?.probe?.dateMs;
  if (dateMs === undefined || facts.nowMs === undefined) return undefined;
  const skewMs = facts.nowMs - dateMs;
  if (Math.abs(skewMs) <= clockSkewMax) return undefined;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return { code: "CLOCK_SKEW", evidence: `this clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} the server's` };
}

function otherName(facts: AttemptFacts): Finding {
  const host = facts.target?.host ?? "the host";
  const certificate = facts.tls?.certificate;
  const names = certificate?.alternativeNames;
  if (defaultCertificate.test(certificate?.subject ?? "")) {
    return { code: "TLS_SNI", evidence: `the server answers with its default certificate, ${certificate?.subject ?? ""}` };
  }
  const cname = facts.dns?.cname;
  if (cname !== undefined && names?.some((name) => fitsName(name, cname)) === true) {
    return { code: "DNS_CNAME_HOST", evidence: `${host} is an alias of ${cname}, for which the certificate is` };
  }
  if (names?.length === 0) return { code: "TLS_CN_ONLY", evidence: certificate?.subject ?? "no alternative name" };
  const reason = facts.errors?.find((error) => error.reason !== undefined)?.reason;
  const listed = names === undefined ? (reason ?? "the names differ") : `it lists ${names.join(", ")}`;
  return { code: "TLS_SAN", evidence: `${host} is not in the certificate; ${listed}` };
}

/** Whether a certificate's name covers a host: a star stands for exactly one label. */
export function fitsName(name: string, host: string): boolean {
  const wanted = host.toLowerCase().replace(/\.$/, "");
  const pattern = name.toLowerCase();
  if (!pattern.startsWith("*.")) return pattern === wanted;
  const dot = wanted.indexOf(".");
  return dot > 0 && wanted.slice(dot) === pattern.slice(1);
}

function unknownIssuer(check: string, facts: AttemptFacts): Finding {
  const certificate = facts.tls?.certificate;
  const evidence = `${check}${issuerOf(certificate)}`;
  if (inspectors.test(certificate?.issuer ?? "")) return { code: "TLS_MITM", evidence };
  if (check !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") return { code: certificateCode(check), evidence };
  if (facts.tls?.ca?.pemCount === 0) return { code: "TLS_CA_FILE_BAD", evidence: "`ca` has no BEGIN CERTIFICATE line" };
  if (facts.tls?.ca?.isServersLeaf === true) return { code: "TLS_CA_IS_LEAF", evidence };
  if (certificate?.namesIssuerAddress === true) return { code: "TLS_MISSING_INTERMEDIATE", evidence };
  if (certificate?.namesIssuerAddress === false) return { code: "TLS_UNKNOWN_CA", evidence };
  return {
    code: "TLS_UNKNOWN_CA",
    evidence,
    candidates: ["TLS_UNKNOWN_CA", "TLS_MISSING_INTERMEDIATE", "TLS_CA_IS_LEAF", "TLS_CA_FILE_BAD"],
  };
}

const issuerOf = (certificate: CertificateFacts | undefined): string =>
  certificate?.issuer === undefined ? "" : `, issued by ${certificate.issuer}`;
