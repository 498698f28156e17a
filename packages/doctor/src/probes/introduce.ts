import { type ConnackPacket, connackReturnCode, type ConnectPacket, PacketType, type Properties } from "@bowline/protocol";
import type { AttemptFacts } from "@bowline/protocol/internal";
import type { Conversation } from "../wire/conversation.ts";
import type { Settings } from "../settings.ts";

/** P7: CONNECT, and what came of it. */
export interface Introduction {
  readonly facts: AttemptFacts;
  readonly connack?: ConnackPacket;
}

export async function introduce(talk: Conversation, settings: Settings, withSecrets: boolean, ms: number): Promise<Introduction> {
  const connect = connectPacket(settings, withSecrets);
  const facts: AttemptFacts = { milestone: "connect-sent", connect: connectFacts(connect, settings) };
  talk.send(connect);
  const packet = await talk.next(ms);
  if (packet === undefined) return { facts: { ...facts, ...howItEnded(talk) } };
  if (packet.type === PacketType.AUTH) return { facts };
  if (packet.type === PacketType.CONNACK) return { facts: { ...facts, ...answered(packet, settings) }, connack: packet };
  if (packet.type !== PacketType.DISCONNECT) return { facts: { ...facts, firstBytes: talk.firstBytes } };
  return { facts: { ...facts, disconnect: { reasonCode: packet.reasonCode, ...wordsOf(packet.properties) } } };
}

function connectPacket(settings: Settings, withSecrets: boolean): ConnectPacket {
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
    ...(withSecrets && password !== undefined ? { password: Buffer.from(password) } : {}),
    ...(will === undefined ? {} : { will }),
    ...(version === 5 ? { properties } : {}),
  };
}

function connectFacts(connect: ConnectPacket, settings: Settings): NonNullable<AttemptFacts["connect"]> {
  const expires = tokenExpiry(settings.password);
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

/** The `exp` of a password that looks like a JSON web token. Read here, sent nowhere but to the server, and never printed. */
function tokenExpiry(password: string | undefined): number | undefined {
  const [, body] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(password ?? "") ?? [];
  if (body === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as { exp?: unknown };
    return typeof claims.exp === "number" ? claims.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

function answered(packet: ConnackPacket, settings: Settings): AttemptFacts {
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
export function howItEnded(talk: Conversation): AttemptFacts {
  const { link, fault, firstBytes, webSocket } = talk;
  const { error } = link;
  const errors = [
    ...(fault === undefined ? [] : [fault]),
    ...(error === undefined ? [] : [{ ...(error.code === undefined ? {} : { code: error.code }), message: error.message }]),
  ];
  const isLate = link.closedBy === undefined && !talk.isOver;
  return {
    ...(isLate ? { timedOut: true } : {}),
    ...(link.closedBy === undefined ? {} : { closedBy: link.closedBy }),
    ...(errors.length === 0 ? {} : { errors }),
    ...(firstBytes.length === 0 ? {} : { firstBytes }),
    ...(Object.keys(webSocket).length === 0 ? {} : { ws: webSocket }),
  };
}
