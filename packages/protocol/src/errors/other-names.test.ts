import { describe, expect, test } from "vitest";
import { errorCodes, isErrorCode } from "./catalogue.ts";
import { codesSeenAs, otherNames } from "./other-names.ts";

test("every name leads to codes of ours, and every name finds itself", () => {
  for (const [name, codes] of otherNames()) {
    expect(codes.length, name).toBeGreaterThan(0);
    expect(codes.every(isErrorCode), name).toBe(true);
    expect(codesSeenAs(name), name).toEqual(expect.arrayContaining([...codes]));
    expect(codesSeenAs(` ${name.toUpperCase()} `), name).toEqual(codesSeenAs(name));
  }
  expect(otherNames().size).toBeGreaterThan(errorCodes.length);
});

/** Names that people meet, by who says them, and the code that is to be named first. */
const met = {
  "MQTT by number":
    "132 PROTO_VERSION, 0x86 BAD_CREDENTIALS, 135 NOT_AUTHORIZED, 0x8e TAKEOVER, 0x91 PROTOCOL_ERROR, 5 NOT_AUTHORIZED, 0x97 QUOTA, 162 WILDCARD_UNSUPPORTED",
  "MQTT by name":
    "Bad User Name or Password BAD_CREDENTIALS, Session taken over TAKEOVER, Packet too large PACKET_TOO_LARGE, Keep Alive timeout KEEPALIVE_SHORT, Malformed Packet MALFORMED",
  "EMQX and AWS":
    "-5 TLS_SNI, MQTT_KEEP_ALIVE_TIMEOUT KEEPALIVE_SHORT, DUPLICATE_CLIENTID AWS_DUP, CUSTOMAUTH_TTL_EXPIRATION AWS_REFRESH, FORBIDDEN_ACCESS AWS_NO_CONNECT, THROTTLED RATE, AWS_ERROR_MQTT_UNEXPECTED_HANGUP CONNACK_NONE",
  "C and Python":
    "Error: Connection timed out TCP_TIMEOUT, [Errno 113] No route to host TCP_UNREACH, [Errno -2] Name or service not known DNS_NXDOMAIN, Temporary failure in name resolution DNS_TEMP, [SSL: CERTIFICATE_VERIFY_FAILED] TLS_UNKNOWN_CA",
  Node: "ECONNREFUSED TCP_REFUSED, Connection refused TCP_REFUSED, EAI_AGAIN DNS_TEMP, ENOTFOUND DNS_NXDOMAIN, EHOSTUNREACH TCP_UNREACH, EMFILE TCP_EMFILE, ECONNABORTED CONNECTION_LOST, ERR_TLS_CERT_ALTNAME_INVALID DNS_CNAME_HOST",
  OpenSSL:
    "0A00010B TLS_TO_HTTP, 0A000126 TLS_CLOSED, alert number 48 MTLS_UNKNOWN_CA, alert number 70 TLS_VERSION, CERT_HAS_EXPIRED TLS_EXPIRED, unable to verify the first certificate TLS_UNKNOWN_CA",
  Chromium:
    "net::ERR_CERT_DATE_INVALID TLS_EXPIRED, ERR_CONNECTION_REFUSED TCP_REFUSED, net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS B_LNA, net::ERR_UNSAFE_PORT UNSAFE_PORT",
  Firefox:
    "NS_ERROR_CONNECTION_REFUSED TCP_REFUSED, NS_ERROR_UNKNOWN_HOST DNS_NXDOMAIN, SEC_ERROR_UNKNOWN_ISSUER B_SELF_SIGNED, SSL_ERROR_BAD_CERT_DOMAIN TLS_SAN, SSL_ERROR_RX_RECORD_TOO_LONG WSS_TO_WS",
  WebSockets: "1006 WS_NEVER_OPENED, close code 1009 PACKET_TOO_LARGE, 1015 TLS_FAILED",
};

describe.each(Object.entries(met))("%s", (_who, list) => {
  test.each(list.split(", ").map((entry) => [entry.replace(/ \S+$/, ""), entry.replace(/^.* /, "")]))("%s is %s", (name, code) => {
    expect(codesSeenAs(name)[0]).toBe(code);
  });
});

test.each([
  ["Error: connect ECONNREFUSED 127.0.0.1:1883", ["TCP_REFUSED", "ADMIN_UNREACHABLE"]],
  ["WebSocket connection to 'wss://x/mqtt' failed: Error in connection establishment: net::ERR_CERT_REVOKED", ["TLS_REVOKED"]],
  ["CONNACK 7", ["BANNED"]],
  ["CONNACK 138", ["BANNED"]],
  ["reason code: 0x8a", ["BANNED"]],
  ["WebSocket connection to 'wss://x/mqtt' failed: ", ["WS_NEVER_OPENED"]],
  ["Firefox can’t establish a connection to the server at wss://x/mqtt.", ["WS_NEVER_OPENED"]],
  ["0A00045C", ["MTLS_REQUIRED_13"]],
])("of the line %s the longest name counts", (line, codes) => {
  expect(codesSeenAs(line)).toEqual(codes);
});

test("a part of a name finds all that hold it", () => {
  expect(codesSeenAs("SSL_ERROR_UN")).toEqual(expect.arrayContaining(["TLS_SNI", "TLS_VERSION"]));
  expect(codesSeenAs("ERR_CERT_AUTHORITY")).toEqual(expect.arrayContaining(["TLS_SELF_SIGNED", "TLS_UNKNOWN_CA", "B_SELF_SIGNED"]));
});

test.each(["no such text anywhere", "e", "", "999", "-6"])("%j is nobody's name", (text) => {
  expect(codesSeenAs(text)).toEqual([]);
});
