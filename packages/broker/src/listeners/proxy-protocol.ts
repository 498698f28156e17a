import { isIP } from "node:net";
import { PROXY_V2_SIGNATURE } from "./first-bytes.ts";

/**
 * The PROXY protocol, versions 1 (text) and 2 (binary): what a proxy in front says about the connection it passes on. Whoever can send it
 * can claim any address, so only the front of a listener calls this, for listeners that were told to and peers that are trusted.
 */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /** The client's address; undefined when the proxy speaks for itself (LOCAL, health checks) or does not know it (UNKNOWN, unix). */
  readonly sourceAddress: string | undefined;
  readonly sourcePort: number | undefined;
  /** The server name the client asked the proxy for (PP2_TYPE_AUTHORITY), in lower case. */
  readonly authority: string | undefined;
  /** Present when the client spoke TLS with the proxy. */
  readonly tls: ProxyTls | undefined;
}

export interface ProxyTls {
  readonly protocol: string | undefined;
  /** Common name of the client certificate, given only if the proxy verified that certificate. */
  readonly commonName: string | undefined;
}

export type ProxyHeaderResult =
  /** `length` is the number of bytes the header took; the rest belongs to the client. */
  | { readonly kind: "header"; readonly header: ProxyHeader; readonly length: number }
  | { readonly kind: "more"; readonly bytesNeeded: number }
  | { readonly kind: "malformed"; readonly reason: string };

/** The version 1 line with two IPv6 addresses has at most 107 bytes. */
const V1_BYTES_MAX = 107;
const V2_HEADER_BYTES = 16;
/** The format allows 65,535; real headers have addresses and a few short fields. */
const V2_PAYLOAD_BYTES_MAX = 4096;
const LF = 0x0a;

const TLV_AUTHORITY = 0x02;
const TLV_CRC32C = 0x03;
const TLV_SSL = 0x20;
const TLV_SSL_VERSION = 0x21;
const TLV_SSL_COMMON_NAME = 0x22;
const SSL_FLAG_TLS = 0x01;
const SSL_FLAG_CERTIFICATE_NOW = 0x02;
const SSL_FLAG_CERTIFICATE_SESSION = 0x04;

export function parseProxyHeader(bytes: Buffer): ProxyHeaderResult {
  const start = bytes.toString("latin1", 0, PROXY_V2_SIGNATURE.length);
  if (start === PROXY_V2_SIGNATURE) return parseV2(bytes);
  if (start.startsWith("PROXY ")) return parseV1(bytes);
  if (PROXY_V2_SIGNATURE.startsWith(start) || "PROXY ".startsWith(start)) return { kind: "more", bytesNeeded: bytes.length + 1 };
  return malformed("no PROXY header");
}

function parseV1(bytes: Buffer): ProxyHeaderResult {
  const end = bytes.subarray(0, V1_BYTES_MAX).indexOf(LF);
  if (end === -1 && bytes.length < V1_BYTES_MAX) return { kind: "more", bytesNeeded: bytes.length + 1 };
  const line = end === -1 ? "" : bytes.toString("latin1", 0, end + 1);
  const length = end + 1;
  if (/^PROXY UNKNOWN( [^\r\n]*)?\r\n$/.test(line)) return { kind: "header", header: unknownSource(1), length };
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line);
  if (match === null) return malformed("version 1 line");
  const [, family, sourceAddress = "", destinationAddress = "", sourcePort, destinationPort] = match;
  const isSane = [sourceAddress, destinationAddress].every((address) => isIP(address) === Number(family));
  if (!isSane || Number(sourcePort) > 65_535 || Number(destinationPort) > 65_535) return malformed("version 1 address");
  return { kind: "header", header: { ...unknownSource(1), sourceAddress, sourcePort: Number(sourcePort) }, length };
}

function parseV2(bytes: Buffer): ProxyHeaderResult {
  if (bytes.length < V2_HEADER_BYTES) return { kind: "more", bytesNeeded: V2_HEADER_BYTES };
  const command = bytes.readUInt8(12);
  const payloadLength = bytes.readUInt16BE(14);
  if (command !== 0x20 && command !== 0x21) return malformed(`version and command 0x${command.toString(16)}`);
  if (payloadLength > V2_PAYLOAD_BYTES_MAX) return malformed(`length ${payloadLength}`);
  const length = V2_HEADER_BYTES + payloadLength;
  if (bytes.length < length) return { kind: "more", bytesNeeded: length };
  const whole = bytes.subarray(0, length);
  const addressLength = ADDRESS_LENGTHS[whole.readUInt8(13) >> 4];
  if (addressLength === undefined || addressLength > payloadLength) return malformed("version 2 address");
  const fields = readFields(whole.subarray(V2_HEADER_BYTES + addressLength));
  if (fields === undefined) return malformed("version 2 field");
  if (!isChecksumRight(whole, fields.get(TLV_CRC32C))) return malformed("checksum");
  // With LOCAL the proxy speaks for itself and the receiver must ignore the addresses.
  const source = command === 0x21 ? readSource(whole) : {};
  const tls = readTls(fields.get(TLV_SSL));
  return { kind: "header", header: { ...unknownSource(2), ...source, authority: readAuthority(fields), tls }, length };
}

/** Bytes of both addresses and ports by address family: unspecified, IPv4, IPv6, unix. */
const ADDRESS_LENGTHS: readonly (number | undefined)[] = [0, 12, 36, 216];

function readSource(header: Buffer): Partial<ProxyHeader> {
  const family = header.readUInt8(13) >> 4;
  if (family === 1) {
    return { sourceAddress: header.subarray(16, 20).join("."), sourcePort: header.readUInt16BE(24) };
  }
  if (family !== 2) return {};
  const groups = Array.from({ length: 8 }, (_, i) => header.readUInt16BE(16 + 2 * i).toString(16));
  // Limits and rules compare addresses as text, so the shortest form is the only one to leave here.
  return { sourceAddress: new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1), sourcePort: header.readUInt16BE(48) };
}

function readFields(bytes: Buffer): Map<number, Buffer> | undefined {
  const fields = new Map<number, Buffer>();
  let at = 0;
  while (at < bytes.length) {
    if (at + 3 > bytes.length) return undefined;
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return undefined;
    fields.set(bytes.readUInt8(at), bytes.subarray(at + 3, end));
    at = end;
  }
  return fields;
}

function readAuthority(fields: ReadonlyMap<number, Buffer>): string | undefined {
  const authority = fields.get(TLV_AUTHORITY)?.toString("latin1");
  if (authority === undefined || !/^[\x21-\x7e]{1,255}$/.test(authority)) return undefined;
  return authority.toLowerCase().replace(/\.$/, "");
}

function readTls(field: Buffer | undefined): ProxyTls | undefined {
  if (field === undefined || field.length < 5) return undefined;
  const flags = field.readUInt8(0);
  if ((flags & SSL_FLAG_TLS) === 0) return undefined;
  const hasCertificate = (flags & (SSL_FLAG_CERTIFICATE_NOW | SSL_FLAG_CERTIFICATE_SESSION)) !== 0;
  const isVerified = field.readUInt32BE(1) === 0;
  const inner = readFields(field.subarray(5));
  return {
    protocol: inner?.get(TLV_SSL_VERSION)?.toString("latin1"),
    commonName: hasCertificate && isVerified ? inner?.get(TLV_SSL_COMMON_NAME)?.toString("utf8") : undefined,
  };
}

function isChecksumRight(header: Buffer, checksum: Buffer | undefined): boolean {
  if (checksum === undefined) return true;
  if (checksum.length !== 4) return false;
  const expected = checksum.readUInt32BE(0);
  const cleared = Buffer.from(header);
  // The checksum is computed with its own four bytes as zero; the view tells where they are.
  cleared.fill(0, checksum.byteOffset - header.byteOffset, checksum.byteOffset - header.byteOffset + 4);
  return crc32c(cleared) === expected;
}

/** Bit by bit, since it runs over at most some hundred bytes once per proxied connection. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return ~crc >>> 0;
}

function unknownSource(version: 1 | 2): ProxyHeader {
  return { version, sourceAddress: undefined, sourcePort: undefined, authority: undefined, tls: undefined };
}

function malformed(reason: string): ProxyHeaderResult {
  return { kind: "malformed", reason };
}
