import { z } from "zod";
import type { AuthenticatorKind } from "./authenticator-kind.ts";
import { type AuthenticationMethod, AuthReasonCode, type AuthRequest, type AuthResult, refuse } from "./authenticator.ts";
import { functionSchema, withinTime } from "./given-function.ts";
import { grantedLogin } from "./granted-login.ts";

/** Who a client is, and what it may do beside the rules of its tenant. */
export interface FunctionLogin {
  /** Stable name of whoever owns the sessions; empty for somebody without a name. */
  owner: string;
  /** Wall time in ms when the connection is to end. */
  expiresAt?: number | undefined;
  /** Rules in one of EMQX's two forms, asked before those of the tenant. */
  acl?: unknown;
  /** May do everything. */
  isSuperuser?: boolean | undefined;
  /** Values of `${client_attrs.NAME}` in rules. */
  attributes?: Readonly<Record<string, string>> | undefined;
}

/** `ignore` leaves the client to the authenticators behind. */
export type AuthenticateAnswer = FunctionLogin | "deny" | "ignore";

/** Decides who a client is. What it throws, or does not answer in time, refuses the client. It must not keep the password. */
export type AuthenticateFunction = (request: AuthRequest, signal: AbortSignal) => AuthenticateAnswer | Promise<AuthenticateAnswer>;

/** A function of the program that runs the broker, or of a configuration in TypeScript. */
export interface FunctionConfig {
  /** A function, in a configuration that is a program. */
  kind: "function";
  /** Says who a client is: a login, or deny, or ignore, which asks the next. What it throws refuses the client as not available. */
  authenticate: AuthenticateFunction;
  /** Ms for one answer; after that the answer is no. From 1 to 60000. Default: 5000. */
  timeoutMs: number;
}

/** @see FunctionConfig */
export interface FunctionInput {
  /** A function, in a configuration that is a program. */
  kind: "function";
  /** Says who a client is: a login, or deny, or ignore, which asks the next. What it throws refuses the client as not available. */
  authenticate: AuthenticateFunction;
  /** Ms for one answer; after that the answer is no. From 1 to 60000. Default: 5000. */
  timeoutMs?: number | undefined;
}

/** @see FunctionConfig */
export const functionKind: AuthenticatorKind<FunctionConfig, FunctionInput> = {
  schema: z.strictObject({
    kind: z.literal("function").describe("A function, in a configuration that is a program."),
    ...functionSchema<"authenticate", AuthenticateFunction>(
      "authenticate",
      "Says who a client is: a login, or deny, or ignore, which asks the next. What it throws refuses the client as not available.",
    ),
  }),
  open: (config) => Promise.resolve({ method: new FunctionMethod(config) }),
};

const LEFT: AuthResult = refuse(AuthReasonCode.ServerUnavailable, "the client left before the function had answered");

class FunctionMethod implements AuthenticationMethod {
  readonly #config: FunctionConfig;

  constructor(config: FunctionConfig) {
    this.#config = config;
  }

  answerNow(): "later" {
    return "later";
  }

  async answer(request: AuthRequest, signal: AbortSignal): Promise<AuthResult | "abstain"> {
    const { authenticate, timeoutMs } = this.#config;
    const answer: unknown = await withinTime(timeoutMs, signal, (ended) => authenticate(request, ended)).catch((error: unknown) => {
      if (signal.aborted) return LEFT;
      throw error;
    });
    if (answer === LEFT) return LEFT;
    if (answer === "ignore") return "abstain";
    if (answer === "deny") return refuse(AuthReasonCode.NotAuthorized, "the function denies");
    if (typeof answer === "object" && answer !== null) return login(answer as FunctionLogin, request);
    // The chain logs it and refuses: it is no fault of the client.
    throw new Error("authenticate answers neither a login, deny nor ignore");
  }
}

function login({ owner, expiresAt, acl, isSuperuser, attributes, ...others }: FunctionLogin, request: AuthRequest): AuthResult {
  // A mistyped expiresAt would be a login without an end.
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new Error(`authenticate answers ${JSON.stringify(unknown)}, which is not known`);
  if (expiresAt !== undefined && !Number.isFinite(expiresAt))
    throw new Error("authenticate answers an expiresAt that is no number");
  return grantedLogin({ owner, expiresAt, acl, isSuperuser, attributes }, request);
}
