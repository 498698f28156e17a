import { type IncomingMessage, request, type RequestOptions } from "node:http";
import { request as secureRequest } from "node:https";
import { relative } from "node:path";
import { createInterface } from "node:readline";
import { type ErrorCode, isErrorCode, MqttError } from "@bowline/protocol";

/** Longer than any answer of the API takes; a broker that is stuck must not hold a command for ever. */
const ANSWER_TIMEOUT_MS = 15_000;

/** A broker somewhere else, and who asks it. */
export interface RemoteAdmin {
  /** `https://broker.example.com:18084`. */
  readonly origin: string;
  /** Of the header Authorization. */
  readonly authorization: string;
  /** PEM of the authority to trust, where it is not one of the system's. */
  readonly ca?: string | undefined;
}

/** Asks the admin API: of the broker that runs in a data folder, at its socket, or of one somewhere else. */
export class AdminClient {
  /** Where it asks, in words. */
  readonly #place: string;
  readonly #target: RequestOptions & { ca?: string };
  readonly #headers: Readonly<Record<string, string>>;
  readonly #open: typeof request;

  constructor(target: string | RemoteAdmin) {
    if (typeof target === "string") {
      // The path of a unix socket is short, and the way from here may be shorter than the whole.
      const fromHere = relative(process.cwd(), target);
      this.#place = fromHere.length < target.length ? fromHere : target;
      this.#target = { socketPath: this.#place };
      this.#open = request;
      this.#headers = {};
      return;
    }
    const { protocol, hostname, port, host } = new URL(target.origin);
    this.#place = host;
    this.#open = protocol === "https:" ? secureRequest : request;
    this.#headers = { authorization: target.authorization };
    this.#target = {
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port,
      ...(target.ca === undefined ? {} : { ca: target.ca }),
    };
  }

  /**
   * Resolves with the body of the answer, undefined when it has none.
   *
   * @throws MqttError ADMIN_UNREACHABLE when no broker runs there, TLS_... when it is not trusted, else what the broker answered
   */
  async request<T>(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
    const { status, text } = await this.#exchange(method, path, body);
    const value: unknown = text === "" ? undefined : JSON.parse(text);
    if (status < 400) return value as T;
    throw errorOf(value, status);
  }

  /**
   * A list as a whole, whose answers have so many items at once under its name.
   *
   * @throws MqttError as `request` does
   */
  async list<T>(path: string, name: string): Promise<T[]> {
    const all: T[] = [];
    for (let page = 1; ; page++) {
      const answer = await this.request<Record<string, unknown>>("GET", `${path}?page=${page}`);
      all.push(...(answer[name] as T[]));
      if ((answer["meta"] as { hasNext: boolean } | undefined)?.hasNext !== true) return all;
    }
  }

  /** The text of an answer that is no JSON. */
  async text(path: string): Promise<string> {
    return (await this.#exchange("GET", path, undefined)).text;
  }

  /**
   * The lines of an answer that goes on until the broker ends it or the signal aborts.
   *
   * @throws MqttError as `request` does
   */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this.#stream(path, signal);
    try {
      yield* createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
    } finally {
      response.destroy();
    }
  }

  /** Whether a broker runs there. Asked apart, so that what follows is never begun twice. */
  async isAnswered(): Promise<boolean> {
    try {
      await this.request("GET", "/api/v1/status");
      return true;
    } catch (error) {
      if (MqttError.is(error) && error.code === "ADMIN_UNREACHABLE") return false;
      throw error;
    }
  }

  async #stream(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = this.#open({ ...this.#target, headers: this.#headers, path, agent: false, signal }, resolve);
      sent.on("error", (cause) => void failureOf(this.#place, cause).then(reject)).end();
    });
    if (response.statusCode === 200) return response;
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk as string;
    throw errorOf(JSON.parse(text), response.statusCode ?? 500);
  }

  #exchange(method: string, path: string, body: unknown): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const unreachable = (cause: Error): void => void failureOf(this.#place, cause).then(reject);
      const headers = { ...this.#headers, ...(body === undefined ? {} : { "content-type": "application/json" }) };
      const sent = this.#open({ ...this.#target, method, path, headers, agent: false, timeout: ANSWER_TIMEOUT_MS }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 500, text })).on("error", unreachable);
      });
      sent.on("error", unreachable).on("timeout", () => sent.destroy(new Error("no answer in time")));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** A broker whose certificate is not trusted runs: to start it would be the wrong advice. */
async function failureOf(place: string, cause: Error): Promise<MqttError> {
  const { diagnose, errorFactsOf } = await import("@bowline/protocol/internal");
  const { code, evidence } = diagnose({ runtime: "node", target: { scheme: "mqtts" }, errors: errorFactsOf(cause) });
  if (code.startsWith("TLS_")) return new MqttError(code, { detail: `${place}: ${evidence}`, cause });
  return new MqttError("ADMIN_UNREACHABLE", { detail: place, cause });
}

/** The broker's own error, as if it had happened here. */
function errorOf(value: unknown, status: number): MqttError {
  const error = (value as { error?: { code?: string; message?: string; remedy?: string } } | undefined)?.error;
  const code: ErrorCode = error?.code !== undefined && isErrorCode(error.code) ? error.code : "ADMIN_REFUSED";
  const detail = /^[A-Z_0-9]+: [^:]+: (.*)$/s.exec(error?.message ?? "")?.[1] ?? error?.message ?? `status ${status}`;
  return new MqttError(code, { detail, ...(error?.remedy === undefined ? {} : { remedy: error.remedy }) });
}
