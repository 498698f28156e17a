import { timeLimit } from "@bowline/realtime/internal";
import { fetchFault } from "../fetch-fault.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import type { HookMisfit, HookQuestion } from "./hook-template.ts";
import type { HttpHookConfig } from "./http-hook-config.ts";
import { type HookReply, readReply } from "./hook-reply.ts";
import { Turnstile } from "../turnstile.ts";

/** The largest answer read; 10,000 rules fit in. */
const ANSWER_BYTES_MAX = 1_048_576;

/** Nobody answered as the contract says. */
export class HookUnanswered extends Error {
  /** Too many wait for an answer. */
  readonly isBusy: boolean;

  constructor(reason: string, isBusy = false, cause?: unknown) {
    super(reason, { cause });
    this.isBusy = isBusy;
  }
}

/** Asks a program of the operator by HTTP: within a time, so many at once, and not at all while it does not answer. */
export class HttpHook {
  readonly #config: HttpHookConfig;
  readonly #turnstile: Turnstile;
  readonly #breaker: CircuitBreaker;
  readonly #closing = new AbortController();

  constructor(config: HttpHookConfig, now: () => number = () => performance.now()) {
    this.#config = config;
    this.#turnstile = new Turnstile(config.maximumConcurrent, config.maximumQueued);
    this.#breaker = new CircuitBreaker(now);
  }

  /**
   * @param question Made when its turn has come. Who does not fit into it is denied unasked, which is no failure of the webhook.
   * @throws HookUnanswered
   */
  async ask(question: () => HookQuestion | HookMisfit, signal: AbortSignal): Promise<HookReply> {
    const turn = await this.#turnstile.enter(signal);
    if (turn === "full") throw new HookUnanswered("too many clients wait for the webhook", true);
    if (turn === "aborted") throw new HookUnanswered("the client left before the webhook was asked");
    try {
      const told = question();
      if ("misfit" in told) return { result: "deny", reason: told.misfit, fields: {} };
      if (!this.#breaker.mayAsk()) throw new HookUnanswered("the webhook has failed too often and is not asked");
      return await this.#exchange(told, signal);
    } finally {
      this.#turnstile.leave();
    }
  }

  /** What is being asked is aborted. */
  close(): void {
    this.#closing.abort();
  }

  async #exchange(question: HookQuestion, signal: AbortSignal): Promise<HookReply> {
    const left = AbortSignal.any([signal, this.#closing.signal]);
    try {
      const within = timeLimit(this.#config.timeoutMs, left);
      const response = await this.#send(question, within);
      const text = await boundedText(response);
      const reply = readReply(response.status, response.headers.get("content-type") ?? "", text);
      this.#breaker.succeeded();
      return reply;
    } catch (cause) {
      if (left.aborted) this.#breaker.gaveUp();
      else this.#breaker.failed();
      throw new HookUnanswered(`the webhook did not answer as it must (${fetchFault(cause)})`, false, cause);
    }
  }

  #send({ url, headers: own, fields }: HookQuestion, signal: AbortSignal): Promise<Response> {
    const { method, encoding } = this.#config;
    const headers = { accept: "application/json", ...own };
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
