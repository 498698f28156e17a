import { AuthReasonCode, type AuthRequest, type AuthResult, refuse } from "../authenticator.ts";
import { grantedLogin } from "../granted-login.ts";

/** The webhook broke its contract: nobody is let in, and it counts as not there. */
export class WebhookFault extends Error {}

/** What the webhook said, in words of ours. */
export function readAnswer(status: number, contentType: string, text: string, request: AuthRequest): AuthResult | "abstain" {
  const owner = request.username ?? "";
  if (status === 204) return grantedLogin({ owner }, request);
  // 401 and the like mean the client or the request, not that nobody is there; EMQX would ask the next, and that lets somebody in.
  if (status >= 400 && status < 500) return refuse(AuthReasonCode.NotAuthorized, `the webhook answered ${status}`);
  if (status !== 200) throw new WebhookFault(`the webhook answered ${status}`);
  const answer = fieldsOf(contentType, text);
  const { result = "ignore" } = answer;
  if (result === "ignore") return "abstain";
  if (result === "deny") return refuse(AuthReasonCode.NotAuthorized, "the webhook denies");
  if (result !== "allow") throw new WebhookFault("the webhook's result is not allow, deny or ignore");
  return login(answer, request, owner);
}

function login(answer: Readonly<Record<string, unknown>>, request: AuthRequest, owner: string): AuthResult {
  const { acl, is_superuser: isSuperuser, client_attrs: attributes, expire_at: expireAt } = answer;
  // What was meant to change who the client is must not be passed over.
  const override = ["clientid_override", "zone_override"].find((name) => answer[name] !== undefined);
  if (override !== undefined)
    return refuse(AuthReasonCode.BadUserNameOrPassword, `the webhook asks for ${override}, which is not known here`);
  if (expireAt !== undefined && !(typeof expireAt === "number" && Number.isFinite(expireAt)))
    return refuse(AuthReasonCode.BadUserNameOrPassword, "the webhook's expire_at is no number");
  return grantedLogin(
    { owner, acl, isSuperuser, attributes, expiresAt: expireAt === undefined ? undefined : expireAt * 1_000 },
    request,
  );
}

function fieldsOf(contentType: string, text: string): Readonly<Record<string, unknown>> {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json") return jsonFields(text);
  if (type === "application/x-www-form-urlencoded") return formFields(text);
  throw new WebhookFault("the webhook's answer is neither JSON nor a form");
}

function jsonFields(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, in the same words.
  }
  throw new WebhookFault("the webhook's answer is no JSON object");
}

/** All values of a form are texts. */
function formFields(text: string): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.fromEntries(new URLSearchParams(text));
  const { is_superuser: isSuperuser, expire_at: expireAt } = fields;
  if (isSuperuser === "true" || isSuperuser === "false") fields["is_superuser"] = isSuperuser === "true";
  if (expireAt !== undefined && expireAt !== "") fields["expire_at"] = Number(expireAt);
  return fields;
}
