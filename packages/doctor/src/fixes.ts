import type { ErrorCode } from "@bowline/protocol";
import type { Verdict } from "@bowline/protocol/internal";
import type { TargetFacts } from "@bowline/protocol/internal";
import type { Fix } from "./report.ts";

/** Where the run went, for commands that can be copied. */
export interface Place {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export function placeOf(target: TargetFacts | undefined): Place {
  const { scheme = "mqtts", host = "HOST", port = 8883, path = "" } = target ?? {};
  return { scheme, host, port, path: path.replace(/\?.*/s, "") };
}

const nginx = [
  "proxy_http_version 1.1;",
  "proxy_set_header Upgrade $http_upgrade;",
  'proxy_set_header Connection "upgrade";',
  "proxy_read_timeout 3600s;",
].join("\n");

const shown = (place: Place): string => {
  const host = place.host.includes(":") ? `[${place.host}]` : place.host;
  return `${place.scheme}://${host}:${place.port}${place.scheme.startsWith("ws") ? place.path : ""}`;
};
const again = (place: Place, more: string): Fix => ({
  text: "Run the doctor again so:",
  command: `bowline doctor ${shown(place)}${more}`,
});
const as =
  (scheme: string) =>
  (place: Place): Fix =>
    again({ ...place, scheme }, "");
const webSocket =
  (scheme: string) =>
  (place: Place): Fix =>
    again({ ...place, scheme, path: "/mqtt" }, "");
const openssl = ({ host, port }: Place): string =>
  `openssl s_client -connect ${host}:${port} -servername ${host} -showcerts </dev/null`;
const withCa = (place: Place): Fix => again(place, " --ca ca.pem");
/** What `bowline up` prints is in a folder that its user may not have looked into. */
const ofBowline = (place: Place): Fix => ({
  ...again(place, " --ca .bowline/ca.pem"),
  text: "This broker's authority is ca.pem in its data folder, such as .bowline/ca.pem. Run the doctor again so:",
});
const withCertificate = (place: Place): Fix => again(place, " --cert client.pem --key client.key");
const showChain = (place: Place): Fix => ({ text: "See what the server sends:", command: openssl(place) });
const dates = (place: Place): Fix => ({
  text: "See the dates of its certificate:",
  command: `${openssl(place)} | openssl x509 -noout -subject -dates`,
});
const proxy = (): Fix => ({ text: "A proxy in front of the broker needs, for nginx:", config: nginx });

/** The next command or the configuration for a cause, where there is one that can be copied. */
const fixes: Partial<Readonly<Record<ErrorCode, (place: Place) => Fix>>> = {
  DNS_NXDOMAIN: ({ host }) => ({ text: "See what this machine resolves:", command: `getent ahosts ${host}` }),
  DNS_TEMP: () => ({ text: "See which resolver is asked:", command: "cat /etc/resolv.conf" }),
  DNS_NODATA: ({ host }) => ({ text: "See which records there are:", command: `nslookup -type=any ${host}` }),
  TCP_REFUSED: (place) =>
    place.scheme === "unix" ? { text: "See which sockets there are:", command: "ss -lx" } : again(place, " --scan"),
  TCP_TIMEOUT: (place) => again(place, " --scan"),
  TCP_UNREACH: ({ host }) => ({ text: "See the route:", command: `ip route get ${host}` }),
  TCP_EMFILE: () => ({ text: "See the limit:", command: "ulimit -n" }),
  PORT_SCHEME_ODD: (place) => again(place, " --scan"),
  PLAIN_TO_TLS: as("mqtts"),
  TLS_TO_PLAIN: as("mqtt"),
  TLS_TO_HTTP: webSocket("ws"),
  MQTT_TO_HTTP: webSocket("ws"),
  MQTT_TO_HTTPS: webSocket("wss"),
  WS_TO_TLS: as("wss"),
  WSS_TO_WS: as("ws"),
  WS_TO_TCP: ({ scheme, ...place }) => again({ ...place, scheme: scheme === "wss" ? "mqtts" : "mqtt" }, ""),
  TLS_EXPIRED: dates,
  TLS_NOT_YET: dates,
  CLOCK_SKEW: () => ({ text: "See whether the clock is kept:", command: "timedatectl status" }),
  TLS_SELF_SIGNED: withCa,
  TLS_PRIVATE_ROOT: withCa,
  TLS_UNKNOWN_CA: withCa,
  TLS_MISSING_ROOT: withCa,
  TLS_CA_IS_INTERMEDIATE: withCa,
  TLS_CA_IS_LEAF: withCa,
  TLS_CA_FILE_BAD: () => ({
    text: "If the file is DER, turn it into PEM:",
    command: "openssl x509 -inform der -in ca.crt -out ca.pem",
  }),
  TLS_MISSING_INTERMEDIATE: () => ({
    text: "Give the broker leaf and intermediates in one file:",
    command: "cat leaf.pem intermediate.pem > fullchain.pem",
  }),
  TLS_SAN: showChain,
  TLS_CN_ONLY: showChain,
  TLS_WEAK: showChain,
  TLS_MITM: showChain,
  TLS_SNI: (place) => again(place, " --sni NAME"),
  MTLS_REQUIRED_12: withCertificate,
  MTLS_REQUIRED_13: withCertificate,
  MTLS_UNKNOWN_CA: () => ({ text: "See who issued it:", command: "openssl x509 -in client.pem -noout -subject -issuer" }),
  MTLS_EXPIRED: () => ({ text: "See its dates:", command: "openssl x509 -in client.pem -noout -dates" }),
  MTLS_KEY_MISMATCH: () => ({
    text: "Both must print the same:",
    command: "openssl x509 -in client.pem -noout -pubkey; openssl pkey -in client.key -pubout",
  }),
  MTLS_KEY_BAD: () => ({ text: "Turn it into a PEM key:", command: "openssl pkey -in client.key -out client-key.pem" }),
  WS_400: proxy,
  WS_426: proxy,
  WS_502: proxy,
  WS_IDLE_CUT: proxy,
  PROTO_VERSION: (place) => again(place, " --mqtt 3.1.1"),
  CLIENT_ID: (place) => again(place, " --client-id device1"),
  BAD_CREDENTIALS: (place) => again(place, " -u NAME --password-file FILE"),
  NOT_AUTHORIZED: (place) => again(place, " -u NAME --password-file FILE"),
  SUB_DENIED: (place) => again(place, " --topic TOPIC"),
  PUB_DENIED: (place) => again(place, " --topic TOPIC"),
  TAKEOVER: (place) => again(place, " --hold 10"),
  AWS_ENDPOINT: () => ({ text: "Ask for the endpoint:", command: "aws iot describe-endpoint --endpoint-type iot:Data-ATS" }),
  AWS_AUTHORIZER_LAMBDA: () => ({
    text: "Run the authorizer by hand:",
    command: "aws iot test-invoke-authorizer --authorizer-name NAME --mqtt-context clientId=ID,password=TOKEN",
  }),
};

/** What to do about a verdict: its remedy, what fits this case, and something to copy. */
export function fixesOf(verdict: Verdict, remedy: string, place: Place): readonly Fix[] {
  const isBowlines = verdict.code === "TLS_UNKNOWN_CA" && verdict.evidence.includes("Bowline local CA");
  const copyable = (isBowlines ? ofBowline : fixes[verdict.code])?.(place);
  return [{ text: remedy }, ...verdict.hints.map((text) => ({ text })), ...(copyable === undefined ? [] : [copyable])];
}
