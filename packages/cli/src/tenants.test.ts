import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EndedCommand, runInProcess } from "./testing/run-in-process.ts";

/*
 * Tenants as people make and use them: with the commands that are printed, as processes, at one broker for all tests. What is not pasted runs in this
 * process, since a start of Node costs more than what it is started for.
 */

const root = join(import.meta.dirname, "../../..");
const bin = join(root, "packages/cli/bin/bowline.js");

const folder = mkdtempSync(join(tmpdir(), "bowline-tenant-"));
const inFolder = (name: string): string => join(folder, name);
let broker: ChildProcess;
let urls: string[] = [];
let admin = "";

beforeAll(up, 30_000);
afterAll(async () => {
  await down();
  rmSync(folder, { recursive: true });
});

async function up(): Promise<void> {
  const listen = ["--listen", "mqtts://localhost:0", "--listen", "wss://localhost:0/mqtt", "--no-console"];
  writeFileSync(inFolder("bowline.json"), JSON.stringify({ admin: { listen: "http://127.0.0.1:0" } }));
  broker = spawn(process.execPath, [bin, "up", "--config", "bowline.json", ...listen], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(broker, "exit").then(() => Promise.reject(new Error("the broker ended before it was ready")));
  const [line] = (await Promise.race([once(createInterface({ input: broker.stdout! }), "line"), exited])) as [string];
  exited.catch(() => {});
  urls = line.split(" ").slice(1);
  admin = urls.pop()!;
}

async function down(): Promise<void> {
  const ended = once(broker, "exit");
  if (broker.exitCode === null && broker.kill("SIGKILL")) await ended;
}

/** A command in a process of its own, in the folder of the broker. */
function run(file: string, ...args: string[]): Promise<EndedCommand> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));
  return new Promise((resolve) => {
    execFile(file, args, { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

const pasted = (command: string): Promise<EndedCommand> =>
  run("sh", "-c", `exec ${command.replace(/^bowline/, `'${process.execPath}' '${bin}'`)}`);

/** A command about the broker of the folder. */
const here = (...args: string[]): Promise<EndedCommand> => runInProcess(...args, "--data", inFolder(".bowline"));

test("a tenant is made, used as printed, by --sni and --connect-to, paused, deleted and gone", async () => {
  const created = await run(process.execPath, bin, "tenant", "create", "acme");
  expect(created).toMatchObject({ code: 0, stderr: "" });
  const [, sub = ""] = /^ {2}(bowline sub .*)$/m.exec(created.stdout) ?? [];
  const [, pub = ""] = /^ {2}(bowline pub .*)$/m.exec(created.stdout) ?? [];
  expect(sub).toContain("mqtts://acme.localhost:");
  const retained = await pasted(`${pub} --retain -q 1`);
  expect(retained).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect(await pasted(`${sub} -C 1 -W 15`)).toMatchObject({ code: 0, stdout: "demo/hello Hello from acme\n" });

  // The same by another name, over TLS and over WebSocket, where the name must not contradict the Host header.
  const login = ["--credentials", ".bowline/tenants/acme/first-user.json", "-t", "demo/#", "-C", "1", "-W", "15"];
  for (const url of urls) {
    const came = await run(process.execPath, bin, "sub", url, "--sni", "acme.localhost", ...login);
    expect(came).toMatchObject({ code: 0, stdout: "Hello from acme\n" });
  }

  expect((await here("tenant", "pause", "acme")).stdout).toMatch(/^acme +paused +acme\.localhost\n$/);
  expect(await pasted(pub)).toMatchObject({ code: 3, stderr: expect.stringContaining("UNAVAILABLE") as string });
  await here("tenant", "resume", "acme");
  expect((await here("tenant", "plans")).stdout).toMatch(/^serverless\n {2}maximumUsers +2000\n/);
  expect((await here("tenant", "plan", "acme", "serverless", "--json")).stdout).toContain('"plan":"serverless"');
  expect((await here("tenant", "usage", "acme")).stdout).toMatch(/^\d{4}-\d\d +\d+\.\d session minutes {2}1 in {2}/);
  expect((await here("tenant", "show", "default")).stdout).toBe("default              active\n");
  expect(await here("tenant", "pause", "default")).toMatchObject({ code: 2 });
  expect(await here("tenant", "delete", "acme")).toMatchObject({ code: 0, stdout: "" });
  expect(await here("tenant", "list")).toMatchObject({ code: 0, stdout: "" });
  expect(await pasted(pub)).toMatchObject({ code: 2 });
}, 60_000);

test("plans are made, of another one too, changed, shown and deleted", async () => {
  await here("tenant", "create", "planned", "--no-user");
  const made = await here("plan", "create", "small", "maximumSessions=100", "maximumUsers=20");
  expect(made).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^small\n {2}maximumUsers +20\n {2}maximumSessions +100\n$/) as string,
  });
  expect((await here("plan", "create", "free", "--from", "serverless", "maximumSessions=5", "maximumUsers=")).stdout).toMatch(
    /^free\n {2}maximumRules +2000\n {2}maximumRulesPerUser +100\n(?: .*\n)+ {2}maximumSessions +5\n/,
  );
  expect((await here("tenant", "plan", "planned", "small")).stdout).toMatch(
    /^planned +active +planned\.localhost {2}plan small\n$/,
  );
  const changed = await here("plan", "set", "small", "queueFull=dropOldest", "maximumSessions=", "--json");
  expect(JSON.parse(changed.stdout)).toEqual({ v: 1, name: "small", maximumUsers: 20, limits: { queueFull: "dropOldest" } });
  expect((await here("plan", "list")).stdout).toMatch(/^serverless\n(?: .*\n)+small\n(?: .*\n)+free\n/);
  for (const wrong of [
    ["create", "small"],
    ["set", "small"],
    ["set", "small", "maximumSessions"],
    ["set", "small", "maximumSessions=many"],
    ["set", "small", "connectTimeoutMs=1"],
    ["delete", "small"],
    ["forget", "small"],
  ]) {
    const { code, stderr } = await here("plan", ...wrong);
    expect([wrong.join(" "), code]).toEqual([wrong.join(" "), 2]);
    expect(stderr).toMatch(/^error\[[A-Z_]+\]/);
  }
  expect(await here("plan", "show", "none")).toMatchObject({ code: 1, stderr: expect.stringContaining("PLAN_UNKNOWN") as string });
  await here("tenant", "delete", "planned");
  for (const name of ["small", "free"]) expect(await here("plan", "delete", name)).toMatchObject({ code: 0, stdout: "" });
  expect((await here("plan", "list")).stdout).toMatch(/^serverless\n(?: .*\n)+$/);
}, 60_000);

test("a key of a tenant lets a script elsewhere manage that tenant and no other", async () => {
  await here("tenant", "create", "one", "--no-user");
  await here("tenant", "create", "two", "--no-user");
  const file = inFolder("one.key");
  expect((await here("key", "create", "--tenant", "one", "--name", "devices", "-o", file)).stdout).toMatch(/^[0-9a-f]{16}\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const remote = ["--url", admin, "--key-file", file];
  expect((await runInProcess("user", "add", "ann", "--generate", ...remote)).code).toBe(0);
  expect((await here("user", "list", "--tenant", "one")).stdout).toBe("ann\n");
  expect(await runInProcess("user", "list", "--tenant", "two", ...remote)).toMatchObject({ code: 1 });
  expect(await runInProcess("tenant", "list", ...remote)).toMatchObject({ code: 4 });
  const [, id = ""] = /^([0-9a-f]{16}) {2}one +full {2}devices$/m.exec((await here("key", "list")).stdout) ?? [];
  await here("key", "rotate", id, "-o", file);
  expect((await runInProcess("user", "list", ...remote)).stdout).toBe("ann\n");
  expect(await here("key", "rotate", id, "-o", inFolder("none/one.key"))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`(ENOENT), so nobody has the secret of key ${id}`) as string,
  });
  await here("key", "remove", id);
  expect(await runInProcess("user", "list", ...remote)).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("ADMIN_REFUSED") as string,
  });
}, 60_000);

test("that a new user may do nothing yet is said with the command that changes it, beside the JSON", async () => {
  await here("tenant", "create", "mute", "--no-user");
  const add = (name: string): Promise<EndedCommand> => here("user", "add", name, "--tenant", "mute", "--generate", "--json");
  const ann = await add("ann o'neil");
  expect(JSON.parse(ann.stdout)).toMatchObject({ v: 1, username: "ann o'neil" });
  const [, command = ""] = /^note: no rule lets .* publish or subscribe yet: (.*)\n$/.exec(ann.stderr) ?? [];
  expect(command).toMatch(/^bowline acl add allow both TOPIC --user 'ann o'\\''neil' --tenant mute --data \S+$/);
  await here("acl", "add", "allow", "publish", "a", "--user", "bob", "--tenant", "mute");
  await here("acl", "add", "deny", "both", "b", "--tenant", "mute");
  expect((await add("cid")).stderr).toContain("--user cid ");
  expect((await add("bob")).stderr).toBe("");
  await here("acl", "add", "allow", "subscribe", "${username}/#", "--tenant", "mute");
  expect((await add("dan")).stderr).toBe("");
}, 60_000);

test("without a broker users, rules and the state of a tenant are changed in the store", async () => {
  await here("tenant", "create", "away", "--no-user", "--host", "mqtt.localhost");
  await down();
  expect((await here("user", "add", "ann", "--tenant", "away", "--generate")).stdout).toHaveLength(25);
  await here("acl", "add", "allow", "both", "#", "--tenant", "away");
  expect((await here("user", "list", "--tenant", "away")).stdout).toBe("ann\n");
  expect((await here("tenant", "pause", "away", "--json")).stdout).toContain('"hosts":["away.localhost","mqtt.localhost"]');
  expect((await here("tenant", "show", "default", "--json")).stdout).toBe('{"v":1,"name":"default","state":"active","hosts":[]}\n');
  expect(await here("tenant", "create", "beta")).toMatchObject({ code: 3 });
  expect(await here("plan", "list")).toMatchObject({ code: 3 });
  await up();
  expect((await here("tenant", "show", "away")).stdout).toContain("paused");
  expect((await here("acl", "list", "--tenant", "away")).stdout).toContain("rule-1");

  writeFileSync(inFolder("users.csv"), "username,password\nbob,one\ncid,two\n");
  const imported = await here("user", "import", inFolder("users.csv"), "--from", "emqx", "--tenant", "away");
  expect(imported).toMatchObject({ code: 0, stdout: "2 users imported\n" });
  const exported = (await here("user", "export", "--tenant", "away")).stdout;
  expect(exported).toMatch(/^user_id,password_hash,salt,is_superuser\nann,"?\$argon2id.*\nbob,.*\ncid,/);
  writeFileSync(inFolder("hashes.csv"), exported);
  expect((await here("user", "import", inFolder("hashes.csv"), "--from", "emqx")).stdout).toBe("3 users imported\n");
  const login = ["-u", "bob", "--password-file", inFolder("bob"), "--ca", inFolder(".bowline/ca.pem")];
  writeFileSync(inFolder("bob"), "one\n");
  await here("acl", "add", "allow", "both", "#", "--user", "bob");
  expect(await runInProcess("pub", urls[0]!, ...login, "-t", "a", "-m", "b", "-q", "1")).toMatchObject({ code: 0 });
}, 60_000);
