import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type ErrorCode, errorCodes } from "../errors/catalogue.ts";
import { diagnose } from "./diagnose.ts";
import type { AttemptFacts, ErrorFacts, Milestone, Scheme } from "./facts.ts";

/** A case of the table: what was observed, and what it must be called. Symptoms marked as measured in the project's notes keep their exact texts. */
type Case = readonly [title: string, facts: AttemptFacts, code: ErrorCode, certain?: "sure" | "guess"];

const target = (scheme: Scheme, port: number, host = "broker.example"): Pick<AttemptFacts, "target"> => ({
  target: { scheme, port, host },
});
const mqtt = target("mqtt", 1883);
const mqtts = target("mqtts", 8883);
const ws = target("ws", 8083);
const wss = target("wss", 8084);
const unix: AttemptFacts = { target: { scheme: "unix", host: "", port: 0, path: "/run/b.sock" }, milestone: "started" };
const at = (milestone: Milestone): Pick<AttemptFacts, "milestone"> => ({ milestone });
const failed = (code: string, message = "", more: Partial<ErrorFacts> = {}): Pick<AttemptFacts, "errors"> => ({
  errors: [{ name: "Error", code, message, ...more }],
});
const said = (message: string, name = "Error"): Pick<AttemptFacts, "errors"> => ({ errors: [{ name, message }] });
const answered = (text: string): Pick<AttemptFacts, "firstBytes"> => ({
  firstBytes: Uint8Array.from(text, (char) => char.charCodeAt(0)),
});
const bytes = (...values: number[]): Pick<AttemptFacts, "firstBytes"> => ({ firstBytes: Uint8Array.from(values) });
const http = (status: number, more: Partial<AttemptFacts["http"]> = {}): AttemptFacts => ({
  ...ws,
  ...at("connected"),
  http: { status, ...more },
});
const noonMs = Date.UTC(2026, 10, 20, 12);
const beforeSecure = "Client network socket disconnected before secure TLS connection was established";
const openssl = (hex: string, words: string, alert?: number): string =>
  `write EPROTO 40E75EC4E47F0000:error:${hex}:SSL routines:ssl3_read_bytes:${words}:../ssl/record/rec_layer_s3.c:1590:${alert === undefined ? "" : `SSL alert number ${alert}`}`;
const connack = (version: 4 | 5, reasonCode: number, more: AttemptFacts = {}): AttemptFacts => ({
  ...mqtt,
  ...at("connect-sent"),
  connack: { version, reasonCode },
  ...more,
});
const dropped = (reasonCode: number): AttemptFacts => ({ ...mqtt, ...at("accepted"), disconnect: { reasonCode } });

const input: readonly Case[] = [
  ["a URL as host", { target: { scheme: "mqtt", host: "mqtt://localhost", port: 1883 }, ...failed("ENOTFOUND") }, "URL_AS_HOST"],
  ["a port in the host", { target: { scheme: "mqtt", host: "localhost:1883" } }, "URL_AS_HOST"],
  ["a slash behind the host", { target: { scheme: "mqtt", host: "localhost/" } }, "URL_AS_HOST"],
  ["a URL that cannot be parsed", failed("ERR_INVALID_URL", "Invalid URL"), "URL_INVALID"],
  ["a port above 65535", { target: { scheme: "mqtt", host: "h", port: 70_000 } }, "URL_INVALID"],
  ["a fragment", { ...ws, target: { scheme: "ws", host: "h", port: 80, hasFragment: true } }, "URL_INVALID"],
  [
    "a syntax error of the browser",
    { ...ws, ...at("started"), ...said("The URL contains a fragment", "SyntaxError") },
    "URL_INVALID",
  ],
  ["mqtt:// in a page", { ...mqtt, runtime: "browser" }, "SCHEME_BROWSER"],
  ["an unknown scheme", { target: { scheme: "gopher", host: "h" } }, "SCHEME_UNKNOWN"],
  ["port 22 in a page", { ...target("ws", 22), runtime: "browser" }, "UNSAFE_PORT"],
  ["ws:// from an https page", { ...ws, runtime: "browser", page: { protocol: "https:" } }, "B_MIXED"],
  [
    "a SecurityError",
    { ...ws, ...said("An insecure WebSocket connection may not be initiated from a page loaded over HTTPS.", "SecurityError") },
    "B_MIXED",
  ],
];

const dnsAndTcp: readonly Case[] = [
  ["ENOTFOUND", { ...mqtt, ...at("started"), ...failed("ENOTFOUND", "getaddrinfo ENOTFOUND broker.example") }, "DNS_NXDOMAIN"],
  ["ENOTFOUND with an empty answer", { ...mqtt, ...failed("ENOTFOUND"), dns: { addresses: [] } }, "DNS_NODATA"],
  ["ENODATA", { ...mqtt, ...failed("ENODATA", "queryA ENODATA") }, "DNS_NODATA"],
  ["EAI_AGAIN", { ...mqtt, ...failed("EAI_AGAIN", "getaddrinfo EAI_AGAIN h") }, "DNS_TEMP"],
  ["ESERVFAIL", { ...mqtt, ...failed("ESERVFAIL") }, "DNS_TEMP"],
  ["a resolver that never answers", { ...mqtt, ...at("started"), runtime: "node", timedOut: true }, "DNS_TEMP"],
  [
    "a public name that is private here",
    { ...mqtt, ...at("resolved"), timedOut: true, dns: { addresses: ["10.0.0.4"], expectedPublic: true } },
    "DNS_PRIVATE",
  ],
  [
    "a public name that is this machine",
    { ...mqtt, ...at("resolved"), ...failed("ECONNREFUSED"), dns: { addresses: ["127.0.0.1", "::1"], expectedPublic: true } },
    "DNS_LOOPBACK",
  ],
  ["a socket that nobody holds", { ...unix, ...failed("ECONNREFUSED", "connect ECONNREFUSED /run/b.sock") }, "TCP_REFUSED"],
  ["no socket", { ...unix, ...failed("ENOENT", "connect ENOENT /run/b.sock") }, "TCP_REFUSED"],
  ["ECONNREFUSED", { ...mqtt, ...at("resolved"), ...failed("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1883") }, "TCP_REFUSED"],
  ["a SYN without answer", { ...mqtt, ...at("resolved"), timedOut: true }, "TCP_TIMEOUT"],
  ["ETIMEDOUT", { ...mqtt, ...failed("ETIMEDOUT", "connect ETIMEDOUT 10.1.1.1:1883", { syscall: "connect" }) }, "TCP_TIMEOUT"],
  ["no answer behind a proxy", { ...mqtt, ...at("resolved"), timedOut: true, hasProxyEnvironment: true }, "TCP_TIMEOUT", "guess"],
  ["a proxy that heals", { ...mqtt, ...at("resolved"), timedOut: true, healedBy: ["proxy"] }, "PROXY_ENV"],
  [
    "Node's race of addresses",
    {
      ...mqtt,
      msToFail: 510,
      errors: [
        { code: "ETIMEDOUT", address: "2001:db8::1", syscall: "connect" },
        { code: "ENETUNREACH", address: "192.0.2.1" },
      ],
    },
    "TCP_HE_250",
  ],
  ["ENETUNREACH", { ...mqtt, ...failed("ENETUNREACH", "connect ENETUNREACH") }, "TCP_UNREACH"],
  [
    "one address that resets, one that refuses, one without a route",
    {
      ...mqtt,
      errors: [
        { code: "ENETUNREACH", address: "2001:db8::1" },
        { code: "ECONNREFUSED", message: "connect ECONNREFUSED ::1:1883", address: "::1" },
        { code: "ECONNRESET", message: "connect ECONNRESET 127.0.0.1:1883", address: "127.0.0.1" },
      ],
    },
    "TCP_RESET_AT_ACCEPT",
  ],
  [
    "one address without an answer and one without a route",
    { ...mqtt, ...at("resolved"), timedOut: true, errors: [{ code: "ENETUNREACH", address: "2001:db8::1" }] },
    "TCP_TIMEOUT",
  ],
  [
    "a refusal where a proxy is configured",
    { ...mqtt, ...failed("ECONNREFUSED", "connect ECONNREFUSED"), hasProxyEnvironment: true },
    "TCP_REFUSED",
    "guess",
  ],
  [
    "a refusal where the configured proxy does not help",
    { ...mqtt, ...failed("ECONNREFUSED", "connect ECONNREFUSED"), hasProxyEnvironment: true, healedBy: [] },
    "TCP_REFUSED",
  ],
  [
    "a link-local address without zone",
    { ...target("mqtt", 1883, "fe80::1"), ...failed("EINVAL", "connect EINVAL fe80::1") },
    "TCP_UNREACH",
  ],
  ["EACCES", { ...mqtt, ...failed("EACCES") }, "TCP_EACCES"],
  ["EMFILE", { ...mqtt, ...failed("EMFILE") }, "TCP_EMFILE"],
  ["a reset at accept", { ...mqtt, ...at("connected"), ...failed("ECONNRESET", "read ECONNRESET") }, "TCP_RESET_AT_ACCEPT"],
  ["a reset while connecting", { ...mqtt, ...failed("ECONNRESET", "connect ECONNRESET") }, "TCP_RESET_AT_ACCEPT"],
  ["a FIN at accept", { ...mqtt, ...at("connected"), closedBy: "fin" }, "TCP_CLOSE_AT_ACCEPT"],
];

const otherProtocols: readonly Case[] = [
  ["an SSH banner", { ...mqtt, ...at("connected"), spokeFirst: true, ...answered("SSH-2.0-OpenSSH_9.2\r\n") }, "WRONG_SERVICE"],
  ["an SMTP banner", { ...mqtt, ...at("connected"), ...answered("220 mail ESMTP\r\n") }, "WRONG_SERVICE"],
  ["Redis", { ...mqtt, ...at("connect-sent"), ...answered("-ERR unknown command\r\n") }, "WRONG_SERVICE"],
  ["AMQP", { ...mqtt, ...at("connect-sent"), ...answered("AMQP\0\0\t\u0001") }, "WRONG_SERVICE"],
  ["NATS", { ...mqtt, ...at("connected"), ...answered('INFO {"server_id":"x"}') }, "WRONG_SERVICE"],
  ["an unknown banner", { ...mqtt, ...at("connected"), spokeFirst: true, ...answered("hello") }, "WRONG_SERVICE"],
  ["ws to a service that is no HTTP", { ...ws, ...failed("HPE_INVALID_CONSTANT", "Parse Error: Expected HTTP/") }, "WRONG_SERVICE"],
  ["a TLS alert to our CONNECT", { ...mqtt, ...at("connect-sent"), ...bytes(0x15, 3, 1, 0, 2, 2, 70) }, "PLAIN_TO_TLS"],
  [
    "a reset on port 8883 without TLS",
    { ...target("mqtt", 8883), ...at("connect-sent"), ...failed("ECONNRESET") },
    "PLAIN_TO_TLS",
    "guess",
  ],
  ["TLS that heals", { ...mqtt, ...at("connect-sent"), closedBy: "fin", healedBy: ["tls"] }, "PLAIN_TO_TLS"],
  [
    "plain that heals",
    { ...mqtts, ...at("connected"), ...failed("ECONNRESET", beforeSecure), healedBy: ["plain"] },
    "TLS_TO_PLAIN",
  ],
  ["TLS to 1883", { ...target("mqtts", 1883), ...at("connected"), ...failed("ECONNRESET", beforeSecure) }, "TLS_TO_PLAIN", "guess"],
  ["TLS to HTTP, on a read", { ...mqtts, ...at("connected"), ...failed("ERR_SSL_WRONG_VERSION_NUMBER") }, "TLS_TO_HTTP"],
  ["TLS to HTTP, on a write", { ...mqtts, ...failed("EPROTO", openssl("0A00010B", "wrong version number")) }, "TLS_TO_HTTP"],
  ["wss to ws", { ...wss, ...failed("EPROTO", openssl("0A00010B", "wrong version number")) }, "WSS_TO_WS"],
  ["HTTP to our CONNECT", { ...mqtt, ...at("connect-sent"), ...answered("HTTP/1.1 400 Bad Request\r\n") }, "MQTT_TO_HTTP"],
  [
    "HTTP to our CONNECT over TLS",
    { ...mqtts, ...at("connect-sent"), ...answered("HTTP/1.1 400 Bad Request\r\n") },
    "MQTT_TO_HTTPS",
  ],
  ["a WebSocket that heals", { ...mqtt, ...at("connect-sent"), healedBy: ["websocket"] }, "MQTT_TO_HTTP"],
  ["no answer to CONNECT", { ...mqtt, ...at("connect-sent"), timedOut: true }, "SILENT"],
  ["no answer to the TLS hello", { ...mqtts, ...at("connected"), timedOut: true }, "SILENT"],
];

const serverCertificate = { subject: "CN=broker", issuer: "CN=Some CA" };
const tls: readonly Case[] = [
  ["expired", { ...mqtts, ...failed("CERT_HAS_EXPIRED", "certificate has expired"), nowMs: noonMs }, "TLS_EXPIRED"],
  [
    "an expired intermediate",
    {
      ...mqtts,
      ...failed("CERT_HAS_EXPIRED"),
      nowMs: noonMs,
      tls: { certificate: { ...serverCertificate, validToMs: noonMs + 1e9 } },
    },
    "TLS_EXPIRED",
  ],
  [
    "not yet valid",
    { ...mqtts, ...failed("CERT_NOT_YET_VALID"), tls: { certificate: { validFromMs: noonMs } }, nowMs: 0 },
    "TLS_NOT_YET",
  ],
  [
    "a wrong clock",
    { ...wss, ...failed("CERT_NOT_YET_VALID"), nowMs: noonMs, http: { status: 200, dateMs: noonMs + 3_600_000 } },
    "CLOCK_SKEW",
  ],
  ["self-signed", { ...mqtts, ...failed("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate") }, "TLS_SELF_SIGNED"],
  ["self-signed by its text", { ...mqtts, ...said("self signed certificate") }, "TLS_SELF_SIGNED"],
  ["a private root", { ...mqtts, ...failed("SELF_SIGNED_CERT_IN_CHAIN") }, "TLS_PRIVATE_ROOT"],
  [
    "an inspecting product",
    { ...mqtts, ...failed("SELF_SIGNED_CERT_IN_CHAIN"), tls: { certificate: { issuer: "CN=Zscaler Root CA" } } },
    "TLS_MITM",
  ],
  ["an unknown leaf", { ...mqtts, ...failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE") }, "TLS_UNKNOWN_CA", "guess"],
  [
    "an unknown private authority",
    { ...mqtts, ...failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), tls: { certificate: { chainLength: 1, namesIssuerAddress: false } } },
    "TLS_UNKNOWN_CA",
  ],
  [
    "a leaf without its intermediate",
    {
      ...mqtts,
      tls: { authorizationError: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", certificate: { chainLength: 1, namesIssuerAddress: true } },
    },
    "TLS_MISSING_INTERMEDIATE",
  ],
  [
    "a ca that is no PEM",
    { ...mqtts, ...failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), tls: { ca: { pemCount: 0 } } },
    "TLS_CA_FILE_BAD",
  ],
  [
    "the leaf as ca",
    { ...mqtts, ...failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), tls: { ca: { pemCount: 1, isServersLeaf: true } } },
    "TLS_CA_IS_LEAF",
  ],
  ["a missing root", { ...mqtts, ...failed("UNABLE_TO_GET_ISSUER_CERT_LOCALLY") }, "TLS_MISSING_ROOT"],
  ["an intermediate as ca", { ...mqtts, ...failed("UNABLE_TO_GET_ISSUER_CERT") }, "TLS_CA_IS_INTERMEDIATE"],
  [
    "another name",
    {
      ...mqtts,
      ...failed("ERR_TLS_CERT_ALTNAME_INVALID", "", { reason: "Host: broker.example. is not in the cert's altnames: DNS:a" }),
    },
    "TLS_SAN",
  ],
  [
    "the name an alias points to",
    {
      ...mqtts,
      ...failed("ERR_TLS_CERT_ALTNAME_INVALID"),
      dns: { cname: "x.cloud.example" },
      tls: { certificate: { alternativeNames: ["*.cloud.example"] } },
    },
    "DNS_CNAME_HOST",
  ],
  [
    "no name at all",
    { ...mqtts, ...failed("ERR_TLS_CERT_ALTNAME_INVALID"), tls: { certificate: { alternativeNames: [] } } },
    "TLS_CN_ONLY",
  ],
  [
    "an ingress's default certificate",
    {
      ...mqtts,
      ...failed("ERR_TLS_CERT_ALTNAME_INVALID"),
      tls: { certificate: { subject: "CN=Kubernetes Ingress Controller Fake Certificate", alternativeNames: ["ingress.local"] } },
    },
    "TLS_SNI",
  ],
  ["revoked", { ...mqtts, ...failed("CERT_REVOKED") }, "TLS_REVOKED"],
  ["a chain that is too long", { ...mqtts, ...failed("CERT_CHAIN_TOO_LONG") }, "TLS_CERT_REJECTED"],
  ["a key that is too small", { ...mqtts, ...failed("ERR_SSL_EE_KEY_TOO_SMALL") }, "TLS_WEAK"],
  ["alert 70 by code", { ...mqtts, ...at("connected"), ...failed("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION") }, "TLS_VERSION"],
  ["alert 70 by number", { ...mqtts, ...failed("EPROTO", openssl("0A00042E", "tlsv1 alert protocol version", 70)) }, "TLS_VERSION"],
  ["a version refused here", { ...mqtts, ...failed("ERR_SSL_UNSUPPORTED_PROTOCOL") }, "TLS_VERSION"],
  ["alert 40, nothing asked", { ...mqtts, ...failed("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE") }, "TLS_CIPHER", "guess"],
  [
    "alert 40 without a certificate request",
    { ...mqtts, ...failed("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"), tls: { wasCertificateRequested: false } },
    "TLS_CIPHER",
  ],
  [
    "alert 40 after a certificate request",
    { ...mqtts, ...failed("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"), tls: { wasCertificateRequested: true } },
    "MTLS_REQUIRED_12",
  ],
  ["alert 116", { ...mqtts, ...at("secured"), ...failed("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED") }, "MTLS_REQUIRED_13"],
  [
    "alert 116 in hex",
    { ...mqtts, ...failed("EPROTO", "write EPROTO error:0A00045C:SSL routines::reason(1116)") },
    "MTLS_REQUIRED_13",
  ],
  ["alert 48", { ...mqtts, ...at("secured"), ...failed("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA") }, "MTLS_UNKNOWN_CA"],
  ["alert 45", { ...mqtts, ...failed("ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED") }, "MTLS_EXPIRED"],
  ["alert 42", { ...mqtts, tls: { alert: 42 } }, "MTLS_OTHER"],
  ["alert 49 at a certificate", { ...mqtts, tls: { alert: 49, hasClientCertificate: true } }, "MTLS_OTHER"],
  ["alert 49 without one", { ...mqtts, tls: { alert: 49, hasClientCertificate: false } }, "BANNED"],
  ["alert 112", { ...mqtts, ...failed("ERR_SSL_TLSV1_UNRECOGNIZED_NAME") }, "TLS_SNI"],
  [
    "an end without a server name",
    { ...mqtts, ...at("connected"), closedBy: "fin", tls: { serverName: false } },
    "TLS_SNI",
    "guess",
  ],
  ["alert 120", { ...mqtts, ...failed("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL") }, "TLS_ALPN_WRONG"],
  ["alert 80", { ...mqtts, tls: { alert: 80 } }, "TLS_FAILED"],
  ["ALPN that heals", { ...mqtts, ...at("connect-sent"), closedBy: "fin", healedBy: ["alpn"] }, "TLS_ALPN_NEEDED"],
  [
    "an end in place of an answer to the hello",
    {
      ...mqtts,
      ...at("connected"),
      ...failed("ECONNRESET", beforeSecure),
      tls: { serverName: "broker.example", wasAnswered: false },
    },
    "TLS_CLOSED",
    "guess",
  ],
  ["an end during the handshake", { ...mqtts, ...at("connected"), ...failed("ECONNRESET", beforeSecure) }, "TLS_CLOSED", "guess"],
  ["a key of another certificate", { ...mqtts, ...failed("ERR_OSSL_X509_KEY_VALUES_MISMATCH") }, "MTLS_KEY_MISMATCH"],
  [
    "a key that is no PEM",
    { ...mqtts, ...failed("ERR_OSSL_UNSUPPORTED", "error:1E08010C:DECODER routines::unsupported") },
    "MTLS_KEY_BAD",
  ],
  ["a key without its passphrase", { ...mqtts, ...failed("ERR_MISSING_PASSPHRASE") }, "MTLS_KEY_BAD"],
];

const upgrades: readonly Case[] = [
  ...([200, 301, 302, 307, 308, 400, 401, 403, 404, 405, 407, 426, 429, 502, 503, 504] as const).map(
    (status): Case => [`HTTP ${status}`, http(status), `WS_${status}`],
  ),
  ["a status of the ws package's text", { ...wss, ...said("Unexpected server response: 404") }, "WS_404"],
  ["an unexpected status", http(418), "WS_STATUS"],
  ["HTTP/2 chosen", { ...http(400), tls: { alpnChosen: "h2" } }, "WS_H2"],
  ["plain HTTP at a TLS port", http(400, { bodyStart: "The plain HTTP request was sent to HTTPS port" }), "WS_TO_TLS"],
  ["403 with a wrong clock", { ...http(403, { dateMs: noonMs }), nowMs: noonMs + 600_000 }, "CLOCK_SKEW", "guess"],
  ["no subprotocol by text", { ...ws, ...said("Server sent no subprotocol") }, "WS_NO_SUBPROTO_REPLY"],
  ["no subprotocol", { ...ws, ...at("upgraded"), ws: { everOpened: true, offered: ["mqtt"], chosen: "" } }, "WS_NO_SUBPROTO_REPLY"],
  ["an invalid subprotocol", { ...ws, ...said("Server sent an invalid subprotocol") }, "WS_WRONG_SUBPROTO"],
  [
    "another subprotocol",
    { ...ws, ...at("upgraded"), ws: { everOpened: true, offered: ["mqtt"], chosen: "chat" } },
    "WS_WRONG_SUBPROTO",
  ],
  [
    "none offered",
    { ...ws, ...at("upgraded"), timedOut: true, ws: { everOpened: true, offered: [], chosen: "" } },
    "WS_SUBPROTO_NOT_OFFERED",
  ],
  [
    "ws to a broker's TCP port",
    { ...target("ws", 1883), ...at("connected"), ...failed("ECONNRESET", "socket hang up") },
    "WS_TO_TCP",
    "guess",
  ],
  ["ws to a wss port", { ...ws, ...at("connected"), ...failed("ECONNRESET", "read ECONNRESET") }, "WS_TO_TLS", "guess"],
  ["wss to an mqtts port, hung up", { ...wss, ...at("secured"), ...said("socket hang up") }, "WS_TO_TCP", "guess"],
  ["no answer to the upgrade", { ...wss, ...at("secured"), timedOut: true }, "SILENT"],
  ["a text frame", { ...ws, ...at("connect-sent"), ws: { everOpened: true, gotTextFrame: true } }, "WS_TEXT"],
  ["open and silent", { ...ws, ...at("connect-sent"), timedOut: true, ws: { everOpened: true, chosen: "mqtt" } }, "WS_OPEN_SILENT"],
  [
    "closed by policy",
    { ...ws, ...at("upgraded"), ws: { everOpened: true, closeCode: 1008, closeReason: "token" } },
    "WS_CLOSE_CODE",
  ],
  ["closed as too big", { ...ws, ...at("accepted"), ws: { everOpened: true, closeCode: 1009 } }, "PACKET_TOO_LARGE"],
  ["a bad frame", { ...ws, ...failed("WS_ERR_UNEXPECTED_RSV_1", "RSV1 must be clear") }, "WS_PERMESSAGE"],
];

const inPage: AttemptFacts = { ...wss, runtime: "browser", ws: { everOpened: false, closeCode: 1006, wasClean: false } };
const pasted = (consoleText: string): AttemptFacts => ({
  ...inPage,
  page: { consoleText: `WebSocket connection to 'wss://x' failed: ${consoleText}` },
});
const page: readonly Case[] = [
  ["1006 and nothing else", inPage, "WS_NEVER_OPENED", "guess"],
  ["1006 while a fetch succeeds", { ...inPage, page: { fetch: "resolved" } }, "WS_UPGRADE_REFUSED", "guess"],
  ["1006 while a fetch fails", { ...inPage, page: { fetch: "rejected" } }, "WS_UNREACHABLE", "guess"],
  ["1015 of Firefox", { ...inPage, ws: { everOpened: false, closeCode: 1015 } }, "TLS_FAILED", "guess"],
  ["a violated policy", { ...inPage, page: { cspViolation: { directive: "connect-src", blockedUri: "wss://x" } } }, "B_CSP"],
  ["offline", { ...inPage, page: { isOnline: false } }, "B_OFFLINE"],
  ["local network denied", { ...inPage, ...target("wss", 8084, "192.168.1.2"), page: { localNetworkAccess: "denied" } }, "B_LNA"],
  ["too many sockets", { ...inPage, page: { openSockets: 255 } }, "B_LIMIT"],
  ["a page that slept", { ...wss, ...at("accepted"), page: { wasFrozen: true } }, "B_SLEEP"],
  ["a page from the cache", { ...wss, ...at("accepted"), page: { wasRestored: true } }, "B_BFCACHE"],
  ["an origin that is refused", { ...inPage, healedBy: ["without-origin"] }, "B_ORIGIN"],
  ["console: authority", pasted("Error in connection establishment: net::ERR_CERT_AUTHORITY_INVALID"), "B_SELF_SIGNED", "guess"],
  ["console: blocked", pasted("net::ERR_BLOCKED_BY_CLIENT"), "B_EXTENSION"],
  ["console: transparency", pasted("net::ERR_CERTIFICATE_TRANSPARENCY_REQUIRED"), "TLS_CT"],
  ["console: refused", pasted("net::ERR_CONNECTION_REFUSED"), "TCP_REFUSED"],
  ["console: 401", pasted("HTTP Authentication failed; no valid credentials available"), "WS_401"],
  ["console: reset", pasted("net::ERR_CONNECTION_RESET"), "WS_NEVER_OPENED", "guess"],
  ["console: a line of something else", pasted("something"), "WS_NEVER_OPENED", "guess"],
];

const connect: readonly Case[] = [
  ["3.1.1 return code 1", connack(4, 1), "PROTO_VERSION"],
  ["3.1.1 return code 1 to a CONNECT of 5.0", connack(5, 1), "PROTO_VERSION"],
  ["3.1.1 return code 2", connack(4, 2), "CLIENT_ID"],
  ["3.1.1 return code 3", connack(4, 3), "UNAVAILABLE", "guess"],
  ["3.1.1 return code 4", connack(4, 4), "BAD_CREDENTIALS"],
  ["3.1.1 return code 5", connack(4, 5, { connect: { hadPassword: true } }), "NOT_AUTHORIZED", "guess"],
  ["no password", connack(4, 5, { connect: { hadPassword: false } }), "NOT_AUTHORIZED"],
  ["an expired token", connack(5, 135, { connect: { hadPassword: true, tokenExpiresMs: 1 }, nowMs: 2 }), "JWT_EXPIRED"],
  ["128 to an empty identifier", connack(5, 128, { connect: { clientIdentifier: "" } }), "UNSPEC", "guess"],
  ...(
    [
      [128, "UNSPEC"],
      [129, "MALFORMED"],
      [130, "PROTOCOL"],
      [131, "IMPL"],
      [132, "PROTO_VERSION"],
      [133, "CLIENT_ID"],
      [134, "BAD_CREDENTIALS"],
      [136, "UNAVAILABLE"],
      [137, "SERVER_BUSY"],
      [138, "BANNED"],
      [140, "AUTH_METHOD"],
      [144, "TOPIC_NAME"],
      [149, "PACKET_TOO_LARGE"],
      [151, "QUOTA"],
      [153, "PAYLOAD_FORMAT"],
      [154, "WILL_RETAIN"],
      [155, "WILL_QOS"],
      [156, "USE_ANOTHER"],
      [157, "MOVED"],
      [159, "RATE"],
    ] as const
  ).map(([reasonCode, code]): Case => [`CONNACK ${reasonCode}`, connack(5, reasonCode), code]),
  [
    "a session after a clean start",
    { ...mqtt, connack: { version: 5, reasonCode: 0, sessionPresent: true }, connect: { cleanStart: true } },
    "SP_VIOLATION",
  ],
  ["a cut CONNACK", { ...mqtt, ...at("connect-sent"), ...bytes(0x20, 2, 0), closedBy: "fin" }, "CONNACK_NONE"],
  ["a CONNACK that is none", { ...mqtt, ...at("connect-sent"), ...bytes(0x20, 2, 7, 0), closedBy: "fin" }, "BAD_BYTES"],
  [
    "a CONNACK that is too large",
    { ...mqtt, ...at("connect-sent"), ...bytes(0x20, 40, 0, 0), ...failed("PACKET_TOO_LARGE") },
    "PACKET_TOO_LARGE",
  ],
  ["bytes that are no MQTT", { ...mqtt, ...at("connect-sent"), ...bytes(0xff, 0xff) }, "BAD_BYTES"],
  ["a FIN before CONNACK", { ...mqtts, ...at("connect-sent"), closedBy: "fin" }, "CONNACK_NONE", "guess"],
  [
    "a WebSocket closed before CONNACK",
    { ...wss, ...at("connect-sent"), ws: { everOpened: true, closeCode: 1006 } },
    "CONNACK_NONE",
    "guess",
  ],
  [
    "a will that was in the way",
    { ...mqtt, ...at("connect-sent"), closedBy: "fin", healedBy: ["without-will"] },
    "WILL_QOS",
    "guess",
  ],
];

const session: readonly Case[] = [
  ...(
    [
      [0, "DISCONNECTED"],
      [128, "UNSPEC"],
      [130, "PROTOCOL"],
      [137, "SERVER_BUSY"],
      [139, "SHUTDOWN"],
      [141, "KEEPALIVE_SHORT"],
      [142, "TAKEOVER"],
      [143, "FILTER_INVALID"],
      [144, "TOPIC_INVALID"],
      [147, "RECEIVE_MAX"],
      [148, "ALIAS"],
      [149, "PACKET_TOO_LARGE"],
      [150, "RATE"],
      [151, "QUOTA"],
      [152, "ADMIN"],
      [154, "RETAIN_UNSUPPORTED"],
      [155, "QOS_UNSUPPORTED"],
      [158, "SHARED_UNSUPPORTED"],
      [160, "MAXTIME"],
      [161, "SUBID_UNSUPPORTED"],
      [162, "WILDCARD_UNSUPPORTED"],
    ] as const
  ).map(([reasonCode, code]): Case => [`DISCONNECT ${reasonCode}`, dropped(reasonCode), code]),
  ["no PINGRESP", { ...mqtt, ...at("accepted"), timedOut: true, session: { isPingOutstanding: true } }, "PING_TIMEOUT"],
  [
    "a packet above the limit",
    { ...mqtt, ...at("accepted"), session: { maximumPacketSize: 1000, lastPublish: { qos: 0, retain: false, bytes: 1400 } } },
    "PACKET_TOO_LARGE",
  ],
  [
    "closed on SUBSCRIBE",
    { ...mqtt, ...at("accepted"), closedBy: "fin", session: { lastSent: "subscribe", msSinceLastSent: 20 } },
    "SUB_DENIED",
    "guess",
  ],
  [
    "closed on PUBLISH",
    { ...mqtt, ...at("accepted"), closedBy: "fin", session: { lastSent: "publish", msSinceLastSent: 20 } },
    "PUB_DENIED",
    "guess",
  ],
  [
    "a QoS the server has not",
    {
      ...mqtt,
      ...at("accepted"),
      session: { lastSent: "publish", msSinceLastSent: 1, maximumQos: 0, lastPublish: { qos: 1, retain: false, bytes: 9 } },
    },
    "QOS_UNSUPPORTED",
  ],
  [
    "an idle WebSocket cut twice",
    { ...wss, ...at("accepted"), session: { ageMs: 60_080, previousAgesMs: [60_500] } },
    "WS_IDLE_CUT",
    "guess",
  ],
  [
    "an idle connection cut twice",
    { ...mqtt, ...at("accepted"), session: { ageMs: 350_000, previousAgesMs: [350_200] } },
    "NAT_IDLE",
    "guess",
  ],
  [
    "cut twice after an hour",
    { ...mqtt, ...at("accepted"), session: { ageMs: 3_600_000, previousAgesMs: [3_600_100] } },
    "MAXTIME",
    "guess",
  ],
  [
    "a loop of short lives",
    { ...mqtt, ...at("accepted"), session: { ageMs: 900, previousAgesMs: [1100, 1000] } },
    "CONNECTION_LOST",
    "guess",
  ],
  ["a lost session", { ...mqtt, ...at("accepted"), session: { wasSessionLost: true } }, "SESSION_LOST"],
  ["an end without a reason", { ...mqtt, ...at("accepted"), closedBy: "fin", session: { ageMs: 12_000 } }, "CONNECTION_LOST"],
];

const groups = { input, dnsAndTcp, otherProtocols, tls, upgrades, page, connect, session } as const;

for (const [group, cases] of Object.entries(groups)) {
  for (const [title, facts, code, certainty = "sure"] of cases) {
    test(`${group}: ${title} is ${code}`, () => {
      const verdict = diagnose(facts);
      expect(verdict.code).toBe(code);
      expect(verdict.certain).toBe(certainty === "sure");
      expect(verdict.evidence).not.toBe("");
      expect(verdict.candidates.every((candidate) => errorCodes.includes(candidate))).toBe(true);
      expect(new Set(verdict.candidates).size).toBe(verdict.candidates.length);
    });
  }
}

/** Codes that only ever stand among the candidates of a verdict, or that only a warning names. */
const neverConcluded: readonly ErrorCode[] = ["PORT_SCHEME_ODD"];

// Read from the sources, so that a code added to a rule needs its row here.
const folder = new URL(".", import.meta.url);
const sources = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
const named = new Set(
  sources.flatMap((name) => readFileSync(new URL(name, folder), "utf8").match(/"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"/g) ?? []),
);
/** What SUBACK and PUBACK say is asked of request-codes.ts directly, and tested there. */
const ofAnswers: readonly ErrorCode[] = ["SUBSCRIBE_REFUSED", "UNSUBSCRIBE_REFUSED", "PUBLISH_REFUSED"];

test("the table produces every code that the rules name", () => {
  const produced = new Set(Object.values(groups).flatMap((cases) => cases.map(([, , code]) => code)));
  const others = [...neverConcluded, ...ofAnswers];
  const wanted = errorCodes.filter((code) => named.has(`"${code}"`) && !others.includes(code) && !/^(AWS|PROXY)_/.test(code));
  expect(wanted.length).toBeGreaterThan(130);
  expect(wanted.filter((code) => !produced.has(code))).toEqual([]);
  expect(others.filter((code) => produced.has(code))).toEqual([]);
});

test("a guess is retried where one of its explanations passes by itself", () => {
  const guess = diagnose({ ...target("mqtt", 8883), ...at("connect-sent"), closedBy: "fin" });
  expect(guess).toMatchObject({ code: "PLAIN_TO_TLS", certain: false, retry: "backoff" });
  const sure = diagnose({ ...mqtt, ...at("connect-sent"), healedBy: ["tls"] });
  expect(sure).toMatchObject({ code: "PLAIN_TO_TLS", certain: true, retry: "new-input" });
  expect(diagnose(connack(4, 5)).retry).toBe("new-credentials");
  // A drop right after SUBSCRIBE may be chance, and a certificate that was refused may not.
  const drop: AttemptFacts = { ...mqtt, ...at("accepted"), session: { lastSent: "subscribe", msSinceLastSent: 20 } };
  expect(diagnose(drop)).toMatchObject({ code: "SUB_DENIED", certain: false, retry: "backoff" });
  expect(diagnose({ ...mqtts, ...failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE") })).toMatchObject({
    certain: false,
    retry: "new-input",
  });
});

test("a verdict never quotes a secret", () => {
  const facts: AttemptFacts = { ...failed("ERR_INVALID_URL", "Invalid URL: mqtt://u:hunter2@ho st") };
  expect(diagnose(facts).evidence).not.toContain("hunter2");
});

test("what no rule knows still has a verdict", () => {
  expect(diagnose({})).toMatchObject({ code: "CONNECTION_LOST", certain: true, retry: "backoff" });
  expect(diagnose(failed("EWHATEVER")).evidence).toContain("EWHATEVER");
});
