// Tenants whom the configuration gives authenticators, authorizers and a sender stamp of their own. Whatever knows a client at one is worth
// nothing at another, which has clients of the same names.
import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BrokerConfigInput } from "@bowline/broker";
import type { Client } from "@bowline/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HookServer } from "../broker/index.ts";
import { TenantWorld } from "./tenant-world.ts";

const KEYS = { acme: "the key of acme is thirty-two bytes", beta: "the key of beta is thirty-two bytes" } as const;

const hook = new HookServer();
/** What the webhook was told, the latest last. */
const told: Record<string, string>[] = [];
let world: TenantWorld;
const clients: Client[] = [];

beforeAll(async () => {
  await hook.start();
  hook.handle = (request, body, response) => {
    const fields = JSON.parse(body) as Record<string, string>;
    told.push(fields);
    // One webhook for both tenants: it lets gil in at gamma, and lets nobody publish to `shut` at acme.
    const allows =
      fields["action"] === undefined ? fields["tenant"] === "gamma" && fields["username"] === "gil" : fields["topic"] !== "shut";
    HookServer.json({ result: allows ? "allow" : "deny" })(request, body, response);
  };
  world = await TenantWorld.start(["acme", "beta", "gamma"], config());
  await writeFile(
    join(world.folder, "authorizer.mjs"),
    `export const handler = async (event) => ({
       isAuthenticated: event.protocolData.mqtt.username === "dee",
       principalId: "dee",
       policyDocuments: [{ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }],
       disconnectAfterInSeconds: 3600,
       refreshAfterInSeconds: 300,
     });`,
  );
}, 30_000);
afterAll(async () => {
  await Promise.all(clients.map((client) => client.abort()));
  await world.end();
  await hook.stop();
});

/** @param more Of the tenants, in place of what they have. */
function config(more: NonNullable<BrokerConfigInput["tenants"]>["named"] = {}): BrokerConfigInput {
  process.env["BOWLINE_TEST_KEY_ACME"] = KEYS.acme;
  process.env["BOWLINE_TEST_KEY_BETA"] = KEYS.beta;
  const jwt = (name: string) => ({
    kind: "jwt" as const,
    secret: { env: `BOWLINE_TEST_KEY_${name}` },
    authenticationMethods: ["TOKEN"],
  });
  return {
    tenants: {
      named: {
        acme: {
          authentication: [jwt("ACME"), { kind: "password" }],
          authorization: [{ kind: "webhook", url: hook.url }],
          senderStamp: true,
        },
        beta: { authentication: [jwt("BETA")] },
        gamma: { authentication: [{ kind: "scram" }, { kind: "webhook", url: hook.url }] },
        ...more,
      },
    },
  };
}

/** A JSON Web Token of an hour, HS256. */
function tokenOf(name: keyof typeof KEYS): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const acl = [{ permission: "allow", action: "all", topic: "#" }];
  const text = `${part({ alg: "HS256" })}.${part({ sub: "ann", acl, exp: Math.floor(Date.now() / 1_000) + 3_600 })}`;
  return `${text}.${createHmac("sha256", KEYS[name]).update(text).digest("base64url")}`;
}

/** 0 for a client that comes in, or the Reason Code of its CONNACK; `closed` where nothing was said. */
async function answerTo(client: Client): Promise<number | "closed"> {
  client.on("attemptFailed", () => {});
  clients.push(client);
  return client.online().then(
    () => 0,
    (error: { reasonCode?: number }) => error.reasonCode ?? "closed",
  );
}

const login = (tenant: string, username: string, password: string): Promise<number | "closed"> =>
  answerTo(world.dial("mqtts", tenant, username, { credentials: { username, password } }));

test("a token is good at the tenant whose key signed it, and nowhere else", async () => {
  const [acme, beta] = [tokenOf("acme"), tokenOf("beta")];
  expect(await login("acme", "ann", acme)).toBe(0);
  expect(await login("beta", "ann", beta)).toBe(0);
  expect(await login("acme", "ann", beta)).toBeGreaterThanOrEqual(0x80);
  expect(await login("beta", "ann", acme)).toBeGreaterThanOrEqual(0x80);
  expect(await login("gamma", "ann", acme)).toBe(0x87);
  // The tenant `default` has no name here: the address leads to it.
  const client = world.dial("mqtts", "acme", "ann", {
    credentials: { username: "ann", password: acme },
    tls: { ca: world.server.localCa!.certificate, servername: "localhost" },
  });
  expect(await answerTo(client)).toBeGreaterThanOrEqual(0x80);
});

test("the chain of a tenant is the whole of it: where it has no passwords its users do not come in by them", async () => {
  expect(await login("acme", "ann", world.password("acme", "ann"))).toBe(0);
  expect(await login("beta", "ann", world.password("beta", "ann"))).toBeGreaterThanOrEqual(0x80);
  expect(await login("gamma", "ann", world.password("gamma", "ann"))).toBe(0x87);
});

test("a webhook of one tenant is told which, and its answer serves no other", async () => {
  told.length = 0;
  expect(await login("gamma", "gil", "x")).toBe(0);
  expect(await login("acme", "gil", "x")).toBe(0x86);
  expect(told).toEqual([expect.objectContaining({ tenant: "gamma", username: "gil" })]);
});

test("an Authentication Method is offered where the tenant has it", async () => {
  const by = (tenant: string, method: string, data: string): Promise<number | "closed"> =>
    answerTo(world.dial("mqtts", tenant, "", { credentials: { authentication: { method, step: () => data } } }));
  const token = tokenOf("acme");
  expect(await by("acme", "TOKEN", token)).toBe(0);
  expect(await by("beta", "TOKEN", token)).toBeGreaterThanOrEqual(0x80);
  expect(await by("gamma", "TOKEN", token)).toBe(0x8c);
  expect(await by("acme", "SCRAM-SHA-256", "n,,n=ann,r=x")).toBe(0x8c);
});

test("rights that a tenant's webhook decides about are asked of its clients alone", async () => {
  const reached = async (tenant: "acme" | "beta"): Promise<string[]> => {
    const client = world.dial("mqtts", tenant, "ann", { credentials: { username: "ann", password: tokenOf(tenant) } });
    clients.push(client);
    const refused: string[] = [];
    for (const topic of ["open", "shut"])
      await Promise.resolve(client.publish(topic, "x", { qos: 1 })).catch(() => refused.push(topic));
    return refused;
  };
  // The token's own rules come first.
  expect(await reached("acme")).toEqual([]);
  const ann = world.dial("mqtts", "acme", "ann");
  clients.push(ann);
  told.length = 0;
  await ann.publish("open", "x", { qos: 1 });
  await expect(Promise.resolve(ann.publish("shut", "x", { qos: 1 }))).rejects.toMatchObject({ reasonCode: 0x87 });
  expect(told).toEqual(["open", "shut"].map((topic) => expect.objectContaining({ tenant: "acme", topic }) as unknown));
  told.length = 0;
  expect(await reached("beta")).toEqual([]);
  expect(told).toEqual([]);
});

test("messages say who sent them in the tenant that asks for it", async () => {
  const senders = async (tenant: "acme" | "beta"): Promise<unknown> => {
    const credentials = { username: "ann", password: tokenOf(tenant) };
    const client = world.dial("mqtts", tenant, "ann", { credentials });
    clients.push(client);
    const subscription = client.subscribe("stamped");
    await subscription.ready;
    await client.publish("stamped", "x", { userProperties: [["bowline-principal", "root"]] });
    return (await subscription.next()).value!.properties.userProperties;
  };
  expect([await senders("acme"), await senders("beta")]).toEqual([[["bowline-principal", "ann"]], [["bowline-principal", "root"]]]);
});

test("a tenant that is not there yet lets nobody in, and its chain holds from its first moment", async () => {
  const delta = { delta: { authentication: [{ kind: "custom-authorizer" as const, file: "authorizer.mjs", isDefault: true }] } };
  await world.reload(config(delta));
  expect(world.log.some(({ tenant, message }) => tenant === "delta" && String(message).includes("no such tenant yet"))).toBe(true);
  expect(await login("delta", "dee", "")).toBe("closed");
  await world.make("delta");
  expect(await login("delta", "dee", "")).toBe(0);
  expect(await login("delta", "eve", "")).toBe(0x87);
  await world.server.tenants.remove("delta");
  expect(await login("delta", "dee", "")).toBe("closed");
});

test("a reload changes the chains of all tenants or of none", async () => {
  const swapped = { beta: { authentication: [{ kind: "password" as const }] } };
  const broken = { gamma: { authentication: [{ kind: "custom-authorizer" as const, file: "missing.mjs" }] } };
  await expect(world.reload(config({ ...swapped, ...broken }))).rejects.toThrow("missing.mjs");
  expect(await login("beta", "ann", tokenOf("beta"))).toBe(0);
  expect(await login("beta", "ann", world.password("beta", "ann"))).toBeGreaterThanOrEqual(0x80);
  await world.reload(config(swapped));
  expect(await login("beta", "ann", tokenOf("beta"))).toBeGreaterThanOrEqual(0x80);
  expect(await login("beta", "ann", world.password("beta", "ann"))).toBe(0);
  // Without words of its own it has again what all tenants share.
  await world.reload({});
  expect(await login("gamma", "ann", world.password("gamma", "ann"))).toBe(0);
  expect(await login("acme", "ann", tokenOf("acme"))).toBeGreaterThanOrEqual(0x80);
});
