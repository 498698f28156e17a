import { expect, test } from "vitest";
import { PROXY_V2_SIGNATURE } from "./first-bytes.ts";
import { parseProxyHeader, type ProxyHeaderResult } from "./proxy-protocol.ts";

const V4 = Buffer.from([203, 0, 113, 7, 10, 0, 0, 1, 0x30, 0x39, 0x22, 0xb3]);
const V6 = Buffer.concat([
  Buffer.from("20010db8000000000000000000000007", "hex"),
  Buffer.alloc(16),
  Buffer.from([0x30, 0x39, 0x22, 0xb3]),
]);

function tlv(type: number, value: Uint8Array | string): Buffer {
  const content = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([type, content.length >> 8, content.length & 0xff]), content]);
}

function v2(command: number, family: number, ...parts: Buffer[]): Buffer {
  const payload = Buffer.concat(parts);
  return Buffer.concat([
    Buffer.from(PROXY_V2_SIGNATURE, "latin1"),
    Buffer.from([command, family, payload.length >> 8, payload.length & 0xff]),
    payload,
  ]);
}

/** Parses byte by byte, which must ask for more until the last one, and then with a byte of the client behind it. */
function parse(bytes: Buffer): ProxyHeaderResult {
  for (let length = 0; length < bytes.length; length++) {
    const result = parseProxyHeader(bytes.subarray(0, length));
    if (result.kind !== "more") return result;
    expect(result.bytesNeeded).toBeGreaterThan(length);
    expect(result.bytesNeeded).toBeLessThanOrEqual(bytes.length);
  }
  return parseProxyHeader(Buffer.concat([bytes, Buffer.from([0x10])]));
}

test.each([
  ["PROXY TCP4 203.0.113.7 10.0.0.1 12345 8883\r\n", "203.0.113.7", 12_345],
  ["PROXY TCP6 2001:db8::7 ::1 12345 8883\r\n", "2001:db8::7", 12_345],
  ["PROXY UNKNOWN\r\n", undefined, undefined],
  ["PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", undefined, undefined],
])("version 1: %j", (line, sourceAddress, sourcePort) => {
  expect(parse(Buffer.from(line))).toMatchObject({
    kind: "header",
    length: line.length,
    header: { version: 1, sourceAddress, sourcePort },
  });
});

test.each([
  ["IPv4", v2(0x21, 0x11, V4), "203.0.113.7"],
  ["IPv6", v2(0x21, 0x21, V6), "2001:db8::7"],
])("version 2: %s", (_what, bytes, sourceAddress) => {
  expect(parse(bytes)).toMatchObject({
    kind: "header",
    length: bytes.length,
    header: { version: 2, sourceAddress, sourcePort: 12_345, authority: undefined },
  });
});

test("version 2: a proxy's own connection and unknown families have no source", () => {
  for (const bytes of [v2(0x20, 0x00), v2(0x20, 0x11, V4), v2(0x21, 0x00, tlv(0x04, "")), v2(0x21, 0x31, Buffer.alloc(216))]) {
    expect(parse(bytes)).toMatchObject({ kind: "header", header: { sourceAddress: undefined } });
  }
});

test("version 2: authority and TLS facts are read, a common name only when the proxy verified it", () => {
  const ssl = (flags: number, verify: number): Buffer =>
    tlv(0x20, Buffer.concat([Buffer.from([flags, 0, 0, 0, verify]), tlv(0x21, "TLSv1.3"), tlv(0x22, "device 7")]));
  const header = (flags: number, verify: number): ProxyHeaderResult =>
    parse(v2(0x21, 0x11, V4, tlv(0x02, "Acme.Example.com"), ssl(flags, verify)));
  expect(header(0x03, 0)).toMatchObject({
    header: { authority: "acme.example.com", tls: { protocol: "TLSv1.3", commonName: "device 7" } },
  });
  expect(header(0x03, 1)).toMatchObject({ header: { tls: { commonName: undefined } } });
  expect(header(0x01, 0)).toMatchObject({ header: { tls: { commonName: undefined } } });
  expect(header(0x00, 0)).toMatchObject({ header: { tls: undefined } });
});

test("version 2: a right checksum passes, a wrong one does not", () => {
  // CRC-32C of the header with four zero bytes in place of the checksum.
  const bytes = v2(0x21, 0x11, V4, tlv(0x03, Buffer.alloc(4)));
  bytes.writeUInt32BE(crc32c(bytes), bytes.length - 4);
  expect(parse(bytes).kind).toBe("header");
  bytes[16] = 9;
  expect(parse(bytes)).toEqual({ kind: "malformed", reason: "checksum" });
});

/** Table-driven, unlike the one under test. */
function crc32c(bytes: Uint8Array): number {
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    return c;
  });
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] as number);
  return ~crc >>> 0;
}

test("the checksum agrees with a published value", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

test.each([
  ["no header", Buffer.from([0x10, 0x0c])],
  ["a version 1 line of another family", Buffer.from("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n")],
  ["version 1 with addresses of the other family", Buffer.from("PROXY TCP4 ::1 ::1 1 2\r\n")],
  ["version 1 with an impossible port", Buffer.from("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n")],
  ["version 1 without carriage return", Buffer.from("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n")],
  ["version 1 of more than 107 bytes", Buffer.from(`PROXY TCP4 ${"1".repeat(200)}`)],
  ["version 3", v2(0x31, 0x11, V4)],
  ["an unknown command", v2(0x22, 0x11, V4)],
  ["an address that does not fit", v2(0x21, 0x21, V4)],
  ["a field that does not fit", v2(0x21, 0x11, V4, Buffer.from([2, 0, 9, 0]))],
  ["more than 4 KiB", v2(0x21, 0x11, V4, Buffer.alloc(5000))],
])("%s is malformed", (_what, bytes) => {
  expect(parse(bytes).kind).toBe("malformed");
});
