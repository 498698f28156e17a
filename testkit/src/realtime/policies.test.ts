import { createSign, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect, type ConnectOptions } from "@bowline/client";
import { afterEach, expect, test } from "vitest";
import { type AuthorizerServer, startAuthorizerServer } from "./authorizer-server.ts";

/* What a policy lets a client do over real sockets, and when it is asked for anew. */

const ARN = "arn:aws:iot:us-east-1:000000000000:";

let server: AuthorizerServer;
let remote: Server | undefined;
const clients = new Set<Client>();
afterEach(async () => {
  for (const each of clients) void each.abort();
  clients.clear();
  await server.close();
  remote?.closeAllConnections();
  remote?.close();
  remote = undefined;
});

interface Grant {
  readonly statements: readonly object[];
  readonly refreshAfterInSeconds?: number;
  readonly disconnectAfterInSeconds?: number;
}

const allow = (action: string | string[], ...names: string[]): object => ({
  Effect: "Allow",
  Action: action,
  Resource: names.map((name) => (name === "*" ? name : ARN + name)),
});
const deny = (action: string, ...names: string[]): object => ({ ...allow(action, ...names), Effect: "Deny" });

function answer({ statements, refreshAfterInSeconds = 300, disconnectAfterInSeconds = 86_400 }: Grant): string {
  const policyDocuments = [{ Version: "2012-10-17", Statement: statements }];
  return JSON.stringify({
    isAuthenticated: true,
    principalId: "p1",
    policyDocuments,
    refreshAfterInSeconds,
    disconnectAfterInSeconds,
  });
}

const handlerOf = (grant: Grant): string => `export const handler = async () => (${answer(grant)});`;

function client(options: ConnectOptions = {}): Client {
  const made = connect(server.ws, { reconnect: false, credentials: { username: "", password: "t" }, ...options });
  made.on("attemptFailed", () => {});
  clients.add(made);
  return made;
}

async function online(options?: ConnectOptions): Promise<Client> {
  const made = client(options);
  await made.online();
  return made;
}

/** The Reason String of the refused CONNECT. */
async function refusal(options?: ConnectOptions): Promise<string> {
  const made = client(options);
  const error = (await made.online().then(
    () => undefined,
    (reason: unknown) => reason,
  )) as { message: string; reasonCode?: number } | undefined;
  expect(error?.reasonCode).toBe(0x87);
  return error?.message ?? "";
}

test("publish, subscribe and receive each need their own right, and a refusal names what lacks", async () => {
  server = await startAuthorizerServer(
    handlerOf({
      statements: [
        allow("iot:Connect", "*"),
        allow("iot:Publish", "topic/out/*"),
        allow("iot:Subscribe", "topicfilter/out/*"),
        allow("iot:Receive", "topic/out/*"),
        deny("iot:Receive", "topic/out/secret/*"),
      ],
    }),
  );
  const one = await online();
  const got: string[] = [];
  const end = new Promise<void>((resolve) => {
    one.subscribe("out/#", { qos: 1 }, (message) => {
      got.push(message.topicName);
      if (message.topicName === "out/end") resolve();
    });
  });
  await expect(one.subscribe("in/#", { qos: 1 }).ready).rejects.toMatchObject({ reasonCode: 0x87 });
  await one.publish("out/a", "1", { qos: 1 });
  await one.publish("out/secret/a", "2", { qos: 1 });
  await expect(one.publish("in/a", "3", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
  await expect(one.publish("out/a", "4", { qos: 1, retain: true })).rejects.toMatchObject({ reasonCode: 0x87 });
  await one.publish("out/end", "5", { qos: 1 });
  await end;
  expect(got).toEqual(["out/a", "out/end"]);
});

test("what a policy does not allow on an open connection is logged with the statement that is missing", async () => {
  server = await startAuthorizerServer(
    handlerOf({
      statements: [allow("iot:Connect", "*"), allow("iot:Publish", "topic/out/*"), deny("iot:Publish", "topic/out/no")],
    }),
  );
  const one = await online({ session: { clientId: "one" } });
  await expect(one.subscribe("in/#", { qos: 1 }).ready).rejects.toMatchObject({ reasonCode: 0x87 });
  for (const topic of ["in/a", "in/a", "out/no"])
    await expect(one.publish(topic, "3", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
  await expect(one.publish("out/a", "4", { qos: 1, retain: true })).rejects.toMatchObject({ reasonCode: 0x87 });
  const lacking = (action: string, name: string): string =>
    `Add to the policy: ${JSON.stringify({ Effect: "Allow", Action: action, Resource: ARN + name })}`;
  const said = server.lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ action }) => action !== undefined)
    .map(({ clientId, action, topic, code, remedy }) => [clientId, action, topic, code, remedy]);
  expect(said).toEqual([
    ["one", "subscribe", "in/#", "AWS_NO_SUB", lacking("iot:Subscribe", "topicfilter/in/#")],
    ["one", "publish", "in/a", "AWS_NO_PUB", lacking("iot:Publish", "topic/in/a")],
    ["one", "publish", "out/no", "AWS_NO_PUB", expect.stringContaining("Statement[2]")],
    ["one", "publish", "out/a", "AWS_RETAIN", lacking("iot:RetainPublish", "topic/out/a")],
  ]);
});

test("retained messages need their right, and a client gets only those it may receive", async () => {
  server = await startAuthorizerServer(
    handlerOf({
      statements: [allow("iot:*", "*"), deny("iot:Receive", "topic/kept/secret"), deny("iot:RetainPublish", "topic/free/*")],
    }),
  );
  const one = await online();
  for (const topic of ["kept/secret", "kept/open"]) await one.publish(topic, "x", { qos: 1, retain: true });
  await expect(one.publish("free/a", "x", { qos: 1, retain: true })).rejects.toMatchObject({ reasonCode: 0x87 });
  const topic = await new Promise((resolve) => one.subscribe("kept/#", { qos: 1 }, (message) => resolve(message.topicName)));
  expect(topic).toBe("kept/open");
});

test("a will needs the right to publish it, and with RETAIN that too", async () => {
  server = await startAuthorizerServer(
    handlerOf({ statements: [allow("iot:Connect", "*"), allow("iot:Publish", "topic/will/*")] }),
  );
  await online({ will: { topicName: "will/a", payload: "gone" } });
  await refusal({ will: { topicName: "other", payload: "gone" } });
  await refusal({ will: { topicName: "will/a", payload: "gone", retain: true } });
});

test("a client connects by the Client Identifiers that are allowed", async () => {
  server = await startAuthorizerServer(handlerOf({ statements: [allow("iot:Connect", "client/u1-*")] }));
  await online({ session: { clientId: "u1-phone" } });
  expect(await refusal({ session: { clientId: "u2-phone" } })).toContain(
    `no statement allows iot:Connect on ${ARN}client/u2-phone`,
  );
});

test("the event has TLS, upgrade and CONNECT as far as they apply", async () => {
  server = await startAuthorizerServer(
    `export const handler = async (event) => { console.log(JSON.stringify(event)); throw new Error("seen"); };`,
  );
  expect(await refusal({ session: { clientId: "c1" } })).toContain("it threw Error: seen");
  const line = server.lines.find((one) => one.includes("signatureVerified"));
  const event = JSON.parse((JSON.parse(line ?? "{}") as { message: string }).message) as Record<string, unknown>;
  expect(event).toMatchObject({
    signatureVerified: false,
    protocols: ["http", "mqtt"],
    protocolData: {
      http: { queryString: "", headers: { "sec-websocket-protocol": "mqtt" } },
      mqtt: { username: "", password: Buffer.from("t").toString("base64"), clientId: "c1" },
    },
  });
});

test("the authorizer is asked again after its time, and what it takes away is gone on the open connection", async () => {
  const grant = (topic: string): Grant => ({
    statements: [allow("iot:Connect", "*"), allow("iot:Publish", `topic/${topic}`)],
    refreshAfterInSeconds: 1,
  });
  const handler = `let calls = 0; export const handler = async () => calls++ === 0 ? ${answer(grant("first"))} : ${answer(grant("later"))};`;
  server = await startAuthorizerServer(handler, { minimumSeconds: 1 });
  const one = await online();
  await one.publish("first", "x", { qos: 1 });
  await expect
    .poll(
      () =>
        one.publish("later", "x", { qos: 1 }).then(
          () => "allowed",
          () => "denied",
        ),
      { timeout: 10_000 },
    )
    .toBe("allowed");
  await expect(one.publish("first", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
});

test("a refused refresh ends the connection, with the will", async () => {
  const grant: Grant = { statements: [allow("iot:*", "*")], refreshAfterInSeconds: 1 };
  server = await startAuthorizerServer(
    `const seen = new Set();
     export const handler = async (event) => {
       const { clientId } = event.protocolData.mqtt;
       if (clientId === "short" && seen.has(clientId)) throw new Error("expired");
       seen.add(clientId);
       return ${answer(grant)};
     };`,
    { minimumSeconds: 1 },
  );
  const watcher = await online();
  const will = new Promise((resolve) => watcher.subscribe("wills/#", {}, (message) => resolve(message.text())));
  const short = await online({ session: { clientId: "short" }, will: { topicName: "wills/short", payload: "gone" } });
  const lost = new Promise<{ reasonCode?: number | undefined }>((resolve) => short.on("connectionLost", resolve));
  expect((await lost).reasonCode).toBe(0x87);
  expect(await will).toBe("gone");
});

test("a connection ends after disconnectAfterInSeconds, whatever a refresh says", async () => {
  server = await startAuthorizerServer(
    handlerOf({ statements: [allow("iot:*", "*")], refreshAfterInSeconds: 1, disconnectAfterInSeconds: 2 }),
    { minimumSeconds: 1 },
  );
  const one = await online();
  const began = performance.now();
  await new Promise((resolve) => one.on("connectionLost", resolve));
  expect(performance.now() - began).toBeGreaterThan(1_000);
});

test("a handler that is saved is the next one's; one that cannot be loaded leaves all as it was", async () => {
  server = await startAuthorizerServer(handlerOf({ statements: [allow("iot:Connect", "client/old")] }));
  await online({ session: { clientId: "old" } });
  await server.save("export const handler = (");
  await expect.poll(() => server.lines.some((line) => line.includes("cannot be loaded")), { timeout: 10_000 }).toBe(true);
  await online({ session: { clientId: "old" } });
  await server.save(handlerOf({ statements: [allow("iot:Connect", "client/new")] }));
  await expect.poll(() => server.lines.some((line) => line.includes("was loaded again")), { timeout: 10_000 }).toBe(true);
  await online({ session: { clientId: "new" } });
  await refusal({ session: { clientId: "old" } });
});

test("whoever names another authorizer, or a user of the store, is somebody else's", async () => {
  server = await startAuthorizerServer(handlerOf({ statements: [allow("iot:*", "*")] }), { name: "chat" });
  await server.server.users.add("default", "ann", "secret of ann");
  await online({ credentials: { username: "ann", password: "secret of ann" } });
  await refusal({ credentials: { username: "ann", password: "wrong" } }).catch(() => "");
  await expect(
    client({ credentials: { username: "x?x-amz-customauthorizer-name=other", password: "t" } }).online(),
  ).rejects.toMatchObject({ reasonCode: 0x86 });
  await online({ credentials: { username: "ann?x-amz-customauthorizer-name=chat", password: "t" } });
});

test("signed tokens: a right one is let in, and the function is not called for a wrong one", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const folder = await mkdtemp(join(tmpdir(), "bowline-key-"));
  const file = join(folder, "public.pem");
  await writeFile(file, publicKey.export({ type: "spki", format: "pem" }));
  server = await startAuthorizerServer(
    `export const handler = async (event) => { console.log("token " + event.token + " " + event.signatureVerified); return ${answer({ statements: [allow("iot:*", "*")] })}; };`,
    { name: "chat", tokenKeyName: "token", tokenSigningPublicKeys: { one: file } },
  );
  await rm(folder, { recursive: true });
  const sign = (token: string): string => createSign("RSA-SHA256").update(token).sign(privateKey).toString("base64");
  const named = (token: string, signature: string): ConnectOptions => ({
    credentials: {
      username: `?x-amz-customauthorizer-name=chat&token=${token}&x-amz-customauthorizer-signature=${encodeURIComponent(signature)}`,
    },
  });
  await online(named("t1", sign("t1")));
  await expect.poll(() => server.lines.filter((line) => line.includes("token t1 true")).length).toBe(1);
  expect(await refusal(named("t2", sign("t1")))).toContain("AWS_AUTHORIZER_SIG");
  expect(await refusal({ credentials: { username: "?x-amz-customauthorizer-name=chat&token=t2" } })).toContain(
    "AWS_AUTHORIZER_SIG",
  );
  expect(server.lines.some((line) => line.includes("token t2"))).toBe(false);
});

test("a function behind HTTP is asked in the same way", async () => {
  remote = createServer((request, response) => {
    request.resume().on("end", () => response.end(answer({ statements: [allow("iot:Connect", "client/c1")] })));
  });
  await new Promise<void>((resolve) => remote?.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(remote.address() as AddressInfo).port}/`;
  server = await startAuthorizerServer("", { file: undefined, url });
  await online({ session: { clientId: "c1" } });
  await refusal({ session: { clientId: "c2" } });
});

test("without explainRefusals a client is told the Reason Code alone", async () => {
  server = await startAuthorizerServer(handlerOf({ statements: [allow("iot:Publish", "topic/a")] }), { explainRefusals: false });
  expect(await refusal()).not.toContain("iot:Connect");
  expect(server.lines.some((line) => line.includes("AWS_NO_CONNECT"))).toBe(true);
});
