import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";

/* Tenants as people make and use them: with the commands that are printed. */

const root = join(import.meta.dirname, "../../..");
const bin = join(root, "packages/cli/bin/bowline.js");

let folder = "";
let broker: ChildProcess;
let urls: string[] = [];
let admin = "";

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bowline-tenant-"));
  await up();
});
afterEach(async () => {
  await down();
  rmSync(folder, { recursive: true });
});

async function up(): Promise<void> {
  const listen = ["--listen", "mqtts://localhost:0", "--listen", "wss://localhost:0/mqtt", "--no-console"];
  writeFileSync(join(folder, "bowline.json"), JSON.stringify({ admin: { listen: "http://127.0.0.1:0" } }));
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

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function run(file: string, ...args: string[]): Promise<Ended> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));
  return new Promise((resolve) => {
    execFile(file, args, { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

const bowline = (...args: string[]): Promise<Ended> => run(process.execPath, bin, ...args);
const pasted = (command: string): Promise<Ended> =>
  run("sh", "-c", `exec ${command.replace(/^bowline/, `'${process.execPath}' '${bin}'`)}`);

test("a tenant is made, used as printed, by --sni and --connect-to, paused, deleted and gone", async () => {
  const created = await bowline("tenant", "create", "acme");
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
    expect(await bowline("sub", url, "--sni", "acme.localhost", ...login)).toMatchObject({ code: 0, stdout: "Hello from acme\n" });
  }

  expect((await bowline("tenant", "pause", "acme")).stdout).toMatch(/^acme +paused +acme\.localhost\n$/);
  expect(await pasted(pub)).toMatchObject({ code: 3, stderr: expect.stringContaining("UNAVAILABLE") as string });
  await bowline("tenant", "resume", "acme");
  expect((await bowline("tenant", "plans")).stdout).toMatch(/^serverless\n {2}maximumUsers +2000\n/);
  expect((await bowline("tenant", "plan", "acme", "serverless", "--json")).stdout).toContain('"plan":"serverless"');
  expect((await bowline("tenant", "usage", "acme")).stdout).toMatch(/^\d{4}-\d\d +\d+\.\d session minutes {2}1 in {2}/);
  expect(await bowline("tenant", "delete", "acme")).toMatchObject({ code: 0, stdout: "" });
  expect(await bowline("tenant", "list")).toMatchObject({ code: 0, stdout: "" });
  expect(await pasted(pub)).toMatchObject({ code: 2 });
}, 60_000);

test("without a broker users, rules and the state of a tenant are changed in the store", async () => {
  await bowline("tenant", "create", "acme", "--no-user", "--host", "mqtt.localhost");
  await down();
  expect((await bowline("user", "add", "ann", "--tenant", "acme", "--generate")).stdout).toHaveLength(25);
  await bowline("acl", "add", "allow", "both", "#", "--tenant", "acme");
  expect((await bowline("user", "list", "--tenant", "acme")).stdout).toBe("ann\n");
  expect((await bowline("tenant", "pause", "acme", "--json")).stdout).toContain('"hosts":["acme.localhost","mqtt.localhost"]');
  expect(await bowline("tenant", "create", "beta")).toMatchObject({ code: 3 });
  await up();
  expect((await bowline("tenant", "show", "acme")).stdout).toContain("paused");
  expect((await bowline("acl", "list", "--tenant", "acme")).stdout).toContain("rule-1");

  writeFileSync(join(folder, "users.csv"), "username,password\nbob,one\ncid,two\n");
  const imported = await bowline("user", "import", "users.csv", "--from", "emqx", "--tenant", "acme");
  expect(imported).toMatchObject({ code: 0, stdout: "2 users imported\n" });
  const exported = (await bowline("user", "export", "--tenant", "acme")).stdout;
  expect(exported).toMatch(/^user_id,password_hash,salt,is_superuser\nann,"?\$argon2id.*\nbob,.*\ncid,/);
  writeFileSync(join(folder, "hashes.csv"), exported);
  expect((await bowline("user", "import", "hashes.csv", "--from", "emqx")).stdout).toBe("3 users imported\n");
  const login = ["-u", "bob", "--password-file", "bob", "--ca", ".bowline/ca.pem"];
  writeFileSync(join(folder, "bob"), "one\n");
  await bowline("acl", "add", "allow", "both", "#", "--user", "bob");
  expect(await bowline("pub", urls[0]!, ...login, "-t", "a", "-m", "b", "-q", "1")).toMatchObject({ code: 0 });
}, 60_000);

test("a key of a tenant lets a script elsewhere manage that tenant and no other", async () => {
  await bowline("tenant", "create", "acme", "--no-user");
  await bowline("tenant", "create", "beta", "--no-user");
  expect((await bowline("key", "create", "--tenant", "acme", "--name", "devices", "-o", "acme.key")).stdout).toMatch(
    /^[0-9a-f]{16}\n$/,
  );
  expect(statSync(join(folder, "acme.key")).mode & 0o777).toBe(0o600);
  const remote = ["--url", admin, "--key-file", "acme.key"];
  expect((await bowline("user", "add", "ann", "--generate", ...remote)).code).toBe(0);
  expect((await bowline("user", "list", "--tenant", "acme")).stdout).toBe("ann\n");
  expect(await bowline("user", "list", "--tenant", "beta", ...remote)).toMatchObject({ code: 1 });
  expect(await bowline("tenant", "list", ...remote)).toMatchObject({ code: 4 });
  const [, id = ""] = /^([0-9a-f]{16}) {2}acme +full {2}devices$/m.exec((await bowline("key", "list")).stdout) ?? [];
  await bowline("key", "rotate", id, "-o", "acme.key");
  expect((await bowline("user", "list", ...remote)).stdout).toBe("ann\n");
  await bowline("key", "remove", id);
  expect(await bowline("user", "list", ...remote)).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("ADMIN_REFUSED") as string,
  });
}, 60_000);
