import { type AuthenticationMethod, AuthReasonCode, type AuthRequest, type AuthResult, refuse } from "../authenticator.ts";
import { grantedLogin } from "../granted-login.ts";
import { HookTemplate } from "./hook-template.ts";
import { HookUnanswered, HttpHook } from "./http-hook.ts";
import type { WebhookConfig } from "./webhook-config.ts";
import { loginFields } from "./webhook-request.ts";

/** Asks a program of the operator about each client. Whatever it does not answer in its contract refuses the client. */
export class WebhookMethod implements AuthenticationMethod {
  readonly #request: HookTemplate<AuthRequest>;
  readonly #hook: HttpHook;

  /** @param headers Those of the configuration, with their secrets read. */
  constructor(config: WebhookConfig, headers: Readonly<Record<string, string>>, now?: () => number) {
    this.#request = new HookTemplate(config, headers, loginFields);
    this.#hook = new HttpHook(config, now);
  }

  answerNow(): "later" {
    return "later";
  }

  async answer(request: AuthRequest, signal: AbortSignal): Promise<AuthResult | "abstain"> {
    try {
      const { result, reason, fields } = await this.#hook.ask(() => this.#request.about(request), signal);
      if (result === "ignore") return "abstain";
      return result === "deny" ? refuse(AuthReasonCode.NotAuthorized, reason) : login(fields, request);
    } catch (error) {
      if (!(error instanceof HookUnanswered)) throw error;
      return refuse(error.isBusy ? AuthReasonCode.ServerBusy : AuthReasonCode.ServerUnavailable, error.message);
    }
  }

  /** What is being asked is aborted. */
  close(): void {
    this.#hook.close();
  }
}

function login(fields: Readonly<Record<string, unknown>>, request: AuthRequest): AuthResult {
  const { acl, is_superuser: isSuperuser, client_attrs: attributes, expire_at: expireAt } = fields;
  // What was meant to change who the client is must not be passed over.
  const override = ["clientid_override", "zone_override"].find((name) => fields[name] !== undefined);
  if (override !== undefined)
    return refuse(AuthReasonCode.BadUserNameOrPassword, `the webhook asks for ${override}, which is not known here`);
  if (expireAt !== undefined && !(typeof expireAt === "number" && Number.isFinite(expireAt)))
    return refuse(AuthReasonCode.BadUserNameOrPassword, "the webhook's expire_at is no number");
  const expiresAt = expireAt === undefined ? undefined : expireAt * 1_000;
  return grantedLogin({ owner: request.username ?? "", acl, isSuperuser, attributes, expiresAt }, request);
}
