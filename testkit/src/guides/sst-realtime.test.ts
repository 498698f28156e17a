import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect } from "@bowline/client";
import { LivingPage } from "../browser/living-page.ts";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";

const example = join(import.meta.dirname, "../../../examples/sst-realtime");
const missing = missingPrograms("chromium");
const KEY = "a-key-of-yours";

describe.skipIf(missing !== "")(`the chat of examples/sst-realtime, in Chromium${missing && ` (${missing})`}`, () => {
  let folder: string;
  let broker: BowlineProcess;
  let server: ChildProcess;
  let url = "";
  let page: LivingPage;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bowline-chat-"));
    await writeFile(join(folder, ".env"), `TOKEN_KEY=${KEY}\n`);
    const authorizer = ["--authorizer", join(example, "src/authorizer.handler"), "--env-file", join(folder, ".env")];
    const app = ["--sst-app", "chat", "--stage", "dev"];
    broker = await BowlineProcess.start("--listen", "ws://localhost:0/mqtt", "--no-console", "--memory", ...authorizer, ...app);
    const endpoint = (broker.urls[0] ?? "").replace(/\/mqtt$/, "");
    const env = { ...process.env, ENDPOINT: endpoint, TOKEN_KEY: KEY, PORT: "0" };
    server = spawn(process.execPath, [join(example, "server.js")], { env, stdio: ["ignore", "pipe", "inherit"] });
    url = await new Promise<string>((resolve) => createInterface({ input: server.stdout! }).once("line", resolve));
    page = await LivingPage.open(url);
  }, 60_000);
  afterAll(async () => {
    await page?.close();
    server?.kill();
    await broker?.remove();
    await rm(folder, { recursive: true });
  });

  test("who enters is heard, and hears", async () => {
    await page.until(() => document.getElementById("enter")?.hidden === false);
    await page.evaluate(() => {
      document.querySelector<HTMLInputElement>("#enter input")!.value = "ann";
      document.querySelector<HTMLFormElement>("#enter")!.requestSubmit();
    });
    await page.until(() => document.getElementById("status")?.textContent === "connected as ann");
    const bob = await enter("bob");
    await bob.publish("chat/dev/room/bob", "hello", { qos: 1 });
    await page.until(() => document.querySelector("#messages li")?.textContent === "bob: hello");
    await page.evaluate(() => {
      document.querySelector<HTMLInputElement>("#say input")!.value = "hi bob";
      document.querySelector<HTMLFormElement>("#say")!.requestSubmit();
    });
    await page.until(() => document.querySelector("#messages li:last-child")?.textContent === "ann: hi bob");
    await bob.close();
  });

  test("nobody speaks for another, takes another's Client Identifier, or comes with a token of their own making", async () => {
    const bob = await enter("bob");
    await expect(bob.publish("chat/dev/room/ann", "I owe bob 5", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
    await bob.close();
    await expect(enter("bob", "ann-1")).rejects.toMatchObject({ reasonCode: 0x87 });
    await expect(enter("bob", "bob-1", "e30.forged")).rejects.toMatchObject({ reasonCode: 0x87 });
  });

  async function enter(user: string, clientId = `${user}-test`, forged?: string): ReturnType<typeof open> {
    const answer = (await (await fetch(`${url}token?user=${user}`)).json()) as { token: string };
    return open(clientId, forged ?? answer.token);
  }

  async function open(clientId: string, password: string): Promise<ReturnType<typeof connect>> {
    const credentials = { query: { "x-amz-customauthorizer-name": "chat" }, username: "", password };
    const client = connect(broker.urls[0] ?? "", { reconnect: false, session: { clientId }, credentials });
    client.on("attemptFailed", () => {});
    await client.online();
    return client;
  }
});
