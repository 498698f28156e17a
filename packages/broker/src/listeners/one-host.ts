import type { IncomingMessage } from "node:http";

/** What a request without that is told. */
export const ONE_HOST_TEXT = "The request must have one Host header.";

/**
 * Whether a request says once where it goes (RFC 9112 section 3.2). Of two, Node takes the first and a proxy in front perhaps the last, so
 * that they would not agree on whose request it is; and of an upgrade Node does not ask for any.
 */
export function hasOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]!.toLowerCase() === "host") hosts++;
  return hosts === 1 || (hosts === 0 && httpVersion === "1.0");
}
