import { expect, test } from "vitest";
import { classifyFirstBytes, httpStatusOf, printable, type SpokenProtocol, tlsAlertOf } from "./first-bytes.ts";

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

const cases: readonly (readonly [bytes: Uint8Array, spoken: SpokenProtocol])[] = [
  [Uint8Array.of(0x20, 2, 0, 0), "connack"],
  [Uint8Array.of(0xe0, 0), "disconnect"],
  [Uint8Array.of(0xf0, 2, 0x18, 0), "auth"],
  [Uint8Array.of(0x15, 3, 3, 0, 2, 2, 112), "tls-alert"],
  [Uint8Array.of(0x16, 3, 3, 0, 40), "tls-handshake"],
  [ascii("HTTP/1.1 400 Bad Request"), "http"],
  [ascii("SSH-2.0-x"), "ssh"],
  [ascii("220-mail"), "smtp-or-ftp"],
  [ascii("+PONG"), "redis"],
  [ascii("AMQP"), "amqp"],
  [ascii("INFO {}"), "nats"],
  [ascii("hello"), "unknown"],
  [new Uint8Array(), "unknown"],
  // A PUBREC is 0x50 and a record of type 0x15 alone is no TLS: the second byte decides.
  [Uint8Array.of(0x15, 0), "unknown"],
];

test.each(cases)("%s is %s", (bytes, spoken) => {
  expect(classifyFirstBytes(bytes)).toBe(spoken);
});

test("alert and status are read from their records", () => {
  expect(tlsAlertOf(Uint8Array.of(0x15, 3, 3, 0, 2, 2, 112))).toBe(112);
  expect(tlsAlertOf(ascii("HTTP/1.1 404"))).toBeUndefined();
  expect(httpStatusOf(ascii("HTTP/1.1 404 Not Found"))).toBe(404);
  expect(httpStatusOf(ascii("HTTP/2 502"))).toBe(502);
  expect(httpStatusOf(ascii("SSH-2.0"))).toBeUndefined();
});

test("bytes are shown as one line of at most 64 characters", () => {
  expect(printable(Uint8Array.of(0x41, 0, 0x0a, 0x7f, 0xff, 0x42))).toBe("A....B");
  expect(printable(new Uint8Array(100))).toHaveLength(64);
});
