import { lookup, type LookupAddress } from "node:dns";
import { connect as connectSocket, isIP } from "node:net";
import type { ConnectOptions, Credentials } from "@bowline/client";
import { connectPacket, parseTarget, type Target } from "@bowline/client/internal";
import { type ConnectPacket, MqttError, type ProtocolVersion } from "@bowline/protocol";
import type { ConnectionTarget } from "../connection-options.ts";
import type { LoadServer } from "./load-server.ts";
import { numberedTarget } from "./numbered-target.ts";

/** What one address is given to answer when a name has several, ms. */
const ADDRESS_PATIENCE_MS = 2_000;

/**
 * What the threads of a run need to connect: sessions start clean and end with their connections, and Topic Aliases are not used. One client of the usual kind connects first: what is wrong with address, certificate or login
 * is said by its error, and it finds the version that the broker speaks.
 *
 * Rejects with the client's MqttError.
 */
export async function loadServerOf({ url, options }: ConnectionTarget, clientId: string, signal: AbortSignal): Promise<LoadServer> {
  const credentials = options.credentials as Credentials;
  const protocolVersion = await spokenVersion(url, options, signal);
  const headers = { ...options.headers, ...credentials.headers };
  const { query = {} } = credentials;
  const { target } = parseTarget(url, { protocolVersion, tls: options.tls ?? {}, headers, query, pageUrl: undefined });
  return {
    target: options.proxy === undefined ? target : { ...target, proxy: options.proxy },
    address: await reachableAddress(target, options),
    connect: connectOf(options, protocolVersion, clientId),
    others: [],
    users: Number.MAX_SAFE_INTEGER,
    firstNumber: 0,
    retries: 0,
    localAddresses: options.socket?.localAddress === undefined ? [] : [options.socket.localAddress],
  };
}

function connectOf(options: ConnectOptions, version: ProtocolVersion, otherwise: string): ConnectPacket {
  const given = options.session?.clientId;
  // Two connections cannot share one.
  const clientId = given === undefined || given.includes("%i") ? (given ?? otherwise) : `${given}-%i`;
  const session = { ...options.session, expiryInterval: options.session?.expiryInterval ?? 0, cleanStart: true };
  const receiveMaximum = options.receiveMaximum ?? 65_535;
  const credentials = options.credentials as Credentials;
  return connectPacket(
    { ...options, session, receiveMaximum, topicAliasMaximum: 0 },
    { version, clientId, isReturn: false, credentials },
  );
}

async function spokenVersion(url: string, given: ConnectOptions, signal: AbortSignal): Promise<ProtocolVersion> {
  const { connect } = await import("@bowline/client");
  let version: ProtocolVersion = 5;
  // The first of many may stand for all. A will is the others' affair.
  const { will: _, ...options } = numberedTarget({ url, options: given }, 0, 2).options;
  const client = connect(url, {
    ...options,
    reconnect: false,
    onPacket: ({ packet }) => {
      if (packet.type === 1) version = packet.protocolVersion;
    },
  });
  client.on("attemptFailed", () => {});
  try {
    await client.online({ signal });
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
