import { MqttError } from "@bowline/protocol";
import type { Context, Hono } from "hono";
import { z } from "zod";
import { parseRule, readRule, type RuleInput } from "../acl/rule.ts";
import type { AccessQuestion, RuleAccess } from "../acl/rule-access.ts";
import { readBody } from "./read-json.ts";

/** Only this tenant exists for the API until tenants have one of their own. */
const TENANT = "default";
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

/** The access rules: what there is, changes, and "would this be allowed, and by which rule". */
export function addRuleRoutes(app: Hono, access: RuleAccess): void {
  const { directory } = access;
  app.get("/api/v1/rules", (c) => c.json({ noMatch: directory.noMatch(TENANT), rules: directory.list(TENANT) }));
  app.post("/api/v1/rules", async (c) => {
    const { place, ...rule } = await readBody(c, ruleBody);
    return c.json(await directory.add(TENANT, parseRule(rule), place), 201);
  });
  app.put("/api/v1/rules", async (c) => {
    const { mode, rules } = await readBody(c, rulesBody, RULES_BYTES_MAX);
    const checked = rules.map(numberedRule);
    const put = mode === "append" ? directory.addAll(TENANT, checked) : directory.replaceAll(TENANT, checked);
    return c.json({ rules: await put });
  });
  app.patch("/api/v1/rules", async (c) => {
    await directory.setNoMatch(TENANT, (await readBody(c, settingsBody)).noMatch);
    return c.body(null, 204);
  });
  app.post("/api/v1/rules/test", async (c) => c.json(access.answer(TENANT, await readBody(c, questionBody))));
  app.put("/api/v1/rules/:id", async (c) =>
    c.json(await directory.put(TENANT, idOf(c), parseRule(await readBody(c, z.unknown())))),
  );
  app.delete("/api/v1/rules/:id", async (c) => {
    await directory.remove(TENANT, idOf(c));
    return c.body(null, 204);
  });
  app.post("/api/v1/rules/:id/move", async (c) => {
    await directory.move(TENANT, idOf(c), (await readBody(c, moveBody)).place);
    return c.body(null, 204);
  });
}

/** Of many it must be said which one is wrong. */
function numberedRule(value: unknown, i: number): RuleInput {
  const rule = readRule(value);
  if (typeof rule === "string") throw new MqttError("OPTION_INVALID", { detail: `rule ${i + 1}: ${rule}` });
  return rule;
}

function idOf(c: Context): string {
  return c.req.param("id") ?? "";
}
