import { Hono } from "hono";
import { expect, test } from "vitest";
import { RuleAccess } from "../acl/rule-access.ts";
import { RuleDirectory } from "../acl/rule-directory.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { type Deployment, rulesOf } from "../tenants/deployment.ts";
import { failure } from "./admin-app.ts";
import { addRuleRoutes } from "./rule-routes.ts";
import type { TenantEnv } from "./tenant-env.ts";

function setUp() {
  const app = new Hono<TenantEnv>();
  app.onError((error, c) => failure(c, error as never));
  const rules = rulesOf(new RuleAccess(new RuleDirectory(new MemoryStorage())), "default");
  app.use((c, next) => {
    c.set("deployment", { rules } as Deployment);
    return next();
  });
  addRuleRoutes(app);
  const send = async (method: string, path: string, value?: unknown): Promise<{ status: number; body: unknown }> => {
    const headers = { "content-type": "application/json" };
    const answer = await app.request(`/rules${path}`, {
      method,
      headers,
      ...(value === undefined ? {} : { body: JSON.stringify(value) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  const ids = async (): Promise<string[]> =>
    ((await send("GET", "")).body as { rules: { id: string }[] }).rules.map(({ id }) => id);
  return { send, ids };
}

const rule = { permission: "allow", action: "both", topics: ["a/#"] };

test("rules are added, changed, moved and removed", async () => {
  const { send, ids } = setUp();
  expect(await send("POST", "", rule)).toEqual({ status: 201, body: { ...rule, id: "rule-1" } });
  expect(await send("POST", "", { ...rule, id: "first", place: 0 })).toMatchObject({ status: 201 });
  expect(await ids()).toEqual(["first", "rule-1"]);
  expect(await send("PUT", "/first", { ...rule, permission: "deny" })).toMatchObject({ status: 200, body: { permission: "deny" } });
  expect(await send("POST", "/first/move", { place: 1 })).toMatchObject({ status: 204 });
  expect(await ids()).toEqual(["rule-1", "first"]);
  expect(await send("DELETE", "/first")).toMatchObject({ status: 204 });
  expect(await send("PATCH", "", { noMatch: "allow" })).toMatchObject({ status: 204 });
  expect(await send("GET", "")).toMatchObject({ body: { noMatch: "allow", rules: [{ id: "rule-1" }] } });
});

test("many rules come in one step, and what is wrong is named", async () => {
  const { send, ids } = setUp();
  const many = Array.from({ length: 2_000 }, (_, i) => ({ ...rule, topics: [`device/${i}/#`], client: `device-${i}` }));
  expect(await send("PUT", "", { mode: "append", rules: many })).toMatchObject({ status: 200 });
  expect(await ids()).toHaveLength(2_000);
  expect(await send("PUT", "", { mode: "replace", rules: [rule, { ...rule, topics: ["a/#/b"] }] })).toMatchObject({
    status: 400,
    body: { error: { code: "OPTION_INVALID", message: expect.stringContaining("rule 2") } },
  });
  expect(await ids()).toHaveLength(2_000);
  await send("PUT", "", { mode: "replace", rules: [rule] });
  expect(await ids()).toEqual(["rule-1"]);
});

test.each([
  ["POST", "", { ...rule, id: "taken" }, 409],
  ["POST", "", { ...rule, colour: "red" }, 400],
  ["POST", "", { ...rule, place: -1 }, 400],
  ["PUT", "/none", rule, 404],
  ["DELETE", "/none", undefined, 404],
  ["POST", "/none/move", { place: 0 }, 404],
  ["PATCH", "", { noMatch: "perhaps" }, 400],
  ["POST", "/test", { action: "read", topic: "a" }, 400],
] as const)("%s %s of %j is answered %#", async (method, path, value, status) => {
  const { send } = setUp();
  await send("POST", "", { ...rule, id: "taken" });
  expect(await send(method, path, value)).toMatchObject({ status });
});

test("would this be allowed, and by which rule", async () => {
  const { send } = setUp();
  await send("POST", "", { ...rule, id: "no", permission: "deny", topics: ["a/secret"], user: "ann" });
  await send("POST", "", { ...rule, id: "yes", addresses: ["10.0.0.0/8"] });
  const ask = async (question: object): Promise<unknown> => (await send("POST", "/test", question)).body;
  const ann = { user: "ann", client: "c", address: "10.1.1.1" };
  expect(await ask({ ...ann, action: "publish", topic: "a/secret", qos: 1, retain: true })).toEqual({
    isAllowed: false,
    reason: "rule no denies a/secret",
  });
  expect(await ask({ ...ann, action: "receive", topic: "a/b" })).toEqual({ isAllowed: true, reason: "rule yes allows a/#" });
  expect(await ask({ ...ann, action: "subscribe", topic: "a/#" })).toEqual({
    isAllowed: false,
    reason: "rule no denies a/secret, which a/# reaches",
  });
  expect(await ask({ action: "subscribe", topic: "a/#", address: "11.1.1.1" })).toMatchObject({ isAllowed: false });
  expect(await ask({ action: "publish", topic: "b" })).toEqual({ isAllowed: false, reason: "no rule matches, which means deny" });
});
