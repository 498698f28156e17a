import type { DoctorOptions, Report, Resolver } from "@bowline/doctor";
import { cloudHosts } from "./certificates.ts";
import type { Farm } from "./farm.ts";
import { examineWithoutDescriptors } from "./without-descriptors.ts";

/** One fault of the list, as the doctor is to meet it. */
export interface Row {
  readonly id: string;
  readonly url: string;
  readonly options?: DoctorOptions;
  /** The exit code the command ends with. */
  readonly exit: 0 | 1 | 2 | 3 | 4;
  /** Facts that leave room for doubt: the id need only be among the candidates. */
  readonly mayDoubt?: boolean;
  /** Holds, and may take longer than 5 s. */
  readonly isLong?: boolean;
  /** Where the doctor has to run in another way than here. */
  readonly examine?: () => Promise<Report>;
}

const user = (username: string, more: DoctorOptions = {}): DoctorOptions => ({ username, password: "secret", ...more });
const topic = "farm/topic";
export const awsHost: string = cloudHosts.aws;

/** A name that leads to this address, or fails so. */
function resolver(address: string | NodeJS.ErrnoException, cname?: string): Resolver {
  return {
    lookup: () => (typeof address === "string" ? Promise.resolve([address]) : Promise.reject(address)),
    resolveCname: () => Promise.resolve(cname),
  };
}

const failing = (code: string): Resolver =>
  resolver(Object.assign(new Error(`getaddrinfo ${code} name`), { code, syscall: "getaddrinfo" }));

/** Chapter 2. */
function networkRows(farm: Farm): readonly Row[] {
  const mqtt = (name: string): string => `mqtt://localhost:${farm.port(name)}`;
  const { root } = farm.certificates;
  return [
    { id: "URL_INVALID", url: "mqtt://localhost:70000", exit: 2 },
    { id: "URL_INVALID", url: "ws://localhost:80/mqtt#part", exit: 2 },
    { id: "URL_AS_HOST", url: "mqtt://mqtt://localhost", exit: 2 },
    {
      id: "PORT_SCHEME_ODD",
      url: "mqtt://localhost:8883",
      options: { connectTo: { host: "127.0.0.1", port: farm.port("mqtt") } },
      exit: 0,
    },
    { id: "DNS_NXDOMAIN", url: "mqtt://nosuch.invalid", options: { resolver: failing("ENOTFOUND") }, exit: 3 },
    { id: "DNS_TEMP", url: "mqtt://broker.example", options: { resolver: failing("EAI_AGAIN") }, exit: 3 },
    {
      id: "DNS_TEMP",
      url: "mqtt://broker.example",
      options: { resolver: { ...failing("EAI_AGAIN"), lookup: () => new Promise(() => undefined) } },
      exit: 3,
    },
    { id: "DNS_NODATA", url: "mqtt://broker.example", options: { resolver: failing("ENODATA") }, exit: 3 },
    {
      id: "DNS_LOOPBACK",
      url: `mqtts://x.hivemq.cloud:${farm.port("closed")}`,
      options: { resolver: resolver("127.0.0.1") },
      exit: 3,
    },
    {
      id: "DNS_CNAME_HOST",
      url: `mqtts://mqtt.mine.example:${farm.port("tls:alias")}`,
      options: { resolver: resolver("127.0.0.1", "target.cloud.example"), ca: root.cert },
      exit: 3,
    },
    { id: "TCP_REFUSED", url: mqtt("closed"), exit: 3 },
    { id: "TCP_REFUSED", url: `wss://localhost:${farm.port("closed")}/mqtt`, exit: 3 },
    { id: "TCP_TIMEOUT", url: `mqtt://127.0.0.1:${farm.port("hole")}`, exit: 3 },
    { id: "TCP_UNREACH", url: `mqtt://[fe80::1]:${farm.port("closed")}`, exit: 3 },
    {
      id: "TCP_EMFILE",
      url: `mqtt://127.0.0.1:${farm.port("mqtt")}`,
      exit: 3,
      examine: () => examineWithoutDescriptors(`mqtt://127.0.0.1:${farm.port("mqtt")}`),
    },
    { id: "TCP_RESET_AT_ACCEPT", url: mqtt("rst"), exit: 3 },
    { id: "TCP_CLOSE_AT_ACCEPT", url: mqtt("fin"), exit: 3 },
    { id: "TCP_CLOSE_AT_ACCEPT", url: `mqtts://localhost:${farm.port("fin")}`, exit: 3 },
    ...["ssh", "smtp", "nats", "redis", "amqp"].map((name) => ({ id: "WRONG_SERVICE", url: mqtt(name), exit: 3 }) as const),
    { id: "PLAIN_TO_TLS", url: mqtt("tls:good"), exit: 3 },
    { id: "TLS_TO_PLAIN", url: `mqtts://localhost:${farm.port("mqtt")}`, exit: 3 },
    { id: "TLS_TO_HTTP", url: `mqtts://localhost:${farm.port("ws")}`, exit: 3 },
    { id: "MQTT_TO_HTTP", url: mqtt("ws"), exit: 3 },
    { id: "MQTT_TO_HTTPS", url: `mqtts://localhost:${farm.port("wss")}`, options: { ca: root.cert }, exit: 3 },
    { id: "SILENT", url: mqtt("silent"), exit: 3 },
    { id: "SILENT", url: `mqtts://localhost:${farm.port("silent")}`, exit: 3 },
    { id: "SILENT", url: `ws://localhost:${farm.port("silent")}/mqtt`, exit: 3 },
    {
      id: "PROXY_ENV",
      url: `mqtt://broker.inside.example:${farm.port("mqtt")}`,
      options: { resolver: resolver("127.0.0.9"), environment: { HTTPS_PROXY: `http://127.0.0.1:${farm.port("proxy")}` } },
      exit: 3,
    },
  ];
}

/** Chapter 3. */
function tlsRows(farm: Farm): readonly Row[] {
  const { root, foreign, intermediate, good, client, foreignClient, byIntermediate } = farm.certificates;
  const ca = root.cert;
  const secure = (name: string): string => `mqtts://localhost:${farm.port(name)}`;
  const at = (id: string, name: string, options: DoctorOptions = { ca }, more: Partial<Row> = {}): Row => ({
    id,
    url: secure(name),
    options,
    exit: 3,
    ...more,
  });
  const pair = { cert: client.cert, key: client.key };
  const foreignPair = { cert: foreignClient.cert, key: foreignClient.key };
  return [
    at("TLS_VERSION", "tls:version"),
    at("TLS_CIPHER", "tls:cipher"),
    at("TLS_EXPIRED", "tls:expired"),
    at("TLS_EXPIRED", "tls:withOldIntermediate"),
    at("TLS_NOT_YET", "tls:good", { ca, now: () => Date.now() - 30 * 86_400_000 }),
    {
      id: "CLOCK_SKEW",
      url: `ws://localhost:${farm.port("ws")}/status/403`,
      options: { now: () => Date.now() + 3_600_000 },
      exit: 3,
      mayDoubt: true,
    },
    at("TLS_SELF_SIGNED", "tls:selfSigned"),
    at("TLS_PRIVATE_ROOT", "tls:withRoot", {}),
    at("TLS_UNKNOWN_CA", "tls:good", {}),
    at("TLS_UNKNOWN_CA", "tls:good", { ca: foreign.cert }),
    at("TLS_MISSING_INTERMEDIATE", "tls:publicLeaf"),
    at("TLS_MISSING_ROOT", "tls:withIntermediate", {}),
    at("TLS_CA_IS_INTERMEDIATE", "tls:withIntermediate", { ca: intermediate.cert }),
    at("TLS_CA_IS_LEAF", "tls:byIntermediate", { ca: byIntermediate.cert }),
    at("TLS_CA_FILE_BAD", "tls:good", { ca: "/etc/ssl/ca.pem" }),
    at("TLS_SAN", "tls:other"),
    at("TLS_CN_ONLY", "tls:nameOnly", { ca }, { exit: 0 }),
    at("TLS_WEAK", "tls:weak", { ca }, { exit: 0 }),
    at("TLS_SNI", "alert112"),
    at("TLS_SNI", "sniAlert", { ca }),
    at("TLS_SNI", "sniAlert", { ca, serverName: false }),
    at("TLS_SNI", "sniClose", { ca, serverName: false }, { mayDoubt: true }),
    at("TLS_ALPN_WRONG", "tls:alpn", { ca, alpnProtocols: ["wrong"] }),
    at("TLS_ALPN_NEEDED", "alpnNeeded"),
    at("MTLS_REQUIRED_12", "tls:mtls12"),
    at("MTLS_REQUIRED_13", "tls:mtls13", { ca }, { mayDoubt: true }),
    at("MTLS_UNKNOWN_CA", "alert48", { ca, ...foreignPair }),
    at("MTLS_UNKNOWN_CA", "tls:mtls13", { ca, ...foreignPair }, { mayDoubt: true }),
    at("MTLS_EXPIRED", "alert45", { ca, ...pair }),
    ...[42, 43, 46].map((alert) => at("MTLS_OTHER", `alert${alert}`, { ca, ...pair })),
    at("MTLS_KEY_MISMATCH", "tls:good", { ca, cert: client.cert, key: good.key }),
    at("MTLS_KEY_BAD", "tls:good", { ca, cert: client.cert, key: "no key" }),
    at("TLS_MITM", "tls:inspected", {}),
  ];
}

const statuses = [200, 301, 302, 307, 308, 400, 401, 407, 403, 404, 405, 426, 429, 502, 503, 504];

/** Chapter 4, and the one row of chapter 5 that is no browser's own. */
function webRows(farm: Farm): readonly Row[] {
  const { root } = farm.certificates;
  const web = (path: string): string => `ws://localhost:${farm.port("ws")}${path}`;
  const refused = [401, 403, 407];
  return [
    ...statuses.map(
      (status): Row => ({ id: `WS_${status}`, url: web(`/status/${status}`), exit: refused.includes(status) ? 4 : 3 }),
    ),
    { id: "WS_NO_SUBPROTO_REPLY", url: web("/no-subprotocol"), exit: 3 },
    { id: "WS_WRONG_SUBPROTO", url: web("/chat"), exit: 3 },
    { id: "WS_SUBPROTO_NOT_OFFERED", url: web("/needs-offer"), options: { subprotocols: [] }, exit: 3 },
    { id: "WS_TO_TCP", url: `ws://localhost:${farm.port("mqtt")}/mqtt`, exit: 3 },
    { id: "WS_TO_TCP", url: `wss://localhost:${farm.port("tls:good")}/mqtt`, options: { ca: root.cert }, exit: 3 },
    { id: "WS_TO_TLS", url: `ws://localhost:${farm.port("wss")}/mqtt`, exit: 3 },
    { id: "WSS_TO_WS", url: `wss://localhost:${farm.port("ws")}/mqtt`, exit: 3 },
    { id: "WS_TEXT", url: web("/text"), exit: 3 },
    { id: "WS_OPEN_SILENT", url: web("/mute"), exit: 3 },
    { id: "WS_CLOSE_CODE", url: web("/close"), exit: 4 },
    { id: "WS_IDLE_CUT", url: web("/mqtt"), options: user("idle", { holdSeconds: 3 }), exit: 3, isLong: true },
    {
      id: "WS_H2",
      url: `wss://localhost:${farm.port("h2")}/status/400`,
      options: { ca: root.cert, alpnProtocols: ["h2", "http/1.1"] },
      exit: 3,
    },
    { id: "WS_PERMESSAGE", url: web("/reserved"), exit: 3 },
    { id: "B_ORIGIN", url: web("/origin"), options: { origin: "https://page.example" }, exit: 3 },
  ];
}

const refusals: readonly (readonly [id: string, code: number, exit: Row["exit"]])[] = [
  ["PROTO_VERSION", 132, 3],
  ["CLIENT_ID", 133, 3],
  ["UNAVAILABLE", 136, 3],
  ["BAD_CREDENTIALS", 134, 4],
  ["NOT_AUTHORIZED", 135, 4],
  ["BANNED", 138, 4],
  ["SERVER_BUSY", 137, 3],
  ["QUOTA", 151, 3],
  ["RATE", 159, 3],
  ["AUTH_METHOD", 140, 3],
  ["TOPIC_NAME", 144, 1],
  ["WILL_QOS", 155, 3],
  ["WILL_RETAIN", 154, 3],
  ["PACKET_TOO_LARGE", 149, 1],
  ["PAYLOAD_FORMAT", 153, 1],
  ["USE_ANOTHER", 156, 3],
  ["MOVED", 157, 3],
  ["MALFORMED", 129, 3],
  ["PROTOCOL", 130, 3],
  ["IMPL", 131, 3],
  ["UNSPEC", 128, 3],
];

const will = { topicName: "will/x", payload: new Uint8Array(1), qos: 1, retain: false } as const;
const expired = `${Buffer.from("{}").toString("base64url")}.${Buffer.from('{"exp":1}').toString("base64url")}.x`;

/** Chapter 6. */
function connectRows(farm: Farm): readonly Row[] {
  const url = `mqtt://localhost:${farm.port("mqtt")}`;
  const as = (id: string, username: string, exit: Row["exit"], more: DoctorOptions = {}, rest: Partial<Row> = {}): Row => ({
    id,
    url,
    options: user(username, more),
    exit,
    ...rest,
  });
  const v4 = { protocolVersion: 4 } as const;
  return [
    ...refusals.map(([id, code, exit]) => as(id, `rc=${code}`, exit, {}, { mayDoubt: id === "NOT_AUTHORIZED" })),
    as("PROTO_VERSION", "old", 3),
    as("PROTO_VERSION", "mute5", 3),
    as("CLIENT_ID", "badid=128", 3, { clientId: "not/mine" }),
    as("CLIENT_ID", "badid=133", 3, { ...v4, clientId: "not/mine" }),
    as("BAD_CREDENTIALS", "rc=134", 4, v4),
    as("NOT_AUTHORIZED", "rc=135", 4, v4, { mayDoubt: true }),
    as("UNAVAILABLE", "rc=136", 3, v4, { mayDoubt: true }),
    as("JWT_EXPIRED", "rc=135", 4, { password: expired }),
    as("TOPIC_NAME", "badwill", 3, { will }, { mayDoubt: true }),
    as("TOPIC_NAME", "", 1, { will: { ...will, topicName: "will/#" } }),
    as("CONNACK_NONE", "drop", 3, {}, { mayDoubt: true }),
    { id: "CONNACK_NONE", url: `mqtt://localhost:${farm.port("finAfter")}`, exit: 3, mayDoubt: true },
    as("CONNACK_NONE", "bad", 3, {}, { mayDoubt: true }),
    as("SP_VIOLATION", "sp1", 3),
    as("BAD_BYTES", "garbage", 3),
    as("MOVED", "moved=157", 3),
  ];
}

const drops: readonly (readonly [id: string, code: number, exit: Row["exit"]])[] = [
  ["TAKEOVER", 142, 1],
  ["KEEPALIVE_SHORT", 141, 1],
  ["RECEIVE_MAX", 147, 1],
  ["ALIAS", 148, 1],
  ["RATE", 150, 1],
  ["QUOTA", 151, 1],
  ["ADMIN", 152, 1],
  ["SHUTDOWN", 139, 1],
  ["MAXTIME", 160, 1],
  ["TOPIC_INVALID", 144, 1],
];

/** Chapter 7. */
function sessionRows(farm: Farm): readonly Row[] {
  const url = `mqtt://localhost:${farm.port("mqtt")}`;
  const as = (id: string, username: string, exit: Row["exit"], more: DoctorOptions = {}, rest: Partial<Row> = {}): Row => ({
    id,
    url,
    options: user(username, { topic, ...more }),
    exit,
    ...rest,
  });
  return [
    ...drops.map(([id, code, exit]) => as(id, `disc=${code}`, exit)),
    as("TAKEOVER", "taken", 1, { clientId: "shared", holdSeconds: 2 }, { mayDoubt: true }),
    as("SERVER_KEEPALIVE", "keepalive=20", 0, { keepAlive: 600 }),
    as("NAT_IDLE", "idle", 1, { holdSeconds: 3 }, { isLong: true }),
    as("PING_TIMEOUT", "noping", 1, { keepAlive: 1, holdSeconds: 3 }, { isLong: true }),
    as("PACKET_TOO_LARGE", "maxpacket=1000", 1, { payloadBytes: 5000 }),
    as("PACKET_TOO_LARGE", "disconpub=149", 1),
    as("QOS_UNSUPPORTED", "maxqos=0", 1, { qos: 2 }),
    as("QOS_UNSUPPORTED", "disconpub=155", 1),
    as("RETAIN_UNSUPPORTED", "noretain", 1, { retain: true }),
    as("TOPIC_INVALID", "disconpub=144", 1),
    as("TOPIC_INVALID", "", 2, { topic: "a/#" }),
    as("SUB_DENIED", "nosub=135", 4),
    as("SUB_DENIED", "nosub=128", 4, { protocolVersion: 4 }),
    as("SUB_DENIED", "swallow", 4, {}, { mayDoubt: true }),
    as("SUB_DENIED", "subclose", 4, {}, { mayDoubt: true }),
    as("PUB_DENIED", "nopub=135", 4),
    as("PUB_DENIED", "pubclose", 4, {}, { mayDoubt: true }),
    as("QUOTA", "nopub=151", 3),
  ];
}

/** Chapter 8: AWS's face, under AWS's names. */
export function awsRows(farm: Farm): readonly Row[] {
  const { root, client } = farm.certificates;
  const at = (name: string): DoctorOptions => ({
    ca: root.cert,
    connectTo: { host: "127.0.0.1", port: farm.port(name) },
    resolver: resolver("127.0.0.1"),
  });
  const pair = { cert: client.cert, key: client.key };
  const mqtt = (id: string, options: DoctorOptions, more: Partial<Row> = {}): Row => ({
    id,
    url: `mqtts://${awsHost}:8883`,
    options: { ...at("tls:aws"), ...options },
    exit: 4,
    ...more,
  });
  const web = (id: string, query: string, options: DoctorOptions = {}, more: Partial<Row> = {}): Row => ({
    id,
    url: `wss://${awsHost}/mqtt?${query}denied=1`,
    options: { ...at("wssAws"), ...options },
    exit: 4,
    ...more,
  });
  const doubt = { mayDoubt: true };
  const name = "x-amz-customauthorizer-name=auth&";
  return [
    {
      id: "AWS_ENDPOINT",
      url: "mqtts://a1b2.iot.eu-west-1.amazonaws.com:8883",
      options: { ...at("tls:aws"), ca: undefined },
      exit: 3,
    },
    mqtt("AWS_SNI", { ...at("sniAlert"), ...pair, serverName: false }, { exit: 3 }),
    { id: "AWS_ALPN", url: `mqtts://${awsHost}:443`, options: { ...at("awsAlpn"), ...pair }, exit: 3 },
    { ...mqtt("AWS_CERT_INACTIVE", { ...at("alert46"), ...pair }) },
    mqtt("AWS_NO_CONNECT", user("dropid", { ...pair, clientId: "thing-9" })),
    mqtt("AWS_NO_CONNECT", user("drop", pair), doubt),
    mqtt("AWS_WILL", user("badwill", { ...pair, will })),
    mqtt("AWS_NO_SUB", user("subclose", { ...pair, topic }), doubt),
    mqtt("AWS_NO_PUB", user("pubclose", { ...pair, topic }), doubt),
    mqtt("AWS_RETAIN", user("pubclose", { ...pair, topic, retain: true }), doubt),
    mqtt("AWS_DUP", user("disc=142", { ...pair, topic }), { exit: 1 }),
    mqtt("AWS_LIMITS", { ...pair, topic, qos: 2 }, { exit: 3 }),
    mqtt("AWS_LIMITS", { ...pair, topic: "a/b/c/d/e/f/g/h/i" }, { exit: 3 }),
    mqtt("AWS_POLICY_DOC", user("subclose?x-amz-customauthorizer-name=auth", { topic }), doubt),
    web("AWS_SIGV4", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0&"),
    web("AWS_AUTHORIZER_NAME", ""),
    web("AWS_AUTHORIZER_SIG", name, {}, doubt),
    web("AWS_AUTHORIZER_SIG", `${name}token=t&x-amz-customauthorizer-signature=wrong&`, {}, doubt),
    web("AWS_AUTHORIZER_LAMBDA", name, {}, doubt),
    web("AWS_PRINCIPAL_ID", name, { username: "ann@example.com", password: "token" }, doubt),
  ];
}

/** Every row of the farm that runs. */
export function allRows(farm: Farm): readonly Row[] {
  return [networkRows, tlsRows, webRows, connectRows, sessionRows, awsRows].flatMap((rows) => rows(farm));
}
