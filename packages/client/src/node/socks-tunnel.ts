import { lookup as lookupName } from "node:dns";
import { isIP, type LookupFunction, type Socket } from "node:net";
import type { TunnelAnswer } from "./http-tunnel.ts";
import type { Proxy } from "./proxy-url.ts";

/** The package keeps its timer to the end, so the limit is none that would pile them up. */
const TIMEOUT_MS = 30_000;

interface Destination {
  readonly host: string;
  readonly port: number;
}

/** Asks a SOCKS proxy, on a socket that is connected to it, for a tunnel to `host:port`. */
export function openSocksTunnel(
  proxy: Proxy,
  socket: Socket,
  destination: Destination,
  lookup: LookupFunction | undefined,
): Promise<TunnelAnswer> {
  return tunnel(proxy, socket, destination, lookup).then(
    () => ({}),
    // The package's error holds its options, and with them the password.
    (error: NodeJS.ErrnoException) => {
      const cause: NodeJS.ErrnoException = new Error(error.message);
      if (error.code !== undefined) cause.code = error.code;
      return { cause };
    },
  );
}

async function tunnel(
  proxy: Proxy,
  socket: Socket,
  { host, port }: Destination,
  lookup: LookupFunction | undefined,
): Promise<void> {
  const { SocksClient } = await import("socks");
  const isVersion4 = proxy.kind.startsWith("socks4");
  const resolves = proxy.kind === "socks4" || proxy.kind === "socks5";
  const known = resolves && isIP(host) === 0 ? await addressOf(host, isVersion4 ? 4 : 0, lookup ?? lookupName) : host;
  await SocksClient.createConnection({
    command: "connect",
    existing_socket: socket,
    proxy: { host: proxy.host, port: proxy.port, type: isVersion4 ? 4 : 5, userId: proxy.username, password: proxy.password },
    destination: { host: known, port },
    timeout: proxy.timeoutMs ?? TIMEOUT_MS,
  });
}

function addressOf(host: string, family: 0 | 4, lookup: LookupFunction): Promise<string> {
  return new Promise((resolve, reject) => {
    lookup(host, { family }, (error, address) => {
      const first = Array.isArray(address) ? address[0]?.address : address;
      if (error !== null || first === undefined) reject(error ?? new Error(`no address of ${host}`));
      else resolve(first);
    });
  });
}
