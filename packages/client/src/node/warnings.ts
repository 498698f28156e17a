import type { TlsFacts } from "@bowline/protocol/internal";
import { errorInfo, type ErrorCode } from "@bowline/protocol";
import { isIP } from "node:net";
import type { Target } from "../transport/transport.ts";
import { serverNameOf } from "./tls-options.ts";

/** What was told already: a client that comes back again and again must not fill a log. */
const told = new Set<string>();
/** Beyond that many targets nothing more is told, since the memory of it must end somewhere. */
const TARGETS_TOLD = 1000;

/**
 * TLS to an address: Node sends no server name then, and servers with several tenants or certificates need one. Those that know each
 * client by a shared key do not.
 */
export function warnOfMissingName(target: Target): void {
  if (target.tls.psk !== undefined) return;
  const isMissing =
    isIP(target.host) !== 0 && serverNameOf(target) === undefined && target.hostOptions?.["servername"] === undefined;
  if (isMissing) warn("TLS_SNI", target, "no SNI will be sent: the host is an address. Set `servername`, or connect by name.");
}

/** A certificate without alternative names, which Node still believes and browsers do not. */
export function warnOfCertificate(target: Target, { certificate }: TlsFacts): void {
  if (certificate?.alternativeNames?.length !== 0) return;
  warn("TLS_CN_ONLY", target, `${errorInfo("TLS_CN_ONLY").title}, and browsers refuse it. ${errorInfo("TLS_CN_ONLY").remedy}`);
}

function warn(code: ErrorCode, { host, port }: Target, text: string): void {
  const key = `${code} ${host}:${port}`;
  if (told.has(key) || told.size >= TARGETS_TOLD) return;
  told.add(key);
  // oxlint-disable-next-line no-console -- It works, so that there is no failure to tell it by.
  console.warn(`bowline: ${code}: ${host}:${port}: ${text}`);
}
