/** Alerts by which a client says that it does not believe our certificate. */
const DISTRUST = /ALERT_(CERTIFICATE_UNKNOWN|UNKNOWN_CA|BAD_CERTIFICATE)$/;

/**
 * Why a handshake failed, for the log: OpenSSL's reason without its own file names and thread numbers, and what it usually means.
 */
export function handshakeReason(error: Error): string {
  const { code = "", reason } = error as { code?: string; reason?: string };
  const words = (reason ?? error.message).trim();
  if (DISTRUST.test(code)) return `${words}: the client does not trust the certificate`;
  // Node's clients send no alert.
  if (code === "ECONNRESET") return "the client closed the connection, as some do that do not trust the certificate";
  return words;
}
