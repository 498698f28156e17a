import type { LookupFunction, Socket, TcpNetConnectOpts } from "node:net";
import { isLocalhost, lookupLocalhost } from "./localhost-lookup.ts";
import type { Target } from "../transport/transport.ts";

/** Node's own limit for each address, 250 ms, gives up on every address of a link that is slower than that. */
const ADDRESS_TIMEOUT_MS = 1000;

/** Options of `net.connect` for a way to that host, which may be a proxy; host and port themselves are the caller's. */
export function netOptions(
  { socket = {}, hostOptions = {} }: Target,
  host: string,
): Partial<TcpNetConnectOpts> & { lookup?: LookupFunction } {
  const { localAddress, localPort, family, addressTimeoutMs = ADDRESS_TIMEOUT_MS, lookup } = socket;
  return {
    autoSelectFamilyAttemptTimeout: addressTimeoutMs,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(localPort === undefined ? {} : { localPort }),
    ...(family === undefined ? {} : { family }),
    ...(isLocalhost(host) ? { lookup: lookupLocalhost } : {}),
    ...(lookup === undefined ? {} : { lookup: lookup as unknown as LookupFunction }),
    ...Object.fromEntries(ofNet.flatMap((name) => (hostOptions[name] === undefined ? [] : [[name, hostOptions[name]]]))),
  };
}

/** What the drop-in passes on of `net.connect`'s options. */
const ofNet: readonly string[] = [
  "lookup",
  "family",
  "hints",
  "localAddress",
  "localPort",
  "autoSelectFamily",
  "autoSelectFamilyAttemptTimeout",
];

/** Sets what a socket is told once it stands. */
export function tuneSocket(socket: Socket, { socket: options = {} }: Target): void {
  const { noDelay = true, keepAliveDelayMs } = options;
  socket.setNoDelay(noDelay);
  if (keepAliveDelayMs !== undefined) socket.setKeepAlive(true, keepAliveDelayMs);
}
