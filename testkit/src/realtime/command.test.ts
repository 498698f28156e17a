import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect as connectMqttJs, connectAsync } from "mqtt";
import { BowlineProcess } from "../system/bowline-process.ts";

/* `bowline up --authorizer` and `bowline realtime check` as a project of SST's would use them, in TypeScript, with processes of their own. */

const root = fileURLToPath(new URL("../../../", import.meta.url));
const main = join(root, "packages/cli/dist/main.js");
const missingSst = existsSync(join(root, "tools/matrix/sst/node_modules/sst")) ? "" : "not brought: npm ci in tools/matrix/sst";

const AUTHORIZER = `
import { authorizer } from "@bowline/realtime";
import { prefix } from "./prefix.ts";

interface Claims { readonly user: string }

export const handler = authorizer(async (token: string) => {
  if (token !== process.env.GOOD_TOKEN) return null;
  const claims: Claims = { user: "ann" };
  return { principalId: claims.user, publish: [prefix + "#"], subscribe: [prefix + "#"], retain: [prefix + "#"] };
});`;
const PREFIX = `
const app: { name: string; stage: string } = JSON.parse(process.env.SST_RESOURCE_App ?? "{}");
export const prefix = app.name + "/" + app.stage + "/";`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-sst-"));
  await mkdir(join(folder, "src"));
  await writeFile(join(folder, "src/authorizer.ts"), AUTHORIZER);
  await writeFile(join(folder, "src/prefix.ts"), PREFIX);
  await writeFile(join(folder, ".env"), "GOOD_TOKEN=good\n");
  await writeFile(join(folder, "token"), "good\n");
});
afterAll(() => rm(folder, { recursive: true }));

const environment = (): string[] => ["--sst-app", "shop", "--stage", "dev", "--env-file", join(folder, ".env")];

test("SST's documented client publishes and subscribes at bowline up --authorizer", { timeout: 60_000 }, async () => {
  const handler = join(folder, "src/authorizer.handler");
  const broker = await BowlineProcess.start(
    "--listen",
    "ws://127.0.0.1:0/mqtt",
    "--no-console",
    "--memory",
    "--authorizer",
    handler,
    ...environment(),
  );
  try {
    expect(broker.log).toContain(`Authorizer ${handler}, for all but users of the store`);
    const client = connectMqttJs(`${broker.urls[0]}?x-amz-customauthorizer-name=anything`, {
      protocolVersion: 5,
      manualConnect: true,
      username: "",
      password: "good",
      clientId: "client_1",
      reconnectPeriod: 0,
    });
    const connected = new Promise((resolve) => client.on("connect", resolve));
    client.connect();
    await connected;
    const granted = await client.subscribeAsync("shop/dev/chat", { qos: 1 });
    expect(granted[0]?.qos).toBe(1);
    const message = new Promise((resolve) => client.on("message", (topic, payload) => resolve(`${topic} ${payload.toString()}`)));
    await client.publishAsync("shop/dev/chat", "hello", { qos: 1 });
    expect(await message).toBe("shop/dev/chat hello");
    await expect(client.subscribeAsync("shop/production/chat", { qos: 1 })).rejects.toThrow("Not authorized");
    await client.endAsync();
  } finally {
    await broker.remove();
  }
});

describe.skipIf(missingSst !== "")(`SST's own package${missingSst && ` (${missingSst})`}`, () => {
  const handler = join(root, "tools/matrix/sst/app/authorizer.handler");

  test("[E4 broker] its realtime.authorizer and its Resource run unchanged", { timeout: 60_000 }, async () => {
    const flags = ["--listen", "ws://127.0.0.1:0/mqtt", "--no-console", "--memory", "--authorizer", handler, ...environment()];
    const broker = await BowlineProcess.start(...flags);
    try {
      const options = { protocolVersion: 5, username: "", password: "good", reconnectPeriod: 0 } as const;
      const client = await connectAsync(`${broker.urls[0]}?x-amz-customauthorizer-name=anything`, options);
      expect(await client.subscribeAsync("shop/dev/#", { qos: 1 })).toMatchObject([{ qos: 1 }]);
      await client.publishAsync("shop/dev/chat", "hello", { qos: 1 });
      await expect(client.publishAsync("other/dev/chat", "hello", { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
      await client.endAsync();
      // What AWS's SDK sends as User Name becomes its principalId.
      const ofSdk = connectAsync(broker.urls[0] ?? "", { ...options, username: "?x-amz-customauthorizer-name=a&SDK=NodeJSv2" });
      await expect(ofSdk).rejects.toMatchObject({ code: 0x87 });
    } finally {
      await broker.remove();
    }
  });

  test("bowline realtime check finds its weaknesses", { timeout: 60_000 }, async () => {
    const { code, output } = await bowline("realtime", "check", handler, "--token-file", "token", "--json", ...environment());
    expect(code).toBe(1);
    const { findings } = JSON.parse(output) as { findings: { rule: string }[] };
    expect(findings.map(({ rule }) => rule).toSorted()).toEqual([
      "connect-any-client-id",
      "connects-without-rights",
      "no-retained-messages",
      "principal-changes",
      "principal-of-sdk-user-name",
    ]);
  });
});

test("bowline realtime check has nothing against it, and says what is wrong with another", { timeout: 60_000 }, async () => {
  const good = await bowline("realtime", "check", "src/authorizer.handler", "--token-file", "token", ...environment());
  expect(good).toEqual({ code: 0, output: "Nothing to mend was found.\n" });
  await writeFile(
    join(folder, "src/open.mjs"),
    `export const handler = async () => ({ isAuthenticated: true, principalId: "x", disconnectAfterInSeconds: 300, refreshAfterInSeconds: 300,
      policyDocuments: [{ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "iot:Connect", Resource: "*" }] }] });`,
  );
  const open = await bowline("realtime", "check", "src/open.mjs");
  expect(open.code).toBe(1);
  expect(open.output).toContain("connects-without-rights:");
  expect(open.output).toContain("connect-any-client-id:");
});

test("of the chat in examples it has a note, and nothing to mend", { timeout: 60_000 }, async () => {
  const example = join(root, "examples/sst-realtime/src");
  const { signToken } = (await import(join(example, "token.js"))) as { signToken(user: string, key: string): { token: string } };
  await writeFile(join(folder, "chat.env"), "TOKEN_KEY=a-key\n");
  await writeFile(join(folder, "chat.token"), signToken("ann", "a-key").token);
  const app = ["--sst-app", "chat", "--stage", "dev", "--env-file", "chat.env", "--token-file", "chat.token"];
  const { code, output } = await bowline("realtime", "check", join(example, "authorizer.handler"), ...app);
  expect(output).toMatch(/^note: no-retained-messages: .*\n {2}Allow .*\nNothing to mend was found\.\n$/);
  expect(code).toBe(0);
});

test.each<[what: string, args: string[], words: string]>([
  ["no such file", ["up", "--authorizer", "nowhere.handler"], "there is no file nowhere.handler"],
  ["an environment without an authorizer", ["up", "--stage", "dev"], "--stage is about --authorizer"],
  ["half of an app", ["up", "--authorizer", "src/authorizer.ts", "--stage", "dev"], "--sst-app and --stage go together"],
  ["a check of nothing", ["realtime", "check"], "FILE is missing"],
])("wrong usage is told: %s", async (_, args, words) => {
  const { code, output } = await bowline(...args);
  expect(output).toContain(words);
  expect(code).toBe(2);
});

test("an environment file that is not there ends the start", async () => {
  // Node 20 looks for this flag in the whole command line and reads the file itself; later ones leave it to us.
  const { code, output } = await bowline("up", "--authorizer", "src/authorizer.ts", "--env-file", "no");
  expect(output).toMatch(/no: not found|--env-file no cannot be read/);
  expect(code).not.toBe(0);
});

test("a handler that cannot be loaded ends the start with what is wrong in it", async () => {
  await writeFile(join(folder, "src/broken.ts"), "export const handler: = 1;");
  const { code, output } = await bowline(
    "up",
    "--memory",
    "--no-console",
    "--listen",
    "mqtt://127.0.0.1:0",
    "--authorizer",
    "src/broken.ts",
  );
  expect(output).toContain("broken.ts");
  expect(code).toBe(2);
});

function bowline(...args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder, env: { ...process.env, NO_COLOR: "1" } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.once("close", (code) => resolve({ code, output }));
  });
}
