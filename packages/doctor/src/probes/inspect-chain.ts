import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity, type DetailedPeerCertificate, rootCertificates } from "node:tls";
import type { CaFacts, CertificateFacts } from "@bowline/protocol/internal";

/** P4c: what is wrong with a chain, all of it: OpenSSL names one fault only. */
export interface ChainFacts {
  readonly certificate: CertificateFacts;
  readonly ca?: CaFacts;
  /** OpenSSL's names of the checks that fail. */
  readonly failures: readonly string[];
  /** The certificates from the server's own upwards, for people. */
  readonly lines: readonly string[];
  readonly weakness?: string;
}

export interface ChainContext {
  /** The name the certificate must be for. */
  readonly name: string;
  readonly ca: string | undefined;
  readonly nowMs: number;
  /** What Node reported. */
  readonly reported: string | undefined;
}

export function inspectChain(chain: readonly DetailedPeerCertificate[], context: ChainContext): ChainFacts | undefined {
  const [shown] = chain;
  const certificates = chain.map(({ raw }) => new X509Certificate(raw));
  const [leaf] = certificates;
  if (leaf === undefined || shown === undefined) return undefined;
  const configured = context.ca === undefined ? undefined : readCertificates(context.ca);
  const isTrusted = context.reported === undefined;
  const trust = isTrusted ? undefined : trustFailure(certificates, configured ?? systemRoots(), configured);
  const name = checkServerIdentity(context.name, shown) === undefined ? undefined : "ERR_TLS_CERT_ALTNAME_INVALID";
  const failures = [context.reported, dateFailure(certificates, context.nowMs), name, trust];
  const weakness = weaknessOf(leaf);
  return {
    certificate: certificateFacts(certificates, leaf, configured),
    ...(context.ca === undefined ? {} : { ca: caFacts(context.ca, configured ?? [], leaf) }),
    failures: [...new Set(failures.filter((failure) => failure !== undefined))],
    lines: certificates.map((one) => `${oneLine(one.subject)}, issued by ${oneLine(one.issuer)}, until ${dayOf(one.validTo)}`),
    ...(weakness === undefined ? {} : { weakness }),
  };
}

/** Which check a path from the leaf to what is trusted fails, told apart as OpenSSL does, or undefined when it arrives. */
function trustFailure(
  sent: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  configured: readonly X509Certificate[] | undefined,
): string | undefined {
  let current = sent[0];
  for (let depth = 0; current !== undefined && depth < 10; depth++) {
    const one = current;
    const isKnown = trusted.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256);
    if (isSelfSigned(one)) {
      if (isKnown) return undefined;
      return depth === 0 ? "DEPTH_ZERO_SELF_SIGNED_CERT" : "SELF_SIGNED_CERT_IN_CHAIN";
    }
    const isAbove = (other: X509Certificate): boolean => one.checkIssued(other);
    const above: X509Certificate | undefined = trusted.find(isAbove) ?? sent.find((other) => other !== one && isAbove(other));
    if (above === undefined) {
      if (depth === 0) return "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
      return configured?.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256) === true
        ? "UNABLE_TO_GET_ISSUER_CERT"
        : "UNABLE_TO_GET_ISSUER_CERT_LOCALLY";
    }
    current = above;
  }
  return undefined;
}

function dateFailure(chain: readonly X509Certificate[], nowMs: number): string | undefined {
  if (chain.some((one) => Date.parse(one.validTo) < nowMs)) return "CERT_HAS_EXPIRED";
  return chain.some((one) => Date.parse(one.validFrom) > nowMs) ? "CERT_NOT_YET_VALID" : undefined;
}

function certificateFacts(
  chain: readonly X509Certificate[],
  leaf: X509Certificate,
  configured: readonly X509Certificate[] | undefined,
): CertificateFacts {
  const known = new Set(configured?.map(({ fingerprint256 }) => fingerprint256));
  const sent = chain.filter(({ fingerprint256 }) => fingerprint256 === leaf.fingerprint256 || !known.has(fingerprint256));
  const top = sent.at(-1) ?? leaf;
  return {
    subject: oneLine(leaf.subject),
    issuer: oneLine(leaf.issuer),
    isSelfSigned: isSelfSigned(leaf),
    alternativeNames: (leaf.subjectAltName ?? "")
      .split(", ")
      .filter((name) => name !== "")
      .map((name) => name.replace(/^(DNS|IP Address):/, "")),
    validFromMs: Date.parse(leaf.validFrom),
    validToMs: Date.parse(leaf.validTo),
    chainLength: sent.length,
    chainEndsSelfSigned: isSelfSigned(top),
    namesIssuerAddress: /CA Issuers/.test(leaf.infoAccess ?? ""),
  };
}

function caFacts(text: string, configured: readonly X509Certificate[], leaf: X509Certificate): CaFacts {
  return {
    pemCount: pemBlocks(text).length,
    isServersLeaf: configured.some(({ fingerprint256 }) => fingerprint256 === leaf.fingerprint256),
    isIntermediate: configured.length > 0 && !configured.some(isSelfSigned),
  };
}

/** Keys and signatures that newer libraries refuse. */
function weaknessOf(leaf: X509Certificate): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = leaf.publicKey;
  const bits = details?.modulusLength;
  return type === "rsa" && bits !== undefined && bits < 2048 ? `a key of ${bits} bits (RSA)` : undefined;
}

/** Whether a text holds certificates, each of them readable. */
export function readCertificates(text: string): readonly X509Certificate[] {
  return pemBlocks(text).flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      return [];
    }
  });
}

const pemBlocks = (text: string): readonly string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];

let roots: readonly X509Certificate[] | undefined;
const systemRoots = (): readonly X509Certificate[] => (roots ??= rootCertificates.flatMap(readCertificates));

const isSelfSigned = (one: X509Certificate): boolean => one.subject === one.issuer && one.checkIssued(one);
const oneLine = (name: string): string => name.replaceAll("\n", ", ");
const dayOf = (date: string): string => new Date(date).toISOString().slice(0, 10);

/** The name a certificate is compared with: an address is compared with the addresses it lists. */
export function nameToCheck(host: string, serverName: string | false | undefined): string {
  return typeof serverName === "string" && isIP(serverName) === 0 ? serverName : host;
}
