/** How a virtual link behaves; every field may be changed while it carries bytes. */
export interface LinkOptions {
  /** One way, in ms; 0 by default. */
  latencyMs: number;
  /** In each direction; unlimited by default. */
  bytesPerSecond: number;
  /** Bytes of one direction that are under way or unread before `write` answers false; 64 KiB by default. */
  windowBytes: number;
  /** Where the received stream is cut into chunks: nowhere it need not, at random bytes, or after this many bytes at most. */
  chunking: "whole" | "random" | number;
  /** Keeps every delivered byte for `recorded()`; true by default. */
  record: boolean;
}

export const defaultLinkOptions: Readonly<LinkOptions> = {
  latencyMs: 0,
  bytesPerSecond: Infinity,
  windowBytes: 65_536,
  chunking: "whole",
  record: true,
};

/** How a link ends that is cut: both ends see a reset, or both see a proper end, as behind a proxy that gave up. */
export type CutKind = "reset" | "end";
