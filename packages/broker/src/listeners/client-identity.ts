import { X509Certificate } from "node:crypto";
import type { Arrival, ClientIdentity } from "./arrival.ts";
import type { ProxyHeader } from "./proxy-protocol.ts";

/** What a trusted proxy says wins: where it ends TLS, a certificate that we see is its own, and not its client's. */
export function clientIdentity({ identity, tls }: Pick<Arrival, "identity" | "tls">): ClientIdentity {
  if (identity !== undefined) return identity;
  const certificate = tls?.isAuthorized === true ? tls.peerCertificate()?.raw : undefined;
  return certificate === undefined ? {} : { certificate };
}

/** What a PROXY header says; undefined when it is not about TLS that ended there. */
export function identityOfProxy(proxy: ProxyHeader | undefined): ClientIdentity | undefined {
  if (proxy?.tls === undefined) return undefined;
  return proxy.tls.commonName === undefined ? {} : { commonName: proxy.tls.commonName };
}

/**
 * Reads the header in which a proxy hands on the certificate that it has verified: as escaped PEM (nginx's `$ssl_client_escaped_cert`), as
 * DER in base64 (haproxy's `ssl_c_der,base64`, RFC 9440's `:...:`), or its subject alone (`$ssl_client_s_dn`). Empty: the client has
 * none. Undefined when it is none of these.
 */
export function identityOfHeader(value: string): ClientIdentity | undefined {
  const text = value.trim();
  if (text === "") return {};
  if (text.startsWith("-----BEGIN")) return certificateOf(() => decodeURIComponent(text));
  const base64 = /^:?([A-Za-z0-9+/]{64,}={0,2}):?$/.exec(text)?.[1];
  if (base64 !== undefined) return certificateOf(() => Buffer.from(base64, "base64"));
  const commonName = commonNameOf(text);
  return commonName === undefined ? undefined : { commonName };
}

function certificateOf(read: () => string | Buffer): ClientIdentity | undefined {
  try {
    return { certificate: new X509Certificate(read()).raw };
  } catch {
    return undefined;
  }
}

/** `type=value`, where `\` escapes one character or, before two hexadecimal digits, is a byte [RFC 4514 2.4]. */
const ATTRIBUTE = /([^=,+\\]+)=((?:[^\\,+"]|\\.)*)(?:[,+]|$)/gsy;

/** The Common Name of a subject such as `CN=device\, one,O=Example`. Of several, none is the one. */
function commonNameOf(subject: string): string | undefined {
  const names: string[] = [];
  ATTRIBUTE.lastIndex = 0;
  while (ATTRIBUTE.lastIndex < subject.length) {
    const match = ATTRIBUTE.exec(subject);
    if (match === null) return undefined;
    const [, type = "", value = ""] = match;
    if (type.trim().toUpperCase() === "CN") names.push(unescaped(value));
  }
  return names.length === 1 ? names[0] : undefined;
}

function unescaped(value: string): string {
  return value.replace(/((?:\\[0-9a-f]{2})+)|\\(.)/gis, (_, run: string | undefined, one: string) =>
    run === undefined ? one : Buffer.from(run.replaceAll("\\", ""), "hex").toString("utf8"),
  );
}
