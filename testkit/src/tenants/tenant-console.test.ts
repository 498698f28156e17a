import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { localServers } from "../broker/local-servers.ts";

/* What the pages of the console about a tenant are told. */

const servers = localServers();
const get = async (path: string): Promise<unknown> => (await servers.admin("GET", path)).body;

test("a tenant at a glance: its names, where its clients come in, its plan and what it holds, and of all of them at once", async () => {
  const { tenants, users, rules } = await servers.start({
    listen: ["mqtts://localhost:0", "mqtt://127.0.0.1:0?tenant=acme", "mqtt://127.0.0.1:0"],
  });
  await tenants.create({ name: "acme", plan: "serverless" });
  await users.add("acme", "ann", "secret");
  await rules.add("acme", { permission: "allow", action: "both", topics: ["#"] });
  const [tls = "", own = "", plain = ""] = servers.server.listeners;
  const session = { clientId: "away", expiryInterval: 600 };
  const ann = await servers.online({ credentials: { username: "ann", password: "secret" }, session }, own.replace(/\?.*/, ""));
  await ann.publish("kept", "x", { qos: 1, retain: true });
  expect(await get("tenants/acme/overview")).toMatchObject({
    name: "acme",
    state: "active",
    hosts: ["acme.localhost"],
    plan: "serverless",
    urls: [tls.replace("localhost", "acme.localhost"), own.replace(/\?.*/, "")],
    connections: 1,
    sessions: 1,
    retainedMessages: 1,
    storage: "ok",
  });
  expect(await get("overviews")).toMatchObject({
    tenants: [{ name: "default", hosts: [], urls: [tls, plain], connections: 0 }, { name: "acme" }],
    meta: { count: 2 },
  });
  await ann.abort();
  await expect
    .poll(() => get("tenants/acme/sessions?search=AWA"))
    .toMatchObject({
      sessions: [{ clientIdentifier: "away", owner: "ann", expiryInterval: 600 }],
    });
  expect(await get("sessions")).toMatchObject({ sessions: [] });
});

test("a client that was refused is told of to its tenant: the authorizer's fault or the quota that it reached, and what to change", async () => {
  const handler = 'export const handler = async () => ({ isAuthenticated: true, principalId: "a/b", policyDocuments: [] });';
  await writeFile(join(servers.folder, "authorizer.mjs"), handler);
  const { tenants, users, rules } = await servers.start({
    listen: ["mqtt://127.0.0.1:0", "mqtt://127.0.0.1:0?tenant=acme"],
    authentication: [{ kind: "custom-authorizer", file: "authorizer.mjs", isDefault: true }],
  });
  await tenants.create({ name: "acme" });
  await tenants.putPlan("one", { limits: { maximumSessions: 1 } });
  await tenants.setPlan("acme", "one");
  await users.add("acme", "ann", "secret");
  const [ofDefault = "", ofAcme = ""] = servers.server.listeners.map((url) => url.replace(/\?.*/, ""));
  const password = "a-token-that-is-secret";
  const refused = servers.client({ credentials: { username: "", password }, session: { clientId: "browser" } }, ofDefault);
  await expect(refused.online()).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  const credentials = { username: "ann", password: "secret" };
  const one = await servers.online({ credentials, session: { clientId: "one" } }, ofAcme);
  await expect(servers.client({ credentials, session: { clientId: "two" } }, ofAcme).online()).rejects.toThrow("maximumSessions");
  const { refusals } = (await get("refusals")) as { refusals: object[] };
  expect(refusals).toMatchObject([
    { clientIdentifier: "browser", code: "AWS_PRINCIPAL_ID", reasonCode: 0x87, remedy: expect.stringMatching(/letters/) as string },
  ]);
  expect(JSON.stringify(refusals)).not.toContain(password);
  expect(await get("tenants/acme/refusals")).toMatchObject({
    refusals: [
      { clientIdentifier: "two", user: "ann", reasonCode: 0x97, reason: expect.stringContaining("maximumSessions") as string },
    ],
    meta: { count: 1 },
  });
  await rules.add("acme", { permission: "deny", action: "publish", topics: ["secret/#"] });
  await expect(one.subscribe("x/#").ready).rejects.toMatchObject({ reasonCode: 0x87 });
  await expect(one.publish("secret/a", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
  const { refusals: denied } = (await get("tenants/acme/refusals")) as { refusals: { action?: string }[] };
  expect(denied).toHaveLength(3);
  expect(denied.find(({ action }) => action === "subscribe")).toMatchObject({
    clientIdentifier: "one",
    user: "ann",
    topic: "x/#",
    times: 1,
  });
  expect(denied.find(({ action }) => action === "publish")).toMatchObject({
    topic: "secret/a",
    reasonCode: 0x87,
    reason: expect.stringMatching(/rule .*denies secret\/#/) as string,
    remedy: expect.stringContaining("allow publish on secret/a") as string,
  });
  expect((await get("refusals")) as object).toMatchObject({ meta: { count: 1 } });
});

test("messages that are withheld at delivery are told of with the statement or the rule, and counted", async () => {
  const statement = (Action: string[], Resource: string): object => ({ Effect: "Allow", Action, Resource });
  const may = statement(["iot:Connect", "iot:Subscribe", "iot:Publish", "iot:RetainPublish"], "*");
  const policy = { Version: "2012-10-17", Statement: [may, statement(["iot:Receive"], "arn:aws:iot:*:*:topic/public/*")] };
  const answer = {
    isAuthenticated: true,
    principalId: "page",
    policyDocuments: [policy],
    disconnectAfterInSeconds: 3_600,
    refreshAfterInSeconds: 3_600,
  };
  await writeFile(join(servers.folder, "receive.mjs"), `export const handler = async () => (${JSON.stringify(answer)});`);
  const { tenants, users, rules } = await servers.start({
    listen: ["mqtt://127.0.0.1:0", "mqtt://127.0.0.1:0?tenant=acme"],
    authentication: [{ kind: "custom-authorizer", file: "receive.mjs", isDefault: true }],
  });
  await tenants.create({ name: "acme" });
  await users.add("acme", "ann", "secret");
  await rules.add("acme", { permission: "allow", action: "both", topics: ["#"] });
  await rules.add("acme", { permission: "deny", action: "subscribe", topics: ["secret/#"] });
  const [ofDefault = "", ofAcme = ""] = servers.server.listeners.map((url) => url.replace(/\?.*/, ""));
  const withheld = async (tenant: string): Promise<{ topic: string }[]> =>
    ((await get(`tenants/${tenant}/refusals`)) as { refusals: { topic: string }[] }).refusals;
  for (const [tenant, url, username, told] of [
    ["default", ofDefault, "", { code: "AWS_NO_PUB", remedy: expect.stringContaining('"iot:Receive"') as string }],
    ["acme", ofAcme, "ann", { code: "NOT_AUTHORIZED", reason: expect.stringMatching(/rule .*denies secret\/#/) as string }],
  ] as const) {
    const client = await servers.online({ credentials: { username, password: "secret" }, session: { clientId: "one" } }, url);
    await client.publish("secret/kept", "x", { qos: 1, retain: true });
    await client.subscribe("#", { qos: 1 }).ready;
    await client.subscribe("$share/g/+/shared", { qos: 1 }).ready;
    for (const qos of [0, 1, 2] as const) await client.publish("secret/a", "x", { qos });
    await client.publish("secret/shared", "x", { qos: 1 });
    await client.publish("public/a", "x", { qos: 1 });
    await expect.poll(async () => (await withheld(tenant)).length, { timeout: 10_000 }).toBe(3);
    const rows = await withheld(tenant);
    const row = (topic: string): object | undefined => rows.find((each) => each.topic === topic);
    expect(row("secret/a")).toMatchObject({ action: "receive", clientIdentifier: "one", times: 3, wasConnected: true, ...told });
    expect(row("secret/kept")).toMatchObject({ action: "receive", times: 1 });
    // By its own Subscription, and by the shared one.
    expect(row("secret/shared")).toMatchObject({ action: "receive", times: 2 });
  }
});
