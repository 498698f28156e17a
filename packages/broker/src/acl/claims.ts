import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import type { Identity } from "./access-control.ts";
import { AddressRanges } from "./address-ranges.ts";
import { parseRule, type RuleAction, type RuleInput } from "./rule.ts";
import type { RuleSource } from "./rule-source.ts";

const ACTIONS: Readonly<Record<string, RuleAction>> = {
  pub: "publish",
  publish: "publish",
  sub: "subscribe",
  subscribe: "subscribe",
  all: "both",
  pubsub: "both",
};
const PATTERN_LENGTH_MAX = 256;

const topics = z.array(z.string());
const lists = z.strictObject({ pub: topics.optional(), sub: topics.optional(), all: topics.optional() });
const rule = z.strictObject({
  permission: z.enum(["allow", "deny"]),
  action: z.enum(["pub", "publish", "sub", "subscribe", "all", "pubsub"]),
  topic: z.string().optional(),
  topics: topics.optional(),
  qos: z.union([z.int(), z.string(), z.array(z.int())]).optional(),
  retain: z.union([z.boolean(), z.literal(0), z.literal(1), z.enum(["0", "1", "true", "false", "all"])]).optional(),
  ipaddr: z.string().optional(),
  clientid_re: z.string().max(PATTERN_LENGTH_MAX).optional(),
  username_re: z.string().max(PATTERN_LENGTH_MAX).optional(),
});
type Claim = z.infer<typeof rule>;

/**
 * The rules that the claim `acl` of a token, or the answer of a webhook, grants to a connection, in EMQX's two forms: a list of rules,
 * behind which the rules of the tenant come, or an object of `pub`, `sub` and `all` lists, outside of which everything is denied.
 *
 * @throws MqttError OPTION_INVALID for what is neither: a rule left out could be one that denies, so the login is to be refused
 */
export function claimedRules(acl: unknown, who: Identity, remoteAddress: string): RuleSource {
  return Array.isArray(acl) ? orderedRules(acl, who, remoteAddress) : listedRules(acl);
}

function listedRules(acl: unknown): RuleSource {
  const { pub = [], sub = [], all = [] } = checked(lists, acl, "acl");
  const given: [RuleAction, string[]][] = [
    ["publish", pub],
    ["subscribe", sub],
    ["both", all],
  ];
  const rules = given
    .filter(([, names]) => names.length > 0)
    .map(([action, names]) => parseRule({ permission: "allow", action, topics: names }));
  return { name: "claim", rules, isClosed: true };
}

function orderedRules(acl: readonly unknown[], who: Identity, remoteAddress: string): RuleSource {
  const rules: RuleInput[] = [];
  for (const [i, value] of acl.entries()) {
    const claim = checked(rule, value, `acl.${i}`);
    const parsed = parseRule({
      // Its place in the claim, also when an earlier one concerns others.
      id: String(i + 1),
      permission: claim.permission,
      action: ACTIONS[claim.action],
      topics: claim.topics ?? (claim.topic === undefined ? [] : [claim.topic]),
      ...(claim.qos === undefined ? {} : { qos: qosOf(claim.qos) }),
      ...retainOf(claim),
    });
    if (concerns(claim, who, remoteAddress)) rules.push(parsed);
  }
  return { name: "claim", rules, isClosed: false };
}

function concerns({ ipaddr, clientid_re, username_re }: Claim, who: Identity, remoteAddress: string): boolean {
  if (clientid_re !== undefined && !expression(clientid_re).test(who.clientIdentifier)) return false;
  if (username_re !== undefined && !expression(username_re).test(who.owner)) return false;
  if (ipaddr === undefined) return true;
  // Checked like an address of any rule.
  parseRule({ permission: "deny", action: "both", topics: ["#"], addresses: [ipaddr] });
  return new AddressRanges([ipaddr]).has(remoteAddress);
}

function qosOf(qos: NonNullable<Claim["qos"]>): number[] {
  if (typeof qos === "number") return [qos];
  return typeof qos === "string" ? qos.split(",").map(Number) : qos;
}

/** A rule about RETAIN that says "all", or is about subscribing alone, says nothing. */
function retainOf({ retain, action }: Claim): { retain?: boolean } {
  if (retain === undefined || retain === "all" || ACTIONS[action] === "subscribe") return {};
  return { retain: retain === true || retain === 1 || retain === "1" || retain === "true" };
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (cause) {
    throw new MqttError("OPTION_INVALID", { detail: "acl: a regular expression is not valid", cause });
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${[name, ...path].join(".")}: ${message}`);
  throw new MqttError("OPTION_INVALID", { detail: faults.join("; ") });
}
