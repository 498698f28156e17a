import { isIP } from "node:net";
import { checkServerIdentity, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { TlsFacts } from "@bowline/protocol/internal";
import type { PreSharedKey } from "../tls-options.ts";
import type { Target } from "../transport/transport.ts";

/**
 * Suites for a shared key that keep recorded traffic secret when the key gets out come first. Hosts leave all of them out unless they are
 * asked for by name, and count those that encrypt nothing among them. TLS 1.3 takes the key with its own suites.
 */
const PSK_CIPHERS = "kECDHEPSK:kDHEPSK:kPSK:!eNULL";

/** Options for `tls.connect` and for the WebSocket's request. Node sends no server name unless it is given one. */
export function tlsConnectOptions(target: Pick<Target, "host" | "tls">): ConnectionOptions {
  const { ca, cert, key, pfx, passphrase, alpnProtocols, rejectUnauthorized, allowPartialTrustChain } = target.tls;
  const { checkServerName, minVersion = "TLSv1.2", maxVersion, ciphers, sigalgs, ecdhCurve, psk } = target.tls;
  const name = serverNameOf(target);
  const options: ConnectionOptions & { allowPartialTrustChain?: boolean } = {
    minVersion,
    rejectUnauthorized: rejectUnauthorized !== false,
  };
  if (name !== undefined) options.servername = name;
  if (ca !== undefined) options.ca = (Array.isArray(ca) ? ca : [ca]).map(asBuffer);
  if (cert !== undefined) options.cert = asBuffer(cert);
  if (key !== undefined) options.key = asBuffer(key);
  if (pfx !== undefined) options.pfx = asBuffer(pfx);
  if (passphrase !== undefined) options.passphrase = passphrase;
  if (alpnProtocols !== undefined) options.ALPNProtocols = [...alpnProtocols];
  if (allowPartialTrustChain !== undefined) options.allowPartialTrustChain = allowPartialTrustChain;
  if (maxVersion !== undefined) options.maxVersion = maxVersion;
  if (ciphers !== undefined) options.ciphers = ciphers;
  if (sigalgs !== undefined) options.sigalgs = sigalgs;
  if (ecdhCurve !== undefined) options.ecdhCurve = ecdhCurve;
  if (checkServerName === false) options.checkServerIdentity = () => undefined;
  return psk === undefined ? options : { ...options, ...pskOptions(psk, options) };
}

/** Who knows the key shows no certificate, and a server that shows one all the same has to show the right one. */
function pskOptions(
  { identity, key }: PreSharedKey,
  { ciphers = PSK_CIPHERS, checkServerIdentity: check = checkServerIdentity }: ConnectionOptions,
): ConnectionOptions {
  return {
    ciphers,
    pskCallback: () => ({ identity, psk: key }),
    checkServerIdentity: (name, certificate) =>
      (certificate as Partial<typeof certificate>).raw === undefined ? undefined : check(name, certificate),
  };
}

/** The name sent in the ClientHello; undefined for an address, which may not be one (RFC 6066). */
export function serverNameOf(target: Pick<Target, "host" | "tls">): string | undefined {
  return target.tls.servername ?? (isIP(target.host) === 0 ? target.host : undefined);
}

/** What this side brings to the handshake, as facts. */
export function offeredTls(target: Target): TlsFacts {
  const { ca, cert, pfx, alpnProtocols } = target.tls;
  return {
    hasClientCertificate: cert !== undefined || pfx !== undefined,
    // Node passes over in silence what is no certificate.
    ...(ca === undefined ? {} : { ca: { pemCount: pemCount(Array.isArray(ca) ? ca : [ca]) } }),
    ...(alpnProtocols === undefined ? {} : { alpnOffered: alpnProtocols }),
  };
}

/** What the handshake led to, as facts. */
export function securedTls(socket: TLSSocket): TlsFacts {
  const { alpnProtocol } = socket;
  const protocol = socket.getProtocol();
  return {
    ...(protocol === null ? {} : { protocol }),
    ...(alpnProtocol === null ? {} : { alpnChosen: alpnProtocol }),
  };
}

function pemCount(materials: readonly (string | Uint8Array)[]): number {
  let count = 0;
  for (const material of materials) count += asBuffer(material).toString("latin1").split("-----BEGIN CERTIFICATE-----").length - 1;
  return count;
}

function asBuffer(material: string | Uint8Array): string | Buffer {
  return typeof material === "string" ? material : Buffer.from(material.buffer, material.byteOffset, material.byteLength);
}
