import { type ConnectionOptions, connect, type DetailedPeerCertificate, type SecureVersion, type TLSSocket } from "node:tls";
import { isIP, type Socket } from "node:net";
import { type ErrorFacts, errorFactsOf, type TlsFacts } from "@bowline/protocol/internal";
import { orLate } from "./or-late.ts";

/** What a ClientHello is to look like. */
export interface HelloSettings {
  readonly host: string;
  /** False sends none; undefined sends the host, unless it is an address. */
  readonly serverName?: string | false | undefined;
  readonly alpnProtocols?: readonly string[] | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
  readonly ciphers?: string;
}

/** P4: a handshake that goes through whatever the certificate is, so that the certificate can be looked at. */
export interface Secured {
  readonly socket?: TLSSocket;
  readonly errors: readonly ErrorFacts[];
  readonly timedOut: boolean;
  readonly tls: TlsFacts;
  readonly chain: readonly DetailedPeerCertificate[];
}

export async function secure(settings: HelloSettings, plain: Socket, ms: number): Promise<Secured> {
  const serverName = nameOf(settings);
  const offered: TlsFacts = {
    serverName: serverName ?? false,
    hasClientCertificate: settings.cert !== undefined,
    ...(settings.alpnProtocols === undefined ? {} : { alpnOffered: settings.alpnProtocols }),
  };
  const failed = (errors: readonly ErrorFacts[], timedOut: boolean): Secured => {
    plain.destroy();
    return { errors, timedOut, tls: { ...offered, wasAnswered: plain.bytesRead > 0 }, chain: [] };
  };
  let socket: TLSSocket;
  try {
    socket = connect({ ...optionsOf(settings, serverName), socket: plain });
  } catch (error) {
    return failed(errorFactsOf(error), false);
  }
  socket.on("error", () => undefined);
  const ended = new Promise<readonly ErrorFacts[] | "secured">((resolve) => {
    socket.once("secureConnect", () => resolve("secured"));
    socket.once("error", (error) => resolve(errorFactsOf(error)));
    socket.once("close", () => resolve([]));
  });
  const outcome = await orLate(ended, ms);
  if (outcome !== "secured") {
    socket.destroy();
    return failed(outcome ?? [], outcome === undefined);
  }
  return { socket, errors: [], timedOut: false, tls: { ...offered, ...tlsOf(socket) }, chain: chainOf(socket) };
}

/** The server name of the hello: raw `tls.connect` sends none unless given one, and an address is none. */
function nameOf({ serverName, host }: HelloSettings): string | undefined {
  if (serverName === false) return undefined;
  return serverName ?? (isIP(host) === 0 ? host : undefined);
}

function optionsOf(settings: HelloSettings, serverName: string | undefined): ConnectionOptions {
  const { host, alpnProtocols, ca, cert, key, passphrase, minVersion, maxVersion, ciphers } = settings;
  return {
    host,
    rejectUnauthorized: false,
    minVersion: minVersion ?? "TLSv1.2",
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(alpnProtocols === undefined ? {} : { ALPNProtocols: [...alpnProtocols] }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ciphers === undefined ? {} : { ciphers }),
  };
}

function tlsOf(socket: TLSSocket): TlsFacts {
  const protocol = socket.getProtocol();
  const { alpnProtocol, authorized } = socket;
  const reported: unknown = socket.authorizationError;
  return {
    wasAnswered: true,
    ...(protocol === null ? {} : { protocol }),
    ...(alpnProtocol === null ? {} : { alpnChosen: alpnProtocol }),
    ...(authorized ? {} : { authorizationError: String(reported) }),
  };
}

const chainMax = 10;

/** The certificates the server sent, and what is known above them. */
function chainOf(socket: TLSSocket): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let one = socket.getPeerCertificate(true) as DetailedPeerCertificate | undefined;
  while (one?.raw !== undefined && chain.length < chainMax && !chain.includes(one)) {
    chain.push(one);
    one = one.issuerCertificate as DetailedPeerCertificate | undefined;
  }
  return chain;
}
