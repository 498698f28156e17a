import type { DoctorOptions } from "@bowline/doctor";
import type { PageDoctorOptions } from "@bowline/doctor/browser";
import type { PageKind } from "./doctor-page-host.ts";
import type { Farm } from "./farm.ts";
import { allRows, type Row } from "./rows.ts";

/** One fault of the list, as a page is to meet it. */
export interface PageRow {
  readonly id: string;
  readonly url: string;
  readonly options: PageDoctorOptions;
  readonly kind: PageKind;
  /**
   * What a browser tells of it: "surely" the one cause, or "one of" several; "handshake" is one of those of TLS, which Firefox tells from
   * the rest.
   */
  readonly told: "surely" | "one of" | "handshake";
  /** Names the cause too, seen from elsewhere: the row as another machine meets it, or undefined where only a page does. */
  readonly outside?: { readonly url: string; readonly options: DoctorOptions; readonly ids: readonly string[] } | undefined;
  readonly isOffline?: boolean;
  /** Waits for what does not come. */
  readonly isSlow?: boolean;
}

/** Options that a page has too. */
function pageOptions(options: DoctorOptions): PageDoctorOptions {
  const { username, password, clientId, keepAlive, protocolVersion, will, subprotocols, topic, qos, retain } = options;
  const { payloadBytes, holdSeconds } = options;
  const given = { username, password, clientId, keepAlive, protocolVersion, will, subprotocols, topic, qos, retain };
  return Object.fromEntries(
    Object.entries({ ...given, payloadBytes, holdSeconds }).filter(([, value]) => value !== undefined),
  ) as PageDoctorOptions;
}

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

/** Of what the upgrade is answered, a page is told no status. */
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
function webRows(farm: Farm, certificates: Farm["certificates"]): readonly PageRow[] {
  const ca = certificates.root.cert;
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
    surely("B_OFFLINE", `ws://127.0.0.1:${farm.port("closed")}/mqtt`, { isOffline: true }),
    surely("TCP_REFUSED", `ws://127.0.0.1:${farm.port("closed")}/mqtt`, {
      options: {
        consoleText:
          "WebSocket connection to 'ws://127.0.0.1/' failed: Error in connection establishment: net::ERR_CONNECTION_REFUSED",
      },
    }),
  ];
}

/** Every row of the farm that a page can meet. */
export function pageRows(farm: Farm): readonly PageRow[] {
  return [...mqttRows(farm), ...ownRows(farm), ...webRows(farm, farm.certificates), ...networkRows(farm), ...tlsRows(farm)];
}
