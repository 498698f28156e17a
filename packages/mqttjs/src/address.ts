import { MqttError, type ProtocolVersion } from "@bowline/protocol";
import { parseTarget, platform, type Target } from "@bowline/client/internal";
import type { IClientOptions, MqttProtocol } from "./options.ts";

/** The scheme with which a page reaches a server that a program would reach otherwise: as in MQTT.js. */
const inPage: Readonly<Record<string, string>> = { mqtt: "ws", tcp: "ws", mqtts: "wss", ssl: "wss", tls: "wss" };
const secure: Readonly<Record<string, MqttProtocol>> = { mqtt: "mqtts", ws: "wss" };

/**
 * The options that a URL says.
 *
 * @throws MqttError URL_INVALID, SCHEME_UNKNOWN
 */
export function optionsOfUrl(url: string): IClientOptions {
  const [, given, rest] = /^([a-z0-9+]+):(.*)$/is.exec(url) ?? [];
  if (given === undefined && !url.startsWith("/")) throw new Error("Missing protocol");
  const scheme = given && reachable(given.toLowerCase());
  const { target, username, password } = parse(scheme === undefined ? url : `${scheme}:${rest}`, { protocolVersion: 4 });
  const { host, port, path } = target;
  const query = Object.fromEntries(new URLSearchParams(/\?(.*)$/.exec(path)?.[1]));
  return {
    protocol: (scheme ?? target.scheme) as MqttProtocol,
    ...(target.scheme === "unix" ? { unixSocket: true, path } : { host, port, path, query }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

/** The URL of one attempt, which uses the server that is next in turn. Changes the address in `options`, as in MQTT.js. */
export function urlOfAttempt(options: IClientOptions, attempt: number): string {
  const { servers } = options;
  const server = servers?.[attempt % servers.length];
  if (server !== undefined) {
    options.hostname = options.host = server.host;
    options.port = server.port;
    options.protocol = chooseProtocol({ ...options, protocol: server.protocol ?? options.defaultProtocol ?? "mqtt" });
  }
  options.hostname ??= options.host ?? "localhost";
  const { protocol = "mqtt", hostname: name, port, path } = options;
  if (options.unixSocket === true || protocol.endsWith("+unix")) return `${protocol.replace(/\+unix$/, "")}+unix:${path ?? ""}`;
  const authority = `${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}${port === undefined ? "" : `:${port}`}`;
  const scheme = reachable(protocol);
  const place = path ?? "/";
  return `${scheme}://${authority}${isWebSocket(scheme) ? `${place.startsWith("/") ? "" : "/"}${place}` : ""}`;
}

function reachable(scheme: string): string {
  return platform.onlyWebSockets ? (inPage[scheme] ?? scheme) : scheme;
}

export function isWebSocket(scheme: string): boolean {
  return scheme === "ws" || scheme === "wss";
}

/** The target of one attempt. */
export function targetOf(url: string, options: IClientOptions): Target {
  const { target } = parse(url, options);
  const { headers, ...wsOptions } = (options.wsOptions ?? {}) as { headers?: Record<string, string> };
  const hostOptions = { ...pick(options, hostNames), ...(isWebSocket(target.scheme) ? wsOptions : {}) };
  const { bowline } = options;
  return {
    ...target,
    tls: tlsOf(options),
    headers: headers ?? {},
    hostOptions,
    proxy: proxyOf(options, target),
    socket: bowline?.socket,
  };
}

/** The way out, where it is not direct: as in MQTT.js the environment names one for TCP and TLS. */
function proxyOf({ bowline, socksProxy, socksTimeout }: IClientOptions, { scheme }: Target): Target["proxy"] {
  if (platform.onlyWebSockets || scheme === "unix") return undefined;
  const url = socksProxy ?? (isWebSocket(scheme) ? undefined : globalThis.process?.env["MQTTJS_SOCKS_PROXY"]);
  if (bowline?.proxy !== undefined || !url) return bowline?.proxy;
  return { url, ...(socksTimeout === undefined ? {} : { timeoutMs: socksTimeout }) };
}

/**
 * Chooses the protocol where none was given, and the secure one where a client certificate was.
 *
 * @throws Error as MQTT.js does; MqttError SCHEME_UNKNOWN
 */
export function chooseProtocol(options: IClientOptions): MqttProtocol {
  const { protocol, cert, key, defaultProtocol = "mqtt" } = options;
  const hasCertificate = cert !== undefined && key !== undefined;
  if (protocol === undefined && hasCertificate) throw new Error("Missing secure protocol key");
  const chosen = protocol ?? options.servers?.[0]?.protocol ?? defaultProtocol;
  return hasCertificate ? (secure[chosen] ?? chosen) : chosen;
}

function parse(
  url: string,
  { protocolVersion = 4 }: { protocolVersion?: ProtocolVersion | undefined },
): ReturnType<typeof parseTarget> {
  const text = url.replace(/^(\w+)\+unix:/, (_all, scheme: string) => {
    if (scheme !== "mqtt" && scheme !== "tcp") throw new MqttError("SCHEME_UNKNOWN", { detail: `${scheme}+unix` });
    return "mqtt+unix:";
  });
  return parseTarget(text, { protocolVersion, tls: {}, headers: {}, query: {}, pageUrl: platform.pageUrl() });
}

/** What the client itself knows of TLS; lists of keys and certificates go to the host as they are. */
function tlsOf(options: IClientOptions): Target["tls"] {
  if (platform.onlyWebSockets) return {};
  const { ALPNProtocols, rejectUnauthorized } = options;
  return {
    ...(pick(options, ["cert", "key", "pfx", "passphrase", "servername"], isText) as Target["tls"]),
    ...(pick(options, ["ca"], (ca) => [ca].flat().every(isText)) as Target["tls"]),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(Array.isArray(ALPNProtocols) && ALPNProtocols.every((name) => typeof name === "string")
      ? { alpnProtocols: ALPNProtocols }
      : {}),
  };
}

/** Options of `net.connect` and `tls.connect` that go to the host as they were given. */
const hostNames: readonly string[] = [
  "key",
  "cert",
  "pfx",
  "ALPNProtocols",
  "minVersion",
  "maxVersion",
  "ciphers",
  "ecdhCurve",
  "sigalgs",
  "dhparam",
  "secureContext",
  "secureProtocol",
  "secureOptions",
  "session",
  "crl",
  "honorCipherOrder",
  "minDHSize",
  "requestOCSP",
  "checkServerIdentity",
  "pskCallback",
  "enableTrace",
  "lookup",
  "family",
  "hints",
  "localAddress",
  "localPort",
  "autoSelectFamily",
  "autoSelectFamilyAttemptTimeout",
  "agent",
];

function pick(options: object, names: readonly string[], test: (value: unknown) => boolean = () => true): object {
  const given = options as Record<string, unknown>;
  return Object.fromEntries(names.flatMap((name) => (given[name] != null && test(given[name]) ? [[name, given[name]]] : [])));
}

function isText(value: unknown): boolean {
  return typeof value === "string" || value instanceof Uint8Array;
}
