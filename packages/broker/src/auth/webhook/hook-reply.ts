/** The webhook broke its contract: nobody is let in, and it counts as not there. */
class HookFault extends Error {}

/** What the webhook said, in words of ours. */
export interface HookReply {
  readonly result: "allow" | "deny" | "ignore";
  /** For the log. */
  readonly reason: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * An answer in the contract that EMQX's HTTP authentication and authorization share.
 *
 * @throws HookFault
 */
export function readReply(status: number, contentType: string, text: string): HookReply {
  if (status === 204) return { result: "allow", reason: "the webhook allows", fields: {} };
  // 401 and the like mean the client or the request, not that nobody is there; EMQX would ask the next, and that lets somebody in.
  if (status >= 400 && status < 500) return { result: "deny", reason: `the webhook answered ${status}`, fields: {} };
  if (status !== 200) throw new HookFault(`the webhook answered ${status}`);
  const fields = fieldsOf(contentType, text);
  const { result = "ignore" } = fields;
  if (result === "allow" || result === "ignore") return { result, reason: `the webhook says ${result}`, fields };
  if (result === "deny") return { result, reason: "the webhook denies", fields };
  throw new HookFault("the webhook's result is not allow, deny or ignore");
}

function fieldsOf(contentType: string, text: string): Readonly<Record<string, unknown>> {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json") return jsonFields(text);
  if (type === "application/x-www-form-urlencoded") return formFields(text);
  throw new HookFault("the webhook's answer is neither JSON nor a form");
}

function jsonFields(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, in the same words.
  }
  throw new HookFault("the webhook's answer is no JSON object");
}

/** All values of a form are texts. */
function formFields(text: string): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.fromEntries(new URLSearchParams(text));
  const { is_superuser: isSuperuser, expire_at: expireAt } = fields;
  if (isSuperuser === "true" || isSuperuser === "false") fields["is_superuser"] = isSuperuser === "true";
  if (expireAt !== undefined && expireAt !== "") fields["expire_at"] = Number(expireAt);
  return fields;
}
