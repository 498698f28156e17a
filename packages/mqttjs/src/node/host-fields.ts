import type { Target } from "@bowline/client/internal";
import type { IClientOptions } from "../options.ts";

/** What the options say of sockets, TLS and proxies, for hosts that have them. */
export function hostFieldsOf(
  options: IClientOptions,
  scheme: Target["scheme"],
): Pick<Target, "tls" | "headers" | "hostOptions" | "proxy" | "socket"> {
  const { headers, ...wsOptions } = (options.wsOptions ?? {}) as { headers?: Record<string, string> };
  return {
    tls: tlsOf(options),
    headers: headers ?? {},
    hostOptions: { ...pick(options, hostNames), ...(scheme.startsWith("ws") ? wsOptions : {}) },
    proxy: proxyOf(options, scheme),
    socket: options.bowline?.socket,
  };
}

/** The way out, where it is not direct: as in MQTT.js the environment names one for TCP and TLS. */
function proxyOf({ bowline, socksProxy, socksTimeout }: IClientOptions, scheme: Target["scheme"]): Target["proxy"] {
  if (scheme === "unix") return undefined;
  const url = socksProxy ?? (scheme.startsWith("ws") ? undefined : process.env["MQTTJS_SOCKS_PROXY"]);
  if (bowline?.proxy !== undefined || !url) return bowline?.proxy;
  return { url, ...(socksTimeout === undefined ? {} : { timeoutMs: socksTimeout }) };
}

/** What the client itself knows of TLS; lists of keys and certificates go to the host as they are. */
function tlsOf(options: IClientOptions): Target["tls"] {
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
