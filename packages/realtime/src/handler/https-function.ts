import { MqttError } from "@bowline/protocol";
import type { AuthorizerEvent } from "../request/authorizer-event.ts";
import { type AuthorizerFunction, CALL_MS_MAX, functionFault } from "./authorizer-function.ts";
import { timeLimit } from "./time-limit.ts";

const ANSWER_BYTES_MAX = 65_536;
const CALLS_MAX = 1_000;

/** An authorizer behind HTTPS, such as a function's own URL: it is posted the event in JSON and answers in JSON with status 200. */
export class HttpsFunction implements AuthorizerFunction {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();
  #calls = 0;

  /**
   * @param options.headers Such as `authorization`.
   * @param options.timeoutMs Default 5,000, which is AWS's.
   * @throws MqttError OPTION_INVALID for an address that is neither https:// nor http:// on the loopback, since passwords go there
   */
  constructor(url: string, options: { readonly headers?: Readonly<Record<string, string>>; readonly timeoutMs?: number } = {}) {
    if (!isSafe(url))
      throw new MqttError("OPTION_INVALID", { detail: "the authorizer's address must be https://, or http:// on the loopback" });
    this.#url = url;
    this.#headers = options.headers ?? {};
    this.#timeoutMs = options.timeoutMs ?? CALL_MS_MAX;
  }

  async call(event: AuthorizerEvent, signal?: AbortSignal): Promise<unknown> {
    if (this.#calls >= CALLS_MAX) throw functionFault("too many calls wait for it");
    this.#calls++;
    try {
      return await this.#post(event, signal);
    } catch (cause) {
      if (cause instanceof MqttError) throw cause;
      throw functionFault(this.#wordsOf(cause), cause);
    } finally {
      this.#calls--;
    }
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  async #post(event: AuthorizerEvent, signal?: AbortSignal): Promise<unknown> {
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const response = await fetch(this.#url, {
      method: "POST",
      headers: { ...this.#headers, "content-type": "application/json" },
      body: JSON.stringify(event),
      signal: timeLimit(this.#timeoutMs, ...signals),
      // A redirection would carry passwords to whoever it names.
      redirect: "error",
    });
    const text = await boundedText(response);
    if (response.status !== 200) throw functionFault(`it answered with status ${response.status}`);
    try {
      return JSON.parse(text);
    } catch {
      throw functionFault("its answer is no JSON");
    }
  }

  #wordsOf(cause: unknown): string {
    const error = cause as Error & { cause?: Error & { code?: string } };
    if (error.name === "TimeoutError") return `it did not answer within ${this.#timeoutMs} ms`;
    return `it cannot be reached: ${error.cause?.code ?? error.cause?.message ?? error.message}`;
  }
}

function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > ANSWER_BYTES_MAX) throw functionFault(`its answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
