import { cloudHosts } from "./certificates.ts";
import type { Farm } from "./farm.ts";
import { cloudRows } from "./page-cloud-rows.ts";
import { type PageRow, pageOptions } from "./page-row.ts";
import { allRows, type Row } from "./rows.ts";

/** Chapters 6 and 7: what MQTT says, it says to a page as well. */
function mqttRows(farm: Farm): readonly PageRow[] {
  const plain = `mqtt://localhost:${farm.port("mqtt")}`;
  const rows = allRows(farm).filter(({ url, options }) => url === plain && options?.username !== undefined);
  return rows.map((row) => ({
    id: row.id === "NAT_IDLE" ? "WS_IDLE_CUT" : row.id,
    url: `ws://localhost:${farm.port("ws")}/mqtt`,
    options: pageOptions(row.options ?? {}),
    kind: "plain",
    told: row.mayDoubt === true ? "one of" : "surely",
    isSlow: row.isLong === true,
  }));
}

/** Of what the upgrade is answered, a page is told no status, but that it is answered. */
const isAnswered = (id: string): boolean => /^(WS_\d+|WS_WRONG_SUBPROTO|B_ORIGIN)$/.test(id);

const toldOfUpgrade: Readonly<Record<string, PageRow["told"]>> = {
  WS_TEXT: "surely",
  WS_OPEN_SILENT: "surely",
  WS_CLOSE_CODE: "surely",
  WS_SUBPROTO_NOT_OFFERED: "surely",
  WS_IDLE_CUT: "surely",
  WSS_TO_WS: "surely",
  WS_TO_TLS: "surely",
};

/** Chapter 4. */
function webRows(farm: Farm): readonly PageRow[] {
  const ca = farm.certificates.root.cert;
  const isPagesOwn = ({ id, url, options }: Row): boolean =>
    /^wss?:/.test(url) && options?.connectTo === undefined && options?.now === undefined && !/^(TCP|SILENT|URL)/.test(id);
  return allRows(farm)
    .filter(isPagesOwn)
    .map((row) => ({
      id: row.id,
      url: row.url,
      options: pageOptions(row.options ?? {}),
      kind: "plain",
      told: toldOfUpgrade[row.id] ?? "one of",
      ...(row.id === "WS_PERMESSAGE" ? { toldBy: { Chromium: "surely" } as const } : {}),
      ...(isAnswered(row.id) ? { says: "WS_UPGRADE_REFUSED" } : {}),
      outside: {
        url: row.url,
        options: { ca, ...pageOptions(row.options ?? {}) },
        ids: row.id === "WS_H2" ? ["WS_H2", "WS_400"] : [row.id],
      },
      isSlow: row.isLong === true,
    }));
}

/** Chapter 2. */
function networkRows(farm: Farm): readonly PageRow[] {
  const ca = farm.certificates.root.cert;
  const at = (id: string, scheme: "ws" | "wss", name: string, more: Partial<PageRow> = {}): PageRow => {
    const url = `${scheme}://127.0.0.1:${farm.port(name)}/mqtt`;
    return { id, url, options: {}, kind: "plain", told: "one of", outside: { url, options: { ca }, ids: [id] }, ...more };
  };
  const nowhere = "wss://nosuch.invalid:8084/mqtt";
  return [
    at("TCP_REFUSED", "ws", "closed"),
    at("TCP_REFUSED", "wss", "closed"),
    at("TCP_RESET_AT_ACCEPT", "ws", "rst"),
    at("TCP_RESET_AT_ACCEPT", "wss", "rst"),
    at("TCP_CLOSE_AT_ACCEPT", "ws", "fin"),
    at("TCP_CLOSE_AT_ACCEPT", "wss", "fin"),
    ...["ssh", "smtp", "redis", "amqp"].map((name) => at("WRONG_SERVICE", "ws", name)),
    at("TCP_TIMEOUT", "ws", "hole", { isSlow: true }),
    at("SILENT", "ws", "silent", { isSlow: true }),
    at("SILENT", "wss", "silent", { isSlow: true }),
    {
      ...at("SILENT", "ws", "ws", { isSlow: true, told: "one of" }),
      url: `ws://127.0.0.1:${farm.port("ws")}/silent`,
      outside: undefined,
    },
    {
      ...at("DNS_NXDOMAIN", "wss", "closed"),
      url: nowhere,
      outside: { url: nowhere, options: {}, ids: ["DNS_NXDOMAIN", "DNS_TEMP", "DNS_NODATA"] },
    },
  ];
}

/** Chapter 3: a browser says at most that it was the handshake. */
function tlsRows(farm: Farm): readonly PageRow[] {
  const ca = farm.certificates.root.cert;
  const at = (id: string, name: string, ids: readonly string[] = [id]): PageRow => {
    const url = `wss://localhost:${farm.port(name)}/mqtt`;
    return { id, url, options: {}, kind: "plain", told: "handshake", outside: { url, options: { ca }, ids } };
  };
  return [
    at("TLS_VERSION", "tls:version"),
    at("TLS_CIPHER", "tls:cipher"),
    at("TLS_EXPIRED", "tls:expired"),
    at("TLS_EXPIRED", "tls:withOldIntermediate"),
    at("B_SELF_SIGNED", "tls:selfSigned", ["TLS_SELF_SIGNED"]),
    at("B_SELF_SIGNED", "tls:foreignLeaf", ["TLS_UNKNOWN_CA"]),
    at("B_SELF_SIGNED", "tls:publicLeaf", ["TLS_MISSING_INTERMEDIATE"]),
    at("B_SELF_SIGNED", "tls:inspected", ["TLS_MITM", "TLS_UNKNOWN_CA"]),
    at("TLS_SAN", "tls:other"),
    at("TLS_CN_ONLY", "tls:nameOnly", ["TLS_CN_ONLY", "WS_TO_TCP"]),
    at("TLS_SNI", "alert112"),
    at("MTLS_REQUIRED_12", "tls:mtls12"),
    at("MTLS_REQUIRED_13", "tls:mtls13"),
    // A port that answers without TLS can be reached, whatever its handshake comes to.
    { ...at("B_SELF_SIGNED", "politeTls", ["TLS_UNKNOWN_CA"]), excludes: ["TCP_REFUSED"], leads: "B_SELF_SIGNED" },
    {
      ...at("CLOCK_SKEW", "politeExpired"),
      outside: undefined,
      skewMs: 3_600_000,
      excludes: ["TCP_REFUSED"],
      leads: "CLOCK_SKEW",
    },
  ];
}

/** Chapter 5, and what no browser dials. */
function ownRows(farm: Farm): readonly PageRow[] {
  const good = `ws://localhost:${farm.port("ws")}/mqtt`;
  const surely = (id: string, url: string, more: Partial<PageRow> = {}): PageRow => ({
    id,
    url,
    options: {},
    kind: "plain",
    told: "surely",
    ...more,
  });
  return [
    surely("SCHEME_BROWSER", "mqtts://localhost:8883"),
    surely("URL_INVALID", "ws://localhost:80/mqtt#part"),
    surely("URL_INVALID", "ws://localhost:70000"),
    surely("URL_AS_HOST", "ws://ws://localhost"),
    surely("UNSAFE_PORT", "ws://127.0.0.1:22/mqtt"),
    surely("B_MIXED", "ws://broker.example/mqtt", { kind: "secure" }),
    surely("B_CSP", good, { kind: "csp" }),
    surely("B_OFFLINE", "ws://nosuch.invalid:8083/mqtt", { isOffline: true }),
    surely("B_LIMIT", good, { told: "one of", says: "WS_UPGRADE_REFUSED", held: heldSockets, isSlow: true }),
    surely("TCP_REFUSED", `ws://127.0.0.1:${farm.port("closed")}/mqtt`, {
      options: {
        consoleText:
          "WebSocket connection to 'ws://127.0.0.1/' failed: Error in connection establishment: net::ERR_CONNECTION_REFUSED",
      },
    }),
  ];
}

/** More than Chromium lets a page have; Firefox has fewer. */
const heldSockets = 256;

/** A page that comes from elsewhere, and what its browser asks the user for before it lets the page reach this machine. */
function permissionRows(farm: Farm): readonly PageRow[] {
  const at = (host: string, more: Partial<PageRow>): PageRow => ({
    id: "B_LNA",
    url: `wss://${host}:${host === cloudHosts.aws ? 443 : farm.port("wss")}/mqtt`,
    options: {},
    kind: "distant",
    told: "one of",
    permission: "denied",
    ...more,
  });
  // Firefox lets nobody ask it for what its user said to all pages.
  const denied = { told: "surely", toldBy: { Firefox: "one of" }, leads: "B_LNA" } as const;
  return [
    at("127.0.0.1", denied),
    at("localhost", denied),
    at(cloudHosts.aws, {}),
    at("127.0.0.1", { permission: "prompt", leads: "B_LNA" }),
  ];
}

/** Every row of the farm that a page can meet. */
export function pageRows(farm: Farm): readonly PageRow[] {
  return [mqttRows, ownRows, webRows, networkRows, tlsRows, cloudRows, permissionRows].flatMap((rows) => rows(farm));
}
