import { hostFieldsOf } from "#host-fields";
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
  const { port, path } = target;
  const host = target.host.replace(/^\[(.*)\]$/, "$1");
  const query = Object.fromEntries(new URLSearchParams(/\?(.*)$/.exec(path)?.[1]));
  return {
    protocol: (scheme ?? target.scheme) as MqttProtocol,
    ...(target.scheme === "unix"
      ? { unixSocket: true, path }
      : { unixSocket: false, host, port, query, ...(isWebSocket(target.scheme) ? { path } : {}) }),
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
  return { ...target, ...hostFieldsOf(options, target.scheme) };
}

/**
 * Chooses the protocol where none was given, and the secure one where a client certificate was.
 *
 * @throws Error as MQTT.js does; MqttError SCHEME_UNKNOWN
 */
export function chooseProtocol(options: IClientOptions): MqttProtocol {
  const { protocol, cert, key, defaultProtocol = "mqtt" } = options;
  const hasCertificate = Boolean(cert && key);
  if (protocol === undefined && hasCertificate) throw new Error("Missing secure protocol key");
  const chosen = (protocol ?? options.servers?.[0]?.protocol ?? defaultProtocol).replace(/:$/, "") as MqttProtocol;
  if (!hasCertificate) return chosen;
  const withCertificate = secure[chosen] ?? chosen;
  if (/^(mqtts|wss|ssl|tls|.*\+unix)$/.test(withCertificate)) return withCertificate;
  throw new Error(`Unknown protocol for secure connection: "${chosen}"!`);
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
