import { isIP } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { TlsFacts } from "@bowline/protocol/internal";
import type { Target } from "../transport/transport.ts";

/** Options for `tls.connect` and for the WebSocket's request. Node sends no server name unless it is given one. */
export function tlsConnectOptions(target: Pick<Target, "host" | "tls">): ConnectionOptions {
  const { ca, cert, key, pfx, passphrase, alpnProtocols, rejectUnauthorized, allowPartialTrustChain } = target.tls;
  const name = serverNameOf(target);
  const options: ConnectionOptions & { allowPartialTrustChain?: boolean } = {
    minVersion: "TLSv1.2",
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
  return options;
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
