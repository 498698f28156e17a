import { type BlockList, isIP } from "node:net";
import { includesAddress, plainAddress } from "./loopback.ts";

/**
 * The client's address by an X-Forwarded-For header that a trusted proxy sent: each proxy adds at the end whom it was called by, so the last
 * one that is no trusted proxy is the client. What stands before it the client may have written itself. Undefined where it says nothing.
 */
export function forwardedAddress(header: string | undefined, trusted: BlockList): string | undefined {
  let first: string | undefined;
  const hops = (header ?? "").split(",");
  for (let hop = hops.pop(); hop !== undefined; hop = hops.pop()) {
    const address = withoutPort(hop.trim());
    if (isIP(address) === 0) return first;
    first = plainAddress(address);
    if (!includesAddress(trusted, first)) return first;
  }
  return first;
}

/** Some proxies write `1.2.3.4:567`, and `[2001:db8::1]:567`. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1];
  return bracketed ?? (/^[\d.]+:\d+$/.test(hop) ? hop.slice(0, hop.indexOf(":")) : hop);
}
