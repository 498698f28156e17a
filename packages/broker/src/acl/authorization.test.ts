import type { AccessCase } from "../index.ts";
import type { Client, ConnectOptions } from "@bowline/client";
import { HookServer, localServers } from "@bowline/testkit/broker";
import { describe, expect, test, vi } from "vitest";
import { createLogger } from "../log/logger.ts";
import type { RuleInput } from "./rule.ts";
import type { AuthorizeAnswer } from "./function-authorizer.ts";
import { webhookAuthorizerKind } from "./webhook-authorizer.ts";

/* Authorizers of the configuration, in front of the rules. */

const servers = localServers({ memory: true, anonymous: true });
const hook = HookServer.forEach();

/** Rules that allow none of what is tried. */
const OTHERS: RuleInput[] = [{ permission: "allow", action: "both", topics: ["others"] }];

/** Reason Code of a QoS 1 PUBLISH. */
async function codeOf(client: Client, topic: string, more: { retain?: boolean } = {}): Promise<number | undefined> {
  return client.publish(topic, "x", { qos: 1, ...more }).then(
    () => 0,
    ({ reasonCode }: { reasonCode?: number }) => reasonCode,
  );
}

const v5 = (clientId: string, more: ConnectOptions = {}): ConnectOptions => ({ session: { clientId }, ...more });

describe("a webhook", () => {
  test("is told the case in EMQX's fields, and allows, denies or leaves it to the rules", async () => {
    const asked: Record<string, string>[] = [];
    hook.handle = (request, body, response) => {
      const { topic = "" } = (asked[asked.push(JSON.parse(body) as Record<string, string>) - 1] ?? {}) as { topic?: string };
      HookServer.json({ result: topic.split("/")[0] })(request, body, response);
    };
    const authorization = [{ kind: "webhook" as const, url: hook.url }];
    const rules = [{ permission: "allow" as const, action: "both" as const, topics: ["ignore/yes"] }];
    await servers.start({ authorization, rules });
    const client = await servers.online(v5("c1"));
    expect(await codeOf(client, "allow/a")).toBe(0);
    expect(await codeOf(client, "deny/a", { retain: true })).toBe(0x87);
    expect(await codeOf(client, "ignore/yes")).toBe(0);
    expect(await codeOf(client, "ignore/no")).toBe(0x87);
    await client.subscribe("$share/g/allow/#", { qos: 0 }).ready;
    await expect(client.subscribe("deny/#").ready).rejects.toThrow("NOT_AUTHORIZED");
    const common = { clientid: "c1", peerhost: "127.0.0.1", tenant: "default" };
    expect(asked.slice(0, 2)).toEqual([
      { ...common, action: "publish", topic: "allow/a", qos: "1", retain: "false" },
      { ...common, action: "publish", topic: "deny/a", qos: "1", retain: "true" },
    ]);
    expect(asked.find(({ action }) => action === "subscribe")).toEqual({
      ...common,
      action: "subscribe",
      topic: "allow/#",
      qos: "0",
      retain: "false",
    });
  });

  test("is asked again about a Subscription, and what it does not grant any more is not delivered", async () => {
    let asked = 0;
    let subscribing = "allow";
    hook.handle = (request, body, response) => {
      const { action } = JSON.parse(body) as { action: string };
      if (action === "subscribe") asked++;
      HookServer.json({ result: action === "publish" ? "allow" : subscribing })(request, body, response);
    };
    const authorization = [{ kind: "webhook" as const, url: hook.url, cacheSeconds: 1, subscriptionSeconds: 1 }];
    await servers.start({ authorization });
    const [receiver, sender] = [await servers.online(v5("r")), await servers.online(v5("s"))];
    await receiver.subscribe("a/+", { qos: 1 }).ready;
    const { counters } = servers.server.broker.tenantNamed("default")!;
    const matches = async (): Promise<boolean> => {
      const { messagesSent } = counters;
      await sender.publish("a/b", "x", { qos: 1 });
      return counters.messagesSent > messagesSent;
    };
    expect(await matches()).toBe(true);
    await vi.waitFor(() => expect(asked).toBeGreaterThan(1), 10_000);
    expect(await matches()).toBe(true);
    subscribing = "deny";
    await vi.waitFor(async () => expect(await matches()).toBe(false), 10_000);
    subscribing = "allow";
    await vi.waitFor(async () => expect(await matches()).toBe(true), 10_000);
  }, 30_000);

  test("that fails, is silent or is gone denies", async () => {
    let answers = 0;
    hook.handle = (_, __, response) => {
      // The first is never answered.
      if (++answers > 1) response.writeHead(500).end();
    };
    await servers.start({ authorization: [{ kind: "webhook", url: hook.url, timeoutMs: 100 }], rules: OTHERS });
    const client = await servers.online(v5("c1"));
    for (const topic of ["a", "a", "b"]) expect(await codeOf(client, topic)).toBe(0x87);
    await hook.stop();
    expect(await codeOf(client, "c")).toBe(0x87);
    const { counters } = servers.server.broker.tenantNamed("default")!;
    expect(counters.authorizationsUnanswered).toBeGreaterThanOrEqual(3);
    await expect(client.subscribe("c/#").ready).rejects.toThrow("webhook did not answer, which denies c/#");
  });

  test.each([
    ["http://auth.example/", undefined, "url must be"],
    ["https://me:pw@auth.example/", undefined, "no user name and password"],
    ["https://auth.example/", { a: "${password}" }, "${password} is not known"],
  ])("at %s with %j is no configuration", (url, body, words) => {
    const config = webhookAuthorizerKind.schema.parse({ kind: "webhook", url, ...(body === undefined ? {} : { body }) });
    expect(() => webhookAuthorizerKind.check!(config)).toThrow(words);
  });
});

describe("a function", () => {
  const authorize = (answers: (question: AccessCase) => unknown) => ({
    kind: "function" as const,
    authorize: (question: AccessCase) => answers(question) as AuthorizeAnswer,
  });

  test("decides; what it throws, answers wrongly, or not in time denies", async () => {
    const mine = authorize(({ topic }) => {
      if (topic === "throw") throw new Error("no");
      if (topic === "never") return new Promise(() => {});
      return topic === "later" ? Promise.resolve("allow") : topic;
    });
    await servers.start({ authorization: [{ ...mine, timeoutMs: 500 }], rules: OTHERS });
    const client = await servers.online(v5("c1"));
    for (const topic of ["allow", "later"]) expect(await codeOf(client, topic)).toBe(0);
    for (const topic of ["deny", "ignore", "odd", "throw", "never"]) expect(await codeOf(client, topic)).toBe(0x87);
  });

  test("that fails is told in the log, with what it threw, and not for each question", async () => {
    const lines: string[] = [];
    const logger = createLogger({ level: "error", format: "json", destination: { write: (line) => void lines.push(line) } });
    const broken = authorize(() => {
      throw new Error("no such table");
    });
    await servers.start({ logger, authorization: [broken], rules: OTHERS });
    const client = await servers.online(v5("c1"));
    for (const topic of ["a", "b", "c"]) expect(await codeOf(client, topic)).toBe(0x87);
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ message: "authorization failed inside", clientIdentifier: "c1", authorizer: "authorizer" }),
    ]);
    expect(lines[0]).toContain("no such table");
  });

  test("holds for connections that are open as soon as a reload brings it, and no longer than it is there", async () => {
    const server = await servers.start({});
    const client = await servers.online(v5("c1"));
    expect(await codeOf(client, "a")).toBe(0);
    await server.reload(await servers.config({ authorization: [authorize(() => "deny")] }));
    expect(await codeOf(client, "a")).toBe(0x87);
    await server.reload(await servers.config({ authorization: [authorize(({ topic }) => (topic === "a" ? "ignore" : "deny"))] }));
    expect(await codeOf(client, "a")).toBe(0);
    expect(await codeOf(client, "b")).toBe(0x87);
    await server.reload(await servers.config());
    expect(await codeOf(client, "b")).toBe(0);
  });
});
