import { type ConnackPacket, connackReturnCode, type ConnectPacket, PacketType, type Properties } from "@bowline/protocol";
import { type AttemptFacts, encodeToBytes, tokenExpiry } from "@bowline/protocol/internal";
import type { ClientSettings } from "../client-settings.ts";
import { signatureEndMs } from "../profiles/azure.ts";
import type { Talk } from "./talk.ts";

/** A server that takes longer for its CONNACK is slow, and what else could be the matter is looked for meanwhile. */
export const promptMs = 1500;

/** P7: CONNECT, and what came of it. */
export interface Introduction {
  readonly facts: AttemptFacts;
  readonly connack?: ConnackPacket;
}

export async function introduce(talk: Talk, settings: ClientSettings, withSecrets: boolean, ms: number): Promise<Introduction> {
  const connect = connectPacket(settings, withSecrets);
  const facts: AttemptFacts = { milestone: "connect-sent", connect: connectFacts(connect, settings) };
  talk.send(connect);
  return hear(talk, settings, facts, ms);
}

/** Waits for the answer to a CONNECT that was sent. */
export async function hear(talk: Talk, settings: ClientSettings, facts: AttemptFacts, ms: number): Promise<Introduction> {
  const packet = await talk.next(ms);
  if (packet === undefined) return { facts: { ...facts, ...howItEnded(talk) } };
  if (packet.type === PacketType.AUTH) return { facts };
  if (packet.type === PacketType.CONNACK) return { facts: { ...facts, ...answered(packet, settings) }, connack: packet };
  if (packet.type !== PacketType.DISCONNECT) return { facts: { ...facts, firstBytes: talk.firstBytes } };
  return { facts: { ...facts, disconnect: { reasonCode: packet.reasonCode, ...wordsOf(packet.properties) } } };
}

/** What CONNECT cannot say of what the client was told, such as an identifier with U+0000; undefined when it can all be said. */
export function unsayable(settings: ClientSettings): string | undefined {
  try {
    encodeToBytes(connectPacket(settings, true), settings.version);
    return undefined;
  } catch (error) {
    // Behind the code and its title.
    return (error as Error).message.replace(/^[^:]*: [^:]*: /, "");
  }
}

function connectPacket(settings: ClientSettings, withSecrets: boolean): ConnectPacket {
  const { version, clientId, keepAlive, username, password, will, authentication } = settings;
  const properties: Properties =
    withSecrets && authentication !== undefined
      ? {
          authenticationMethod: authentication.method,
          ...(authentication.data === undefined ? {} : { authenticationData: authentication.data }),
        }
      : {};
  return {
    type: PacketType.CONNECT,
    protocolVersion: version,
    cleanStart: true,
    keepAlive,
    clientIdentifier: clientId,
    ...(withSecrets && username !== undefined ? { username } : {}),
    ...(withSecrets && password !== undefined ? { password: new TextEncoder().encode(password) } : {}),
    ...(will === undefined ? {} : { will }),
    ...(version === 5 ? { properties } : {}),
  };
}

function connectFacts(connect: ConnectPacket, settings: ClientSettings): NonNullable<AttemptFacts["connect"]> {
  // Read here, sent nowhere but to the server, and never printed.
  const expires = tokenExpiry(settings.password ?? "") ?? signatureEndMs(settings.password ?? "");
  return {
    version: connect.protocolVersion,
    clientIdentifier: connect.clientIdentifier,
    cleanStart: true,
    hadPassword: connect.password !== undefined,
    hadWill: connect.will !== undefined,
    keepAliveSeconds: connect.keepAlive,
    ...(connect.username === undefined ? {} : { userName: connect.username }),
    ...(expires === undefined ? {} : { tokenExpiresMs: expires }),
  };
}

function answered(packet: ConnackPacket, settings: ClientSettings): AttemptFacts {
  const { reasonCode, sessionPresent, properties } = packet;
  return {
    ...(reasonCode === 0 ? { milestone: "accepted" } : {}),
    connack: {
      version: settings.version === 5 ? 5 : 4,
      // The words of the version that was spoken: 3.1.1 has few, and each stands for several of 5.0.
      reasonCode: settings.version === 5 ? reasonCode : connackReturnCode(reasonCode),
      ...wordsOf(properties),
      ...(reasonCode === 0 ? { sessionPresent } : {}),
    },
  };
}

export function wordsOf(properties: Properties | undefined): { reasonString?: string; serverReference?: string } {
  const { reasonString, serverReference } = properties ?? {};
  return {
    ...(reasonString === undefined ? {} : { reasonString }),
    ...(serverReference === undefined ? {} : { serverReference }),
  };
}

/** What is known when no packet came. */
export function howItEnded(talk: Talk): AttemptFacts {
  const { closedBy, fault, endError, firstBytes, webSocket } = talk;
  const errors = [fault, endError].filter((error) => error !== undefined);
  const isLate = closedBy === undefined && !talk.isOver;
  return {
    ...(isLate ? { timedOut: true } : {}),
    ...(closedBy === undefined ? {} : { closedBy }),
    ...(errors.length === 0 ? {} : { errors }),
    ...(firstBytes.length === 0 ? {} : { firstBytes }),
    ...(Object.keys(webSocket).length === 0 ? {} : { ws: webSocket }),
  };
}
