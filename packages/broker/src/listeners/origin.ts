import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { describeTls } from "./arrival-tls.ts";
import type { Arrival, Transport } from "./arrival.ts";
import { identityOfProxy } from "./client-identity.ts";
import type { FrontConnection } from "./front.ts";

/** Everything of an arrival that is known before its protocol: who, from where, for whom. */
export type Origin = Pick<
  Arrival,
  "tenant" | "transport" | "remoteAddress" | "remotePort" | "localPort" | "tls" | "proxy" | "identity"
>;

/** `socket` is the one whose bytes the protocol reads: the TLS socket, where there is one. */
export function originOf(connection: FrontConnection, socket: Socket): Origin {
  const { tenant, remoteAddress, remotePort, localPort, proxy, protocol } = connection;
  const isTls = socket instanceof TLSSocket;
  const transport = transportOf(protocol === "http", isTls, localPort);
  if (!isTls && proxy === undefined) return { tenant, transport, remoteAddress, remotePort, localPort };
  const told = identityOfProxy(proxy);
  return {
    tenant,
    transport,
    remoteAddress,
    remotePort,
    localPort,
    ...(isTls ? { tls: describeTls(socket) } : {}),
    ...(proxy === undefined ? {} : { proxy }),
    ...(told === undefined ? {} : { identity: connection.believed(told) }),
  };
}

function transportOf(isHttp: boolean, isTls: boolean, localPort: number): Transport {
  if (isHttp) return isTls ? "wss" : "ws";
  if (isTls) return "tls";
  // Only unix sockets have no port.
  return localPort === 0 ? "unix" : "tcp";
}
