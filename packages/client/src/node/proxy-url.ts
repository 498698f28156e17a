import { MqttError } from "@bowline/protocol";
import type { ProxyOptions } from "../network-options.ts";
import type { TlsOptions } from "../tls-options.ts";

const defaultPorts = { http: 80, https: 443, socks4: 1080, socks4a: 1080, socks5: 1080, socks5h: 1080 } as const;

/** A proxy as its URL and options say it. */
export interface Proxy {
  readonly kind: keyof typeof defaultPorts;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly tls: TlsOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number | undefined;
}

/**
 * Reads what was given as `proxy`.
 *
 * @throws MqttError OPTION_INVALID, without the URL's user name and password
 */
export function parseProxy(given: string | ProxyOptions): Proxy {
  const { url, tls = {}, headers = {}, timeoutMs } = typeof given === "string" ? { url: given } : given;
  const [, scheme = "", rest = ""] = /^([a-z0-9]+):\/\/(.+)$/i.exec(url) ?? [];
  const kind = scheme.toLowerCase() === "socks" ? "socks5h" : scheme.toLowerCase();
  if (!isKind(kind)) throw new MqttError("OPTION_INVALID", { detail: `proxy: "${scheme}" is no scheme of a proxy` });
  try {
    // With a scheme whose default port nobody gives to a proxy, so that a port that was written stays.
    const { hostname, port, username, password } = new URL(`ftp://${rest}`);
    return {
      kind,
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? defaultPorts[kind] : Number(port),
      username: decodeURIComponent(username),
      password: decodeURIComponent(password),
      tls,
      headers,
      timeoutMs,
    };
  } catch (cause) {
    throw new MqttError("OPTION_INVALID", { detail: "proxy: the URL cannot be parsed", cause: (cause as Error).name });
  }
}

function isKind(text: string): text is Proxy["kind"] {
  return Object.hasOwn(defaultPorts, text);
}
