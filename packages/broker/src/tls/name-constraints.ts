import { isIPv4 } from "node:net";

/** Object identifier of the X.509 extension that limits what names an authority can vouch for. */
export const NAME_CONSTRAINTS_OID = "2.5.29.30";

export interface PermittedNames {
  /** Each permits the name and everything under it. */
  readonly dnsNames: readonly string[];
  /** Addresses with a prefix length, `127.0.0.0/8`. */
  readonly subnets: readonly string[];
}

const SEQUENCE = 0x30;
const PERMITTED_SUBTREES = 0xa0;
const GENERAL_NAME_DNS = 0x82;
const GENERAL_NAME_ADDRESS = 0x87;

/** DER of the extension's value [RFC 5280 4.2.1.10]. The X.509 library has no class for it, and it is two levels of lists. */
export function encodeNameConstraints(permitted: PermittedNames): Uint8Array {
  const names = permitted.dnsNames.map((name) => element(GENERAL_NAME_DNS, Buffer.from(name, "latin1")));
  const subnets = permitted.subnets.map((subnet) => element(GENERAL_NAME_ADDRESS, encodeSubnet(subnet)));
  const subtrees = [...names, ...subnets].map((base) => element(SEQUENCE, base));
  return element(SEQUENCE, element(PERMITTED_SUBTREES, Buffer.concat(subtrees)));
}

function encodeSubnet(subnet: string): Buffer {
  const [address = "", prefix = ""] = subnet.split("/");
  const bytes = isIPv4(address) ? Buffer.from(address.split(".").map(Number)) : encodeIpv6(address);
  const mask = Buffer.alloc(bytes.length);
  for (let bit = 0; bit < Number(prefix); bit++) mask[bit >> 3] = (mask[bit >> 3] as number) | (0x80 >> (bit & 7));
  return Buffer.concat([bytes, mask]);
}

function encodeIpv6(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const groups = (text: string): number[] =>
    text
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = groups(tail ?? "");
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const header = length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

/** The permitted DNS names of a certificate made with `encodeNameConstraints`; empty for any other. */
export function readPermittedDnsNames(certificate: Uint8Array): string[] {
  const oid = [0x06, 0x03, 0x55, 0x1d, 0x1e];
  const at = Buffer.from(certificate).indexOf(Buffer.from(oid));
  if (at === -1) return [];
  const isCritical = certificate[at + oid.length] === 0x01;
  const octets = childrenOf(certificate, at + oid.length + (isCritical ? 3 : 0))[0];
  const permitted = octets === undefined ? undefined : childrenOf(certificate, octets.start)[0];
  if (permitted === undefined) return [];
  const bases = childrenOf(certificate, permitted.start).map((subtree) => childrenOf(certificate, subtree.start)[0]);
  const names = bases.filter((base) => base?.tag === GENERAL_NAME_DNS) as Element[];
  return names.map((name) => Buffer.from(certificate.subarray(name.contentStart, name.end)).toString("latin1"));
}

interface Element {
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

function childrenOf(der: Uint8Array, parentStart: number): Element[] {
  const parent = elementAt(der, parentStart);
  const children: Element[] = [];
  for (let at = parent.contentStart; at < parent.end; ) {
    const child = elementAt(der, at);
    children.push(child);
    at = child.end;
  }
  return children;
}

function elementAt(der: Uint8Array, start: number): Element {
  const short = der[start + 1] as number;
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  let length = lengthBytes === 0 ? short : 0;
  for (let i = 0; i < lengthBytes; i++) length = (length << 8) | (der[start + 2 + i] as number);
  const contentStart = start + 2 + lengthBytes;
  return { tag: der[start] as number, start, contentStart, end: contentStart + length };
}
