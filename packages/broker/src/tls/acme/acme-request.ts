import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";

/** What an ACME server answered, read whole. */
export interface AcmeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface AcmeRequestOptions {
  readonly method?: "GET" | "HEAD" | "POST";
  readonly body?: string;
  /** PEM of the authorities that vouch for the server. Default: those that Node brings. */
  readonly trust?: string | undefined;
  readonly signal: AbortSignal;
}

/** A certificate with its chain has some KB; this is for whatever else might answer. */
const ANSWER_BYTES_MAX = 1_048_576;
const ANSWER_MS_MAX = 30_000;

/** One HTTPS request. Node's `fetch` could not be told a private authority's root, which servers of one's own have. */
export async function acmeRequest(address: string, options: AcmeRequestOptions): Promise<AcmeAnswer> {
  const { method = "GET", body, trust, signal } = options;
  const url = new URL(address);
  if (url.protocol !== "https:") throw new Error(`${address} is no https:// address`);
  const sent = request(url, {
    method,
    agent: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    headers: { "user-agent": "bowline", ...(body === undefined ? {} : { "content-type": "application/jose+json" }) },
    ...(trust === undefined ? {} : { ca: trust }),
  });
  return new Promise((resolve, reject) => {
    sent.on("error", reject).on("response", (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on("data", (part: Buffer) => {
        parts.push(part);
        length += part.length;
        if (length > ANSWER_BYTES_MAX) response.destroy(new Error(`${address} answers more than ${ANSWER_BYTES_MAX} bytes`));
      });
      response.on("error", reject).on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString("utf8") });
      });
    });
    sent.end(body);
  });
}
