import { packetEnd } from "./packet-end.ts";

/** Hands every whole packet in the bytes [start, end) to `take`; answers where the first unfinished one begins. */
export function walkPackets(
  bytes: Uint8Array,
  start: number,
  end: number,
  take: (bytes: Uint8Array, at: number, end: number) => void,
): number {
  let at = start;
  while (end - at >= 2) {
    const next = packetEnd(bytes, at, end);
    if (next > end) break;
    take(bytes, at, next);
    at = next;
  }
  return at;
}
