import type { TLSSocket } from "node:tls";
import type { ArrivalTls } from "./arrival.ts";

/** What an arrival tells of its TLS connection, once the handshake is done. */
export function describeTls(socket: TLSSocket): ArrivalTls {
  const serverName = (socket as { servername?: string | false | null }).servername;
  return {
    serverName: typeof serverName === "string" ? serverName : undefined,
    protocol: socket.getProtocol() ?? "unknown",
    cipher: socket.getCipher().name,
    alpnProtocol: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : undefined,
    isAuthorized: socket.authorized,
    certificateFault: certificateFault(socket),
    peerCertificate() {
      const certificate = socket.getPeerCertificate(true);
      // Without a certificate Node gives an empty object, and null once the socket is closed.
      return certificate === null || Object.keys(certificate).length === 0 ? undefined : certificate;
    },
  };
}

/** A code, whatever its type says; null where nothing is wrong. */
function certificateFault({ authorizationError }: TLSSocket): string | undefined {
  const code = authorizationError as unknown;
  // So it says where there is no certificate at all.
  return typeof code === "string" && code !== "UNABLE_TO_GET_ISSUER_CERT" ? code : undefined;
}
