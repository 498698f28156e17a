import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { readSecret, type SecretReference, secretReferenceSchema } from "../../config/secret-reference.ts";
import type { NamedSecret, PathResolver } from "../authenticator-kind.ts";
import { isSafeAddress } from "../safe-address.ts";
import { wholeNumber } from "../../config/whole-number.ts";

/** How a program of the operator is asked by HTTP. */
export interface HttpHookConfig {
  /**
   * Its https:// address (http:// on the loopback, elsewhere with `allowPlaintext`); behind the host it may hold the placeholders
   * of `body`.
   */
  url: string;
  /**
   * Ask another machine without TLS (http://): passwords cross the network readable, and whoever is on the way can let anybody in.
   * Default: false.
   */
  allowPlaintext: boolean;
  /** With get the fields of `body` are the query. Default: "post". */
  method: "post" | "get";
  /**
   * Headers of each request; a value may hold the placeholders of `body`, or be a secret, {file: PATH} or {env: NAME}. Default: {}.
   */
  headers: Record<string, string | SecretReference>;
  /**
   * What is sent; `${clientid}`, `${username}`, `${password}`, `${tenant}`, `${peerhost}`, `${cert_common_name}`, `${cert_subject}`
   * and `${cert_pem}` stand for the client's. A field that is one of these alone is left out when the client has none.
   */
  body: Record<string, string>;
  /** How the body of a post is written. Default: "json". */
  encoding: "json" | "form";
  /** Ms for one answer; after that the answer is no. From 100 to 60000. Default: 5000. */
  timeoutMs: number;
  /** Requests at once. From 1 to 10000. Default: 100. */
  maximumConcurrent: number;
  /** Requests that wait for their turn; the answer to further ones is no. From 0 to 100000. Default: 1000. */
  maximumQueued: number;
}

/** The same as it is written. */
export type HttpHookInput = { url: string } & { [K in keyof Omit<HttpHookConfig, "url">]?: HttpHookConfig[K] | undefined };

type Shape = { [K in keyof HttpHookConfig]: z.ZodType<HttpHookConfig[K], HttpHookInput[K]> };

/**
 * The keys of such a hook.
 *
 * @param body What is sent where the configuration says nothing.
 * @param known The placeholders there are, in words.
 */
export function httpHookShape(body: Record<string, string>, known: string): Shape {
  return {
    url: z
      .string()
      .min(1)
      .describe(
        "Its https:// address (http:// on the loopback, elsewhere with `allowPlaintext`); behind the host it may hold the placeholders of `body`.",
      ),
    allowPlaintext: z
      .boolean()
      .default(false)
      .describe(
        "Ask another machine without TLS (http://): passwords cross the network readable, and whoever is on the way can let anybody in.",
      ),
    method: z.enum(["post", "get"]).default("post").describe("With get the fields of `body` are the query."),
    headers: z
      .record(z.string(), z.union([z.string(), secretReferenceSchema]))
      .default({})
      .describe(
        "Headers of each request; a value may hold the placeholders of `body`, or be a secret, {file: PATH} or {env: NAME}.",
      ),
    body: z
      .record(z.string(), z.string())
      .default(body)
      .describe(
        `What is sent; ${known} stand for the client's. A field that is one of these alone is left out when the client has none.`,
      ),
    encoding: z.enum(["json", "form"]).default("json").describe("How the body of a post is written."),
    timeoutMs: wholeNumber(100, 60_000).default(5_000).describe("Ms for one answer; after that the answer is no."),
    maximumConcurrent: wholeNumber(1, 10_000).default(100).describe("Requests at once."),
    maximumQueued: wholeNumber(0, 100_000)
      .default(1_000)
      .describe("Requests that wait for their turn; the answer to further ones is no."),
  };
}

/** With the paths of its secrets absolute. */
export function resolveHeaders<T extends HttpHookInput>(config: T, { secret }: PathResolver): T {
  if (config.headers === undefined) return config;
  const headers = Object.entries(config.headers).map(([name, value]) => [name, typeof value === "string" ? value : secret(value)]);
  return { ...config, headers: Object.fromEntries(headers) as HttpHookConfig["headers"] };
}

/** The headers that are secrets. */
export function secretHeaders({ headers }: HttpHookConfig): NamedSecret[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" ? [] : [{ path: ["headers", name], reference: value }],
  );
}

/** The headers with their secrets read. */
export async function readHeaders({ headers }: HttpHookConfig): Promise<Record<string, string>> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    read[name] = typeof value === "string" ? value : (await readSecret(value)).reveal();
  return read;
}

/**
 * Passwords go there, and what comes back is believed.
 *
 * @throws MqttError CONFIG_INVALID
 */
export function checkHttpHook(config: HttpHookConfig, unknown: (texts: Record<string, string>) => string | undefined): void {
  const { url, body, headers, allowPlaintext } = config;
  if (PLACEHOLDER_IN_HOST.test(url)) throw invalid("the host of url is the same for all: placeholders may stand behind it");
  const isAllowed = isSafeAddress(url) || (allowPlaintext && URL.canParse(url) && new URL(url).protocol === "http:");
  if (!isAllowed)
    throw invalid("url must be an https:// address, or an http:// one on the loopback, elsewhere with allowPlaintext");
  const { username, password } = new URL(url);
  if (username !== "" || password !== "") throw invalid("url must hold no user name and password: give `headers` with a secret");
  for (const [name, value] of Object.entries(headers)) checkHeader(name, typeof value === "string" ? value : "");
  const texts = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const placeholder = unknown({ url }) ?? unknown(Object.fromEntries(texts)) ?? unknown(body);
  if (placeholder !== undefined) throw invalid(`${placeholder} is not known`);
}

const PLACEHOLDER_IN_HOST = /^https?:\/\/[^/?#]*\$\{/i;

/** One that cannot be sent would look like an outage at each login. */
function checkHeader(name: string, value: string): void {
  try {
    new Headers([[name, value]]);
  } catch {
    throw invalid(`headers: ${JSON.stringify(name)} cannot be sent, by its name or its value`);
  }
}

function invalid(words: string): MqttError {
  return new MqttError("CONFIG_INVALID", { detail: `webhook: ${words}` });
}
