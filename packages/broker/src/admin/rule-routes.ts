import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { parseRule, readRule, type RuleInput } from "../acl/rule.ts";
import type { AccessQuestion } from "../acl/rule-access.ts";
import type { TenantRuleList } from "../tenants/deployment.ts";
import { pageOf } from "./page-of.ts";
import { readBody } from "./read-json.ts";
import type { TenantApp, TenantContext } from "./tenant-env.ts";

/** 10,000 rules, each of some 400 bytes. */
const RULES_BYTES_MAX = 4 * 1024 * 1024;

const ruleBody = z.looseObject({ place: z.int().min(0).optional() });
const rulesBody = z.strictObject({ mode: z.enum(["append", "replace"]), rules: z.array(z.unknown()) });
const settingsBody = z.strictObject({ noMatch: z.enum(["allow", "deny"]) });
const moveBody = z.strictObject({ place: z.int().min(0) });
const questionBody: z.ZodType<AccessQuestion> = z.strictObject({
  client: z.string().default(""),
  user: z.string().default(""),
  address: z.string().default(""),
  action: z.enum(["publish", "subscribe", "receive"]),
  topic: z.string().min(1),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(0),
  retain: z.boolean().default(false),
});

/** The access rules of a tenant: what there is, changes, and "would this be allowed, and by which rule". */
export function addRuleRoutes(app: TenantApp): void {
  app.get("/rules", (c) => {
    const { items, meta } = pageOf(c, rulesOf(c).list());
    return c.json({ noMatch: rulesOf(c).noMatch(), rules: items, meta });
  });
  app.post("/rules", async (c) => {
    const { place, ...rule } = await readBody(c, ruleBody);
    return c.json(await rulesOf(c).add(parseRule(rule), place), 201);
  });
  app.put("/rules", async (c) => {
    const { mode, rules } = await readBody(c, rulesBody, RULES_BYTES_MAX);
    const checked = rules.map(numberedRule);
    return c.json({ rules: await (mode === "append" ? rulesOf(c).addAll(checked) : rulesOf(c).replaceAll(checked)) });
  });
  app.patch("/rules", async (c) => {
    await rulesOf(c).setNoMatch((await readBody(c, settingsBody)).noMatch);
    return c.body(null, 204);
  });
  app.post("/rules/test", async (c) => c.json(rulesOf(c).test(await readBody(c, questionBody))));
  app.put("/rules/:id", async (c) => c.json(await rulesOf(c).put(idOf(c), parseRule(await readBody(c, z.unknown())))));
  app.delete("/rules/:id", async (c) => {
    await rulesOf(c).remove(idOf(c));
    return c.body(null, 204);
  });
  app.post("/rules/:id/move", async (c) => {
    await rulesOf(c).move(idOf(c), (await readBody(c, moveBody)).place);
    return c.body(null, 204);
  });
}

/** Of many it must be said which one is wrong. */
function numberedRule(value: unknown, i: number): RuleInput {
  const rule = readRule(value);
  if (typeof rule === "string") throw new MqttError("OPTION_INVALID", { detail: `rule ${i + 1}: ${rule}` });
  return rule;
}

function rulesOf(c: TenantContext): TenantRuleList {
  return c.get("deployment").rules;
}

function idOf(c: TenantContext): string {
  return c.req.param("id") ?? "";
}
