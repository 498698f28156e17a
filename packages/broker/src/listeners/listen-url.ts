import { MqttError } from "@bowline/protocol";
import { isLoopbackHost } from "./loopback.ts";

/** The schemes a listener can have, and the port each one gets when the URL names none. */
const DEFAULT_PORTS = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 8083, "wss:": 8084 } as const;
/** Linux keeps 108 bytes for the path of a unix socket and macOS 104, the closing zero included. */
const UNIX_PATH_BYTES_MAX = 103;
const TENANT_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A listener bound to an address and port. */
export interface TcpListenUrl {
  readonly kind: "tcp";
  readonly scheme: "mqtt" | "mqtts" | "ws" | "wss";
  /** A name, an address without brackets, or `*` for every address of the machine. */
  readonly host: string;
  /** 0 to 65535; 0 lets the system choose. */
  readonly port: number;
  /** Where the WebSocket is answered, `/mqtt` by default; empty for mqtt and mqtts. */
  readonly path: string;
  /** Owner of the connections that name no tenant of their own. */
  readonly tenant: string;
}

/** A listener at a unix socket. It speaks plain MQTT: only this machine reaches it, and file permissions guard it. */
export interface UnixListenUrl {
  readonly kind: "unix";
  readonly scheme: "unix";
  readonly socketPath: string;
  readonly tenant: string;
}

export type ListenUrl = TcpListenUrl | UnixListenUrl;

export interface ListenUrlOptions {
  /** Allows mqtt:// and ws:// on addresses that other machines reach. Default false. */
  readonly allowPlaintext?: boolean;
}

/**
 * Reads the value of `--listen`.
 *
 * @throws MqttError LISTEN_URL_INVALID, PLAINTEXT_OFF_LOOPBACK
 */
export function parseListenUrl(text: string, options: ListenUrlOptions = {}): ListenUrl {
  if (text.startsWith("unix:")) return parseUnixUrl(text);
  const scheme = schemeOf(text);
  const url = parseAuthority(text, scheme);
  const parsed: TcpListenUrl = {
    kind: "tcp",
    scheme: scheme.slice(0, -1) as TcpListenUrl["scheme"],
    host: hostOf(text, url),
    port: url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port),
    path: pathOf(text, scheme, url),
    tenant: tenantOf(text, url.searchParams),
  };
  const isPlaintext = scheme === "mqtt:" || scheme === "ws:";
  if (isPlaintext && options.allowPlaintext !== true && !isLoopbackHost(parsed.host)) throw plaintextError(text, parsed);
  return parsed;
}

/** Writes a listener's URL back, the port always named, so that what is printed can be copied into a client. */
export function formatListenUrl(url: ListenUrl): string {
  const query = url.tenant === "default" ? "" : `?tenant=${url.tenant}`;
  if (url.kind === "unix") return `unix:${url.socketPath}${query}`;
  const host = url.host.includes(":") ? `[${url.host}]` : url.host;
  return `${url.scheme}://${host}:${url.port}${url.path}${query}`;
}

function schemeOf(text: string): keyof typeof DEFAULT_PORTS {
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme in DEFAULT_PORTS) return scheme as keyof typeof DEFAULT_PORTS;
  throw invalid(text, "it must begin with mqtt://, mqtts://, ws://, wss:// or unix:");
}

function parseAuthority(text: string, scheme: string): URL {
  // The URL class drops the ports 80 and 443 of ws and wss as defaults, though ours are others; "mqtt" has no default there.
  const rest = text.slice(scheme.length);
  let url: URL;
  try {
    url = new URL(`mqtt:${rest}`);
  } catch {
    throw invalid(text, "it needs a host and a port from 0 to 65535, such as localhost:1883, 0.0.0.0:1883 or [::]:1883");
  }
  if (url.username !== "" || url.password !== "") throw invalid(text, "a listener takes no user name or password");
  if (url.hash !== "") throw invalid(text, "it must not have a fragment (#)");
  return url;
}

function hostOf(text: string, url: URL): string {
  if (url.hostname === "") throw invalid(text, "it needs a host, such as localhost, 0.0.0.0 or [::]");
  return url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
}

function pathOf(text: string, scheme: string, url: URL): string {
  const isWebSocket = scheme === "ws:" || scheme === "wss:";
  const path = url.pathname === "/" ? "" : url.pathname;
  if (isWebSocket) return path === "" ? "/mqtt" : path;
  if (path === "") return "";
  throw invalid(text, `a path (${path}) belongs to ws:// and wss:// only`);
}

function tenantOf(text: string, query: URLSearchParams): string {
  for (const name of query.keys()) {
    if (name !== "tenant") throw invalid(text, `it does not know the parameter "${name}", only "tenant"`);
  }
  const tenant = query.get("tenant");
  if (tenant === null) return "default";
  if (TENANT_NAME.test(tenant)) return tenant;
  throw invalid(text, "a tenant name has 1 to 63 of the characters a-z, 0-9 and -, the dash inside only");
}

function parseUnixUrl(text: string): UnixListenUrl {
  const withoutScheme = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
  const [path = "", query = ""] = withoutScheme.split("?", 2);
  const socketPath = decodePath(text, path);
  if (socketPath === "") throw invalid(text, "it needs the path of a socket, such as unix:/run/bowline/mqtt.sock");
  if (Buffer.byteLength(socketPath) > UNIX_PATH_BYTES_MAX) {
    throw invalid(text, `the path of a unix socket has at most ${UNIX_PATH_BYTES_MAX} bytes`);
  }
  return { kind: "unix", scheme: "unix", socketPath, tenant: tenantOf(text, new URLSearchParams(query)) };
}

function decodePath(text: string, path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalid(text, "it holds a % that is not followed by two hexadecimal digits");
  }
}

function invalid(text: string, reason: string): MqttError {
  return new MqttError("LISTEN_URL_INVALID", { detail: `"${text}": ${reason}` });
}

function plaintextError(text: string, url: TcpListenUrl): MqttError {
  const safe = url.scheme === "mqtt" ? "mqtts" : "wss";
  return new MqttError("PLAINTEXT_OFF_LOOPBACK", {
    detail: `"${text}" would take passwords in plain text from other machines`,
    remedy: `Use ${safe}://, bind it to localhost, or allow it: --allow-plaintext, in a configuration allowPlaintext.`,
  });
}
