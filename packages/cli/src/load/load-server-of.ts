import { lookup, type LookupAddress } from "node:dns";
import { connect as connectSocket, isIP } from "node:net";
import type { ConnectOptions, Credentials } from "@bowline/client";
import { parseTarget, type Target } from "@bowline/client/internal";
import { MqttError, type ProtocolVersion } from "@bowline/protocol";
import type { ConnectionTarget } from "../connection-options.ts";
import type { LoadServer } from "./load-server.ts";

/** What one address is given to answer when a name has several, ms. */
const ADDRESS_PATIENCE_MS = 2_000;
const KEEP_ALIVE = 50;

/**
 * What the threads of a run need to connect. One client of the usual kind connects first: what is wrong with address, certificate or login
 * is said by its error, and it finds the version that the broker speaks.
 *
 * Rejects with the client's MqttError.
 */
export async function loadServerOf({ url, options }: ConnectionTarget, clientId: string): Promise<LoadServer> {
  const credentials = options.credentials as Credentials;
  const { username = "", password } = credentials;
  const protocolVersion = await spokenVersion(url, options, username);
  const headers = { ...options.headers, ...credentials.headers };
  const { query = {} } = credentials;
  const { target } = parseTarget(url, { protocolVersion, tls: options.tls ?? {}, headers, query, pageUrl: undefined });
  return {
    target: options.proxy === undefined ? target : { ...target, proxy: options.proxy },
    address: await reachableAddress(target, options),
    username,
    clientId: options.session?.clientId ?? clientId,
    password,
    users: Number.MAX_SAFE_INTEGER,
    localAddresses: options.socket?.localAddress === undefined ? [] : [options.socket.localAddress],
    keepAlive: options.keepAlive ?? KEEP_ALIVE,
  };
}

async function spokenVersion(url: string, options: ConnectOptions, username: string): Promise<ProtocolVersion> {
  const { connect } = await import("@bowline/client");
  let version: ProtocolVersion = 5;
  const client = connect(url, {
    ...options,
    // The first of many may stand for all.
    credentials: {
      ...(options.credentials as Credentials),
      username: username === "" ? undefined : username.replaceAll("%i", "0"),
    },
    session: options.session?.clientId === undefined ? {} : { clientId: options.session.clientId.replaceAll("%i", "0") },
    reconnect: false,
    onPacket: ({ packet }) => {
      if (packet.type === 1) version = packet.protocolVersion;
    },
  });
  client.on("attemptFailed", () => {});
  try {
    await client.online();
    await client.close();
    return version;
  } catch (error) {
    await client.abort();
    throw error;
  }
}

/** The first of a name's addresses that takes a connection. */
async function reachableAddress({ scheme, host, port }: Target, { socket, proxy }: ConnectOptions): Promise<string> {
  if (scheme === "unix" || proxy !== undefined) return "";
  if (isIP(host) !== 0) return host;
  const find = (socket?.lookup ?? lookup) as typeof lookup;
  const found = await new Promise<LookupAddress[]>((resolve) => {
    find(host, { all: true, family: socket?.family ?? 0 }, (error, addresses) => resolve(error === null ? addresses : []));
  });
  // Names below localhost are this machine's, whether its resolver knows them or not.
  const loopback = /(^|\.)localhost\.?$/i.test(host) ? ["127.0.0.1", "::1"] : [];
  const addresses = [...new Set([...found.map(({ address }) => address), ...loopback])];
  for (const address of addresses) if (addresses.length === 1 || (await answers(address, port))) return address;
  throw new MqttError("TCP_TIMEOUT", { detail: `none of the addresses of ${host} answers` });
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ host, port, timeout: ADDRESS_PATIENCE_MS });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}
