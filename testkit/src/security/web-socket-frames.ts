import { randomFillSync } from "node:crypto";

/** A frame by hand, RFC 6455 section 5.2, right or wrong. */
export interface FrameParts {
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. Default 2. */
  readonly opcode?: number;
  readonly payload?: Uint8Array;
  /** Default true. */
  readonly isFinal?: boolean;
  /** The three reserved bits, 4 for the first, by which compression is said. Default 0. */
  readonly reserved?: number;
  /** Clients must. Default true. */
  readonly isMasked?: boolean;
  /** What the length says. Default the payload's. */
  readonly declared?: bigint | number;
}

export function frame(parts: FrameParts = {}): Buffer {
  const { opcode = 2, payload = new Uint8Array(0), isFinal = true, reserved = 0, isMasked = true } = parts;
  const declared = BigInt(parts.declared ?? payload.length);
  const head = Buffer.of((isFinal ? 0x80 : 0) | (reserved << 4) | opcode);
  if (!isMasked) return Buffer.concat([head, lengthOf(declared, 0), payload]);
  const mask = randomFillSync(Buffer.alloc(4));
  const masked = Buffer.from(payload).map((byte, i) => byte ^ mask[i & 3]!);
  return Buffer.concat([head, lengthOf(declared, 0x80), mask, masked]);
}

/** An upgrade request to our listeners; further headers are whole lines. */
export function upgradeRequest(...headers: string[]): string {
  return requestText("GET /mqtt HTTP/1.1", ...UPGRADE_HEADERS, ...headers);
}

/** A request whose lines are sent as they are. */
export function requestText(...lines: string[]): string {
  return [...lines, "", ""].join("\r\n");
}

/** The headers of a right upgrade, to leave some out. */
export const UPGRADE_HEADERS: readonly string[] = [
  "Host: localhost",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Protocol: mqtt",
];

function lengthOf(declared: bigint, mask: number): Buffer {
  if (declared < 126n) return Buffer.of(mask | Number(declared));
  const length = Buffer.alloc(declared < 65_536n ? 3 : 9);
  length[0] = mask | (declared < 65_536n ? 126 : 127);
  if (declared < 65_536n) length.writeUInt16BE(Number(declared), 1);
  else length.writeBigUInt64BE(declared, 1);
  return length;
}
