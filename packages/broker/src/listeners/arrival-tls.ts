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
    peerCertificate() {
      const certificate = socket.getPeerCertificate(true);
      // Without a certificate Node gives an empty object, and null once the socket is closed.
      return certificate === null || Object.keys(certificate).length === 0 ? undefined : certificate;
    },
  };
}
