import { lookup } from "node:dns/promises";
import { lstat, unlink } from "node:fs/promises";
import { type AddressInfo, connect, createServer, isIP, type ListenOptions, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { MqttError } from "@bowline/protocol";
import { formatListenUrl, type ListenUrl } from "./listen-url.ts";

/** How many connections the system holds until they are accepted; after a restart all clients come at once. */
const BACKLOG = 4096;
/** Finds dead peers that asked for no MQTT keep alive. */
const TCP_KEEP_ALIVE_MS = 60_000;
const PORT_ATTEMPTS = 10;

/** Told the port too, since asking the socket costs a system call and an object that lives as long as it does. */
export type OnSocket = (socket: Socket, localPort: number) => void;

/** The servers of one listen URL, one per address, all on the same port. */
export interface Bound {
  readonly servers: readonly Server[];
  /** 0 for unix sockets. */
  readonly port: number;
}

/** @throws MqttError PORT_IN_USE, PORT_FORBIDDEN, LISTEN_FAILED */
export async function bind(url: ListenUrl, onSocket: OnSocket): Promise<Bound> {
  try {
    if (url.kind === "unix") return await bindUnix(url.socketPath, onSocket);
    return await bindAddresses(await addressesOf(url.host), url.port, onSocket);
  } catch (cause) {
    throw listenError(url, cause as NodeJS.ErrnoException);
  }
}

/** undefined stands for all addresses, IPv6 and IPv4 where the system has both. */
async function addressesOf(host: string): Promise<(string | undefined)[]> {
  if (host === "*") return [undefined];
  // Clients try either family for localhost, whatever the resolver of this machine says.
  if (host === "localhost") return ["127.0.0.1", "::1"];
  if (isIP(host.split("%")[0] as string) !== 0) return [host];
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

async function bindAddresses(addresses: (string | undefined)[], port: number, onSocket: OnSocket): Promise<Bound> {
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = [];
    try {
      return await bindEach(addresses, port, onSocket, servers);
    } catch (error) {
      for (const server of servers) server.close();
      // The port the system chose on the first address can be taken on the next.
      const isUnlucky = port === 0 && servers.length > 0 && (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!isUnlucky || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function bindEach(addresses: (string | undefined)[], port: number, onSocket: OnSocket, servers: Server[]): Promise<Bound> {
  let boundPort = port;
  for (const host of addresses) {
    try {
      const server = await listen({ ...(host === undefined ? {} : { host }), port: boundPort, backlog: BACKLOG }, onSocket);
      servers.push(server);
      boundPort = (server.address() as AddressInfo).port;
    } catch (error) {
      // A machine without IPv6 still has a localhost.
      const isMissingFamily =
        host === "::1" && servers.length > 0 && MISSING_FAMILY.has((error as NodeJS.ErrnoException).code ?? "");
      if (!isMissingFamily) throw error;
    }
  }
  return { servers, port: boundPort };
}

const MISSING_FAMILY: ReadonlySet<string> = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT"]);

async function bindUnix(path: string, onSocket: OnSocket): Promise<Bound> {
  try {
    return { servers: [await listen({ path }, onSocket)], port: 0 };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What the system calls ENOENT, libuv calls EACCES.
    if (code === "EACCES" && !(await exists(dirname(path)))) throw new SocketFileFault("ENOENT", error);
    if (code !== "EADDRINUSE") throw error;
    if (!(await lstat(path)).isSocket()) throw new SocketFileFault("ENOTSOCK", error);
    if (await answers(path)) throw error;
    // A process that was killed left its socket file behind.
    await unlink(path);
    return { servers: [await listen({ path }, onSocket)], port: 0 };
  }
}

/** Something about the file of a unix socket that the error of the system does not tell. */
class SocketFileFault extends Error {
  readonly code: string;

  constructor(code: string, cause: unknown) {
    super(code, { cause });
    this.code = code;
  }
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Whether somebody listens at a unix socket. Anything but a clear refusal counts as yes. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (isAnswered: boolean): void => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket
      .once("connect", () => settle(true))
      .once("error", (error: NodeJS.ErrnoException) => settle(error.code !== "ECONNREFUSED"));
  });
}

function listen(where: ListenOptions, onSocket: OnSocket): Promise<Server> {
  let localPort = 0;
  const settings = { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS };
  const server = createServer(settings, (socket) => onSocket(socket, localPort));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      const address = server.address();
      if (address !== null && typeof address === "object") localPort = address.port;
      resolve(server);
    });
  });
}

function listenError(url: ListenUrl, cause: NodeJS.ErrnoException): MqttError {
  const text = formatListenUrl(url);
  if (cause.code === "EADDRINUSE") return new MqttError("PORT_IN_USE", { detail: `another program listens at ${text}`, cause });
  const isForbidden = cause.code === "EACCES" || cause.code === "EPERM";
  if (isForbidden && url.kind === "tcp") return new MqttError("PORT_FORBIDDEN", { detail: text, cause });
  return new MqttError("LISTEN_FAILED", { detail: `${text}: ${LISTEN_FAULTS[cause.code ?? ""] ?? cause.message}`, cause });
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: "the address does not belong to this machine",
  ENOTFOUND: "the host name does not exist",
  ENOENT: "the folder of the socket does not exist",
  ENOTDIR: "the folder of the socket is none",
  EACCES: "this user may not make a socket in that folder",
  EPERM: "this user may not make a socket in that folder",
  EROFS: "the file system is read-only",
  ENOTSOCK: "there is a file of that name, which is no socket",
};
