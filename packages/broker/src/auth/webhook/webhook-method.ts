import { type AuthenticationMethod, AuthReasonCode, type AuthRequest, type AuthResult, refuse } from "../authenticator.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { Turnstile } from "./turnstile.ts";
import { readAnswer } from "./webhook-answer.ts";
import type { WebhookConfig } from "./webhook-config.ts";
import { fieldsFor } from "./webhook-request.ts";

/** The largest answer read; 10,000 rules fit in. */
const ANSWER_BYTES_MAX = 1_048_576;

/** Asks a program of the operator about each client. Whatever it does not answer in its contract refuses the client. */
export class WebhookMethod implements AuthenticationMethod {
  readonly #config: WebhookConfig;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #turnstile: Turnstile;
  readonly #breaker: CircuitBreaker;
  readonly #closing = new AbortController();

  /** @param headers Those of the configuration, with their secrets read. */
  constructor(config: WebhookConfig, headers: Readonly<Record<string, string>>, now: () => number = () => performance.now()) {
    this.#config = config;
    this.#headers = headers;
    this.#turnstile = new Turnstile(config.maximumConcurrent, config.maximumQueued);
    this.#breaker = new CircuitBreaker(now);
  }

  answerNow(): "later" {
    return "later";
  }

  async answer(request: AuthRequest, signal: AbortSignal): Promise<AuthResult | "abstain"> {
    const turn = await this.#turnstile.enter(signal);
    if (turn === "full") return refuse(AuthReasonCode.ServerBusy, "too many clients wait for the webhook");
    if (turn === "aborted") return refuse(AuthReasonCode.ServerUnavailable, "the client left before the webhook was asked");
    try {
      if (!this.#breaker.mayAsk())
        return refuse(AuthReasonCode.ServerUnavailable, "the webhook has failed too often and is not asked");
      return await this.#ask(request, signal);
    } finally {
      this.#turnstile.leave();
    }
  }

  /** What is being asked is aborted. */
  close(): void {
    this.#closing.abort();
  }

  async #ask(request: AuthRequest, signal: AbortSignal): Promise<AuthResult | "abstain"> {
    const left = AbortSignal.any([signal, this.#closing.signal]);
    try {
      const within = AbortSignal.any([left, AbortSignal.timeout(this.#config.timeoutMs)]);
      const response = await this.#send(request, within);
      const text = await boundedText(response);
      const answer = readAnswer(response.status, response.headers.get("content-type") ?? "", text, request);
      this.#breaker.succeeded();
      return answer;
    } catch (cause) {
      if (left.aborted) this.#breaker.gaveUp();
      else this.#breaker.failed();
      return refuse(AuthReasonCode.ServerUnavailable, `the webhook did not answer as it must (${wordsOf(cause)})`);
    }
  }

  #send(request: AuthRequest, signal: AbortSignal): Promise<Response> {
    const { url, method, body, encoding } = this.#config;
    const fields = fieldsFor(body, request);
    const headers = { accept: "application/json", ...this.#headers };
    // A redirection would carry passwords to whoever it names.
    const always = { headers, signal, redirect: "error" } as const;
    if (method === "get") {
      const address = new URL(url);
      for (const [name, value] of Object.entries(fields)) address.searchParams.set(name, value);
      return fetch(address, always);
    }
    const isJson = encoding === "json";
    const contentType = isJson ? "application/json" : "application/x-www-form-urlencoded";
    const text = isJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString();
    return fetch(url, { ...always, method: "POST", headers: { "content-type": contentType, ...headers }, body: text });
  }
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body === null) return "";
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** For the log: what fetch says is wrapped, and never holds the body that was sent. */
function wordsOf(cause: unknown): string {
  const error = cause as Error & { cause?: Error & { code?: string } };
  return error.cause?.code ?? error.cause?.message ?? error.message;
}
