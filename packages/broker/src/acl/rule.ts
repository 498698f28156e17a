import { MqttError, type QoS } from "@bowline/protocol";
import { z } from "zod";
import { ADDRESS_RANGE, isAddressRange } from "./address-ranges.ts";
import { patternFault } from "./topic-pattern.ts";

/** What a rule is about: sending, getting, or both. */
export type RuleAction = "publish" | "subscribe" | "both";

/**
 * One rule of an access control list. A condition that is left out holds for everybody. Rules are tried in their order; see
 * docs/authorization.md for what that means for Topic Filters.
 */
export interface Rule {
  /** Names it within its tenant; said to clients that it refuses. */
  readonly id: string;
  readonly permission: "allow" | "deny";
  readonly action: RuleAction;
  /** Topic Filters, with placeholders as whole levels; `eq a/+` means that text itself. One that fits is enough. */
  readonly topics: readonly string[];
  /** Client Identifier. */
  readonly client?: string | undefined;
  /** The owner that the authenticator names; empty for anonymous clients. */
  readonly user?: string | undefined;
  /** Addresses and ranges such as `10.0.0.0/8`; a client without one (a unix socket) is in none. */
  readonly addresses?: readonly string[] | undefined;
  /** Of a PUBLISH, and of a Subscription. */
  readonly qos?: readonly QoS[] | undefined;
  /** Of a PUBLISH; a rule that says it is not about subscribing. */
  readonly retain?: boolean | undefined;
}

/** A rule as somebody writes it: its list gives it a name. */
export type RuleInput = Omit<Rule, "id"> & { readonly id?: string | undefined };

/** Rules of one tenant. 10,000 are loaded in well under a second, and far above what a person can oversee. */
export const RULES_MAX = 10_000;
const TOPICS_MAX = 100;
const ID_FORM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const name = z.string().max(65_535);
/** A rule as a configuration or the admin API brings it; `parseRule` says the rest. */
export const ruleSchema: z.ZodType<RuleInput, RuleInput> = z.strictObject({
  id: z.string().regex(ID_FORM, "must be 1 to 64 letters, digits, dots, dashes or underscores").optional(),
  permission: z.enum(["allow", "deny"]),
  action: z.enum(["publish", "subscribe", "both"]),
  topics: z.array(z.string().check(topicIsValid)).min(1).max(TOPICS_MAX),
  client: name.min(1).optional(),
  user: name.optional(),
  addresses: z.array(z.string().refine(isAddressRange, ADDRESS_RANGE)).min(1).max(TOPICS_MAX).optional(),
  qos: z
    .array(z.union([z.literal(0), z.literal(1), z.literal(2)]))
    .min(1)
    .optional(),
  retain: z.boolean().optional(),
});

/** A rule from outside, checked, or in words what is wrong with it. */
export function readRule(value: unknown): RuleInput | string {
  const result = ruleSchema.safeParse(value);
  if (!result.success) {
    const faults = result.error.issues.map(({ path, message }) =>
      path[0] === "topics" && path.length > 1 ? message : `${path.join(".") || "the rule"}: ${message}`,
    );
    return faults.join("; ");
  }
  const rule = result.data;
  const isAboutPublishing = rule.retain === undefined || rule.action !== "subscribe";
  return isAboutPublishing ? rule : "retain: belongs to publishing, and the action is subscribe";
}

/**
 * The same.
 *
 * @throws MqttError OPTION_INVALID, whose detail names what is wrong
 */
export function parseRule(value: unknown): RuleInput {
  const rule = readRule(value);
  if (typeof rule === "string") throw new MqttError("OPTION_INVALID", { detail: rule });
  return rule;
}

/** How a rule reads in one line. */
export function ruleInWords(rule: RuleInput): string {
  const { permission, action, topics, client, user, addresses, qos, retain } = rule;
  const who = [
    client === undefined ? "" : `client ${quoted(client)}`,
    user === undefined ? "" : user === "" ? "anonymous clients" : `user ${quoted(user)}`,
    addresses === undefined ? "" : `from ${addresses.join(", ")}`,
  ].filter((part) => part !== "");
  const how = [
    qos === undefined ? "" : `QoS ${qos.join(", ")}`,
    retain === undefined ? "" : retain ? "retained only" : "not retained",
  ].filter((part) => part !== "");
  const what = action === "both" ? "publish and subscribe" : action;
  return `${permission} ${who.length === 0 ? "everybody" : who.join(" ")} ${what} ${topics.join(", ")}${how.length === 0 ? "" : ` (${how.join(", ")})`}`;
}

function quoted(text: string): string {
  return /^[\w.@:-]+$/.test(text) ? text : JSON.stringify(text);
}

function topicIsValid(context: z.core.ParsePayload<string>): void {
  const message = patternFault(context.value);
  if (message !== undefined) context.issues.push({ code: "custom", message, input: context.value });
}
