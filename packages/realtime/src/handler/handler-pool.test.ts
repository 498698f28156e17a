import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { authorizerEvent } from "../request/authorizer-event.ts";
import { type HandlerOptions, HandlerPool } from "./handler-pool.ts";

/** What it does is told by the Client Identifier of the event. */
const HANDLER = `
const kept = [];
export const handler = async (event, context) => {
  const { clientId } = event.protocolData.mqtt;
  if (clientId === "throws") throw new TypeError("no such user");
  if (clientId === "hangs") return new Promise(() => {});
  if (clientId === "loops") for (;;);
  if (clientId === "exits") process.exit(7);
  if (clientId === "dies") process.kill(process.pid, "SIGKILL");
  if (clientId === "eats") for (;;) kept.push(new Array(100_000).fill(clientId));
  if (clientId === "rejects-later") { setTimeout(() => Promise.reject(new Error("later")), 0); return new Promise(() => {}); }
  if (clientId === "garbage") { const one = {}; one.self = one; return one; }
  if (clientId === "prints") console.log("a line");
  if (clientId === "prints-on") process.stdout.write("x".repeat(100_000));
  if (clientId === "much") return "x".repeat(65_536);
  if (clientId === "sends") for (const sent of [null, "ready", { kind: "answer" }, { kind: "ready" }]) process.send(sent);
  if (clientId === "sends-no-json") {
    for (const id of [1, 2]) process.send({ kind: "answer", id, json: "{" });
    return new Promise(() => {});
  }
  if (clientId === "waits") await new Promise((resolve) => setTimeout(resolve, 300));
  return { clientId, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis(), names: Object.keys(process.env).sort() };
};
export const byCallback = (event, context, callback) => callback(null, "called back");
export const bySynchronous = () => "passed over";
`;

let folder: string;
let module: string;
let pool: HandlerPool | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-handler-"));
  module = await write("handler.mjs", HANDLER);
});
afterEach(async () => {
  await pool?.close();
  pool = undefined;
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return pathToFileURL(join(folder, name)).href;
}

const functionArn = "arn:aws:lambda:us-east-1:000000000000:function:chat";

async function open(more: Partial<HandlerOptions> = {}): Promise<HandlerPool> {
  pool = await HandlerPool.open({ module, functionArn, processes: 1, ...more });
  return pool;
}

async function call(clientId: string): Promise<unknown> {
  return pool?.call(authorizerEvent({ connectionId: "1", clientId }));
}

test("a handler gets the event and Lambda's context, and the environment that is named alone", async () => {
  await open({ environment: { GREETING: "hello" } });
  const answer = (await call("plain")) as { left: number; names: string[] };
  expect(answer).toMatchObject({ clientId: "plain", arn: functionArn });
  expect(answer.left).toBeGreaterThan(3_000);
  // Node adds those of the channel to its parent.
  expect(answer.names.filter((name) => !name.startsWith("NODE_CHANNEL"))).toEqual(["GREETING"]);
});

test("a handler may call back; one that does neither is told so", async () => {
  await open({ handler: "byCallback" });
  expect(await call("c1")).toBe("called back");
  await pool?.close();
  await open({ handler: "bySynchronous" });
  await expect(call("c1")).rejects.toThrow("the handler answered without a promise");
});

test.each([
  ["throws", "it threw TypeError: no such user"],
  ["garbage", "it threw TypeError: Converting circular structure"],
  ["much", "it threw RangeError: the answer is longer than 65536 characters"],
])("a handler that %s costs its own call", async (what, words) => {
  await open();
  const others = ["a", "waits"].map(call);
  await expect(call(what)).rejects.toThrow(words);
  expect(await Promise.all(others)).toMatchObject([{ clientId: "a" }, { clientId: "waits" }]);
});

test("a handler that sends by the channel of its process costs its own calls", async () => {
  await open();
  expect(await call("sends")).toMatchObject({ clientId: "sends" });
  await expect(call("sends-no-json")).rejects.toThrow("its answer is no JSON");
  expect(await call("a")).toMatchObject({ clientId: "a" });
});

test("a handler that hangs costs its own call, which ends in time", async () => {
  await open({ timeoutMs: 1_000 });
  const hanging = call("hangs").catch(String);
  expect(await call("a")).toMatchObject({ clientId: "a" });
  expect(await hanging).toContain("it did not answer within 1000 ms");
  expect(await call("b")).toMatchObject({ clientId: "b" });
  expect(pool?.callCount).toBe(0);
});

test.each([
  ["exits", "it ended its process with exit code 7"],
  ["dies", "its process was ended by SIGKILL"],
  ["loops", "it did not react any more"],
  ["eats", "its process was ended by SIGABRT"],
  ["rejects-later", "it ended its process with exit code 1"],
])("a handler that %s costs its own call, and the others are made once more", async (what, words) => {
  const crashes: string[] = [];
  await open({ timeoutMs: 20_000, memoryMegabytes: 32, onCrash: (why) => crashes.push(why) });
  const others = ["waits", "waits"].map(call);
  await expect(call(what)).rejects.toThrow(words);
  expect(await Promise.all(others)).toMatchObject([{ clientId: "waits" }, { clientId: "waits" }]);
  expect(crashes).toHaveLength(1);
  expect(await call("after")).toMatchObject({ clientId: "after" });
});

test.each([
  ["prints", "a line"],
  ["prints-on", "x".repeat(2_000)],
])("lines that it %s are handed on, ended or not", async (what, words) => {
  const lines: string[] = [];
  let wasPrinted = (): void => undefined;
  const printed = new Promise<void>((resolve) => (wasPrinted = resolve));
  await open({
    onOutput: (line, stream) => {
      lines.push(`${stream}: ${line}`);
      wasPrinted();
    },
  });
  await call(what);
  await printed;
  expect(lines).toEqual([`stdout: ${words}`]);
});

test.each([
  ["does not parse", "export const handler = (", "it cannot be loaded: SyntaxError"],
  ["throws", "throw new Error('no database')", "it cannot be loaded: Error: no database"],
  ["exports something else", "export const other = 1", "it cannot be loaded: it exports no function handler"],
])("a module that %s is refused at the start", async (name, text, words) => {
  const bad = await write(`${name.replaceAll(" ", "-")}.mjs`, text);
  await expect(open({ module: bad })).rejects.toThrow(words);
});

test("another module takes over: calls under way end where they are; one that cannot be loaded changes nothing", async () => {
  await open();
  const old = call("waits");
  await pool?.replace(await write("next.mjs", "export const handler = async () => 'next';"));
  expect(await call("a")).toBe("next");
  expect(await old).toMatchObject({ clientId: "waits" });
  await expect(pool?.replace(await write("bad.mjs", "export const handler = (")) ?? Promise.resolve()).rejects.toThrow(
    "it cannot be loaded",
  );
  expect(await call("a")).toBe("next");
});

test("after the end nothing is called, and what was under way is told", async () => {
  await open();
  const waiting = call("waits").catch(String);
  await pool?.close();
  expect(await waiting).toContain("the broker is ending");
  await expect(call("a")).rejects.toThrow("the broker is ending");
});

test("a handler that runs in a circle ends with the process that called it, however that ended", async () => {
  const looping = await write(
    "circle.mjs",
    `import { writeFileSync } from "node:fs"; writeFileSync(process.env.PID_FILE, String(process.pid)); for (;;);`,
  );
  const PID_FILE = join(folder, "circle.pid");
  const options = JSON.stringify({ module: looping, functionArn, processes: 1, environment: { PID_FILE } });
  const compiled = new URL("../../dist/handler/handler-pool.js", import.meta.url).href;
  const program = `const { HandlerPool } = await import("${compiled}"); await HandlerPool.open(${options});`;
  const caller = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "ignore", "inherit"] });
  const pid = await expect
    .poll(async () => Number(await readFile(PID_FILE, "utf8").catch(() => "0")), { timeout: 10_000 })
    .toBeGreaterThan(0)
    .then(async () => Number(await readFile(PID_FILE, "utf8")));
  caller.kill("SIGKILL");
  await once(caller, "exit");
  await expect.poll(() => isRunning(pid), { timeout: 10_000, interval: 100 }).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
