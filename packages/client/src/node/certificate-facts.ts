import { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import type { CertificateFacts, TlsFacts } from "@bowline/protocol/internal";
import type { Target } from "../transport/transport.ts";

/** What the server showed of itself in the handshake, whether or not it is believed. */
export function certificateFacts(socket: TLSSocket, target: Target): TlsFacts {
  // Not `getPeerX509Certificate`: it takes the leaf out of the chain that Node checks afterwards.
  const shown = socket.getPeerCertificate(true) as DetailedPeerCertificate | undefined;
  if (shown?.raw === undefined) return {};
  const chain = chainOf(shown);
  const ca = configuredAuthorities(target);
  return {
    certificate: certificateOf(chain),
    ...(ca.length === 0 ? {} : { ca: { pemCount: ca.length, isServersLeaf: ca.includes(chain[0].fingerprint256) } }),
  };
}

/** The leaf and what was sent or is known above it. */
function chainOf(shown: DetailedPeerCertificate): [X509Certificate, ...X509Certificate[]] {
  const chain: [X509Certificate, ...X509Certificate[]] = [new X509Certificate(shown.raw)];
  // A root is its own issuer, and a chain that goes on for ever is a fault of its own.
  for (let one = shown; chain.length < 10; one = one.issuerCertificate) {
    const above = one.issuerCertificate as DetailedPeerCertificate | undefined;
    if (above?.raw === undefined || above === one) break;
    chain.push(new X509Certificate(above.raw));
  }
  return chain;
}

function certificateOf(chain: [X509Certificate, ...X509Certificate[]]): CertificateFacts {
  const [leaf] = chain;
  const top = chain.at(-1) ?? leaf;
  return {
    subject: oneLine(leaf.subject),
    issuer: oneLine(leaf.issuer),
    isSelfSigned: leaf.subject === leaf.issuer,
    alternativeNames: namesIn(leaf.subjectAltName),
    validFromMs: Date.parse(leaf.validFrom),
    validToMs: Date.parse(leaf.validTo),
    chainLength: chain.length,
    chainEndsSelfSigned: top.subject === top.issuer,
    namesIssuerAddress: /CA Issuers/.test(leaf.infoAccess ?? ""),
  };
}

function namesIn(alternatives: string | undefined): readonly string[] {
  return alternatives === undefined ? [] : alternatives.split(", ").map((name) => name.replace(/^(DNS|IP Address):/, ""));
}

function oneLine(name: string): string {
  return name.replaceAll("\n", ", ");
}

/** Fingerprints of what was configured as `ca`. */
function configuredAuthorities({ tls }: Target): readonly string[] {
  if (tls.ca === undefined) return [];
  const text = [tls.ca]
    .flat()
    .map((pem) => (typeof pem === "string" ? pem : Buffer.from(pem).toString("latin1")))
    .join("\n");
  return (text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).flatMap((pem) => {
    try {
      return [new X509Certificate(pem).fingerprint256];
    } catch {
      return [];
    }
  });
}
