import { createPublicKey, type KeyObject } from "node:crypto";
import { MqttError } from "@bowline/protocol";
import { calculateJwkThumbprint, exportJWK, type FlattenedJWS, FlattenedSign, type JWK } from "jose";
import { z } from "zod";
import type { Secret } from "../../log/secret.ts";
import { type AcmeAnswer, acmeRequest } from "./acme-request.ts";

export interface AcmeSessionOptions {
  /** Address of the server's directory. */
  readonly directory: string;
  /** An EC key on P-256: whoever has it is the account. */
  readonly accountKey: KeyObject;
  /** Where the authority may write about certificates that end. */
  readonly email?: string | undefined;
  /** PEM of the authorities that vouch for the server itself. */
  readonly trust?: string | undefined;
  /** Whose account it is at an authority that asks for one of its own. */
  readonly externalAccount?: { readonly id: string; readonly key: Secret } | undefined;
  readonly signal: AbortSignal;
}

const directorySchema = z.object({ newNonce: z.url(), newAccount: z.url(), newOrder: z.url() });
type Directory = z.infer<typeof directorySchema>;

const problemSchema = z.object({ type: z.string().default("about:blank"), detail: z.string().default("") });

/** Servers refuse good nonces at times, to keep clients in practice. */
const NONCE_ATTEMPTS = 10;

/**
 * An account at an ACME server (RFC 8555): signs requests and keeps the nonce chain. Lifetime: one order. Opening it makes the account, or
 * finds the one that the key has.
 */
export class AcmeSession {
  readonly newOrderUrl: string;
  readonly #options: AcmeSessionOptions;
  readonly #directory: Directory;
  readonly #jwk: JWK;
  #account: string | undefined;
  #nonce: string | undefined;

  private constructor(options: AcmeSessionOptions, directory: Directory, jwk: JWK) {
    this.#options = options;
    this.#directory = directory;
    this.#jwk = jwk;
    this.newOrderUrl = directory.newOrder;
  }

  /** @throws MqttError ACME_FAILED, or Error of the network */
  static async open(options: AcmeSessionOptions): Promise<AcmeSession> {
    const { directory, accountKey, email, trust, externalAccount, signal } = options;
    const answer = await acmeRequest(directory, { trust, signal });
    const session = new AcmeSession(options, readAnswer(answer, directorySchema), await exportJWK(createPublicKey(accountKey)));
    const account = await session.post(session.#directory.newAccount, {
      termsOfServiceAgreed: true,
      ...(email === undefined ? {} : { contact: [`mailto:${email}`] }),
      ...(externalAccount === undefined ? {} : { externalAccountBinding: await session.#binding(externalAccount) }),
    });
    session.#account = locationOf(account);
    return session;
  }

  /** What an http-01 challenge is answered with [RFC 8555 8.1]. */
  async keyAuthorization(token: string): Promise<string> {
    return `${token}.${await calculateJwkThumbprint(this.#jwk)}`;
  }

  /**
   * Sends a signed request; without a payload it reads ("POST-as-GET").
   *
   * @throws MqttError ACME_FAILED with the server's own words
   */
  async post(url: string, payload?: object): Promise<AcmeAnswer> {
    const { trust, signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const body = await this.#signed(url, payload);
      const answer = await acmeRequest(url, { method: "POST", body, trust, signal });
      this.#nonce = nonceOf(answer);
      if (answer.status < 400) return answer;
      const problem = problemOf(answer);
      if (problem.type !== "urn:ietf:params:acme:error:badNonce" || attempt === NONCE_ATTEMPTS) throw refused(problem, answer);
    }
  }

  /** The account's key, signed with what the authority gave [RFC 8555 7.3.4]. */
  #binding({ id, key }: { readonly id: string; readonly key: Secret }): Promise<FlattenedJWS> {
    return new FlattenedSign(new TextEncoder().encode(JSON.stringify(this.#jwk)))
      .setProtectedHeader({ alg: "HS256", kid: id, url: this.#directory.newAccount })
      .sign(Buffer.from(key.reveal(), "base64url"));
  }

  async #signed(url: string, payload: object | undefined): Promise<string> {
    const text = payload === undefined ? "" : JSON.stringify(payload);
    const signer = this.#account === undefined ? { jwk: this.#jwk } : { kid: this.#account };
    const jws = await new FlattenedSign(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: "ES256", nonce: await this.#takeNonce(), url, ...signer })
      .sign(this.#options.accountKey);
    return JSON.stringify(jws);
  }

  /** Each serves once. */
  async #takeNonce(): Promise<string> {
    const { trust, signal } = this.#options;
    const known = this.#nonce;
    this.#nonce = undefined;
    const nonce = known ?? nonceOf(await acmeRequest(this.#directory.newNonce, { method: "HEAD", trust, signal }));
    if (nonce === undefined) throw new MqttError("ACME_FAILED", { detail: "the server gives no Replay-Nonce" });
    return nonce;
  }
}

/** @throws MqttError ACME_FAILED when it is none */
export function readAnswer<T>(answer: AcmeAnswer, schema: z.ZodType<T>): T {
  if (answer.status >= 400) throw refused(problemOf(answer), answer);
  const value = parsed(answer);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new MqttError("ACME_FAILED", {
    detail: `the answer is none of an ACME server (${issue?.path.join(".")}: ${issue?.message})`,
  });
}

/** @throws MqttError ACME_FAILED */
export function locationOf({ headers }: AcmeAnswer): string {
  if (headers.location !== undefined) return headers.location;
  throw new MqttError("ACME_FAILED", { detail: "the answer has no Location" });
}

function nonceOf({ headers }: AcmeAnswer): string | undefined {
  const nonce = headers["replay-nonce"];
  return typeof nonce === "string" ? nonce : undefined;
}

function parsed({ body }: AcmeAnswer): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function problemOf(answer: AcmeAnswer): z.infer<typeof problemSchema> {
  return problemSchema.catch({ type: "about:blank", detail: "" }).parse(parsed(answer));
}

function refused({ type, detail }: z.infer<typeof problemSchema>, { status }: AcmeAnswer): MqttError {
  return new MqttError("ACME_FAILED", { detail: `the authority answered ${status} ${type.split(":").at(-1)}: ${detail}` });
}
