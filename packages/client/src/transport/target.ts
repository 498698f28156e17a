import { MqttError, type ProtocolVersion } from "@bowline/protocol";
import type { TlsOptions } from "../tls-options.ts";
import type { Target } from "./transport.ts";

const ports = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

/** A parsed URL: the target and the credentials its user info holds. */
export interface ParsedUrl {
  target: Target;
  username: string | undefined;
  password: string | undefined;
}

export interface TargetOptions {
  protocolVersion: ProtocolVersion;
  tls: TlsOptions;
  headers: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  /** What a relative URL ("/mqtt") is resolved against. */
  pageUrl: string | undefined;
}

/**
 * Parses mqtt, mqtts (tcp, ssl, tls), ws, wss and unix URLs.
 *
 * @throws MqttError URL_INVALID, SCHEME_UNKNOWN
 */
export function parseTarget(text: string, options: TargetOptions): ParsedUrl {
  const { protocolVersion, tls, headers } = options;
  const [, socketPath] = /^(?:mqtt\+)?unix:(?:\/\/)?(.+)$/.exec(text) ?? [];
  if (socketPath !== undefined) {
    const target: Target = { scheme: "unix", url: text, host: "", port: 0, path: socketPath, protocolVersion, tls, headers };
    return { target, username: undefined, password: undefined };
  }
  const [, name, rest] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(absolute(text, options.pageUrl)) ?? [];
  if (name === undefined || rest === undefined) throw new MqttError("URL_INVALID", { detail: text });
  const scheme = name
    .toLowerCase()
    .replace(/^tcp$/, "mqtt")
    .replace(/^(ssl|tls)$/, "mqtts") as keyof typeof ports;
  if (!Object.hasOwn(ports, scheme)) throw new MqttError("SCHEME_UNKNOWN", { detail: name });
  const { url, username, password } = parseAuthority(rest, text);
  for (const key in options.query) url.searchParams.set(key, options.query[key] ?? "");
  const port = Number(url.port) || ports[scheme];
  const path = url.pathname + url.search;
  return {
    target: {
      scheme,
      url: `${scheme}://${url.hostname}:${port}${scheme.startsWith("ws") ? path : ""}`,
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port,
      path,
      protocolVersion,
      tls,
      headers,
    },
    username,
    password,
  };
}

/** A page may name its own origin by a path alone; a worker made of a blob has its page's address behind that word. */
function absolute(text: string, pageUrl: string | undefined): string {
  const [base] = /http.*/.exec(pageUrl ?? "") ?? [];
  return text.startsWith("/") && base !== undefined ? new URL(text, base).href.replace(/^http/, "ws") : text;
}

/**
 * Hosts parse the authority of unknown schemes differently (old browsers do not at all), so a known one is put in place: ftp,
 * whose default port 21 nobody uses for MQTT and which therefore does not swallow a port that was written.
 */
function parseAuthority(rest: string, text: string): { url: URL; username: string | undefined; password: string | undefined } {
  try {
    const url = new URL(`ftp:${rest}`);
    const [username, password] = [url.username, url.password].map((part) => (part === "" ? undefined : decodeURIComponent(part)));
    if (rest.startsWith("//") && url.hash === "") return { url, username, password };
  } catch {
    // Told below, in one form for every host.
  }
  throw new MqttError("URL_INVALID", { detail: text });
}
