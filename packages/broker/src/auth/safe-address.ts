import { isLoopbackHost } from "../listeners/loopback.ts";

/**
 * Whether passwords and keys may go to, or come from, an address: nobody on the way reads or changes them. `https://`, or `http://` on
 * the loopback.
 */
export function isSafeAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackHost(url.hostname.replace(/^\[|\]$/g, "")));
}
