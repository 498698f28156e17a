import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CommandFolder, type Ended, type RunningCommand } from "@bowline/testkit/system";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AdminClient } from "./admin-client.ts";

/* The command as people run it: a process of its own, made of the built files. */

const root = join(import.meta.dirname, "../../..");
const bin = join(root, "packages/cli/bin/bowline.js");
const ANY_PORT = ["--listen", "mqtts://localhost:0", "--no-console"];

let commands: CommandFolder;
let folder = "";

beforeEach(() => {
  commands = new CommandFolder();
  folder = commands.path;
});
afterEach(() => commands.remove());

function bowline(...args: string[]): RunningCommand {
  return commands.bowline(...args);
}

/** Starts a broker and resolves with its first listener when it is ready. */
async function up(...args: string[]): Promise<{ run: RunningCommand; url: string }> {
  const run = bowline("up", ...(args.includes("--listen") ? args : [...ANY_PORT, ...args]));
  const [, url = ""] = await run.says(/^ready (\S+)/m);
  return { run, url };
}

/** A start that must fail: with one error, a remedy, nothing on standard output and no stack. */
async function failedStart(...args: string[]): Promise<Ended> {
  const ended = await bowline("up", ...(args.includes("--listen") ? args : [...ANY_PORT, ...args])).ended;
  expect(ended.stdout).toBe("");
  expect(ended.stderr.match(/^error\[/gm)).toHaveLength(1);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  expect(ended.stderr.split("\n").length).toBeGreaterThan(2);
  return ended;
}

describe("bowline up", () => {
  test("the first start makes a user, and the printed commands work as pasted", async () => {
    const { run } = await up();
    const [, subscriber = ""] = /^ {2}(bowline sub .*)$/m.exec(run.stderr) ?? [];
    const [, publisher = ""] = /^ {2}(bowline pub .*)$/m.exec(run.stderr) ?? [];
    const [, password = ""] = /Password +(\S+)/.exec(run.stderr) ?? [];
    expect(password).toHaveLength(24);
    expect(statSync(join(folder, ".bowline/first-user.json")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, ".bowline")).mode & 0o777).toBe(0o700);

    const shell = (command: string): RunningCommand => commands.paste(command);
    const receiving = shell(`${subscriber} -C 1 -W 15`);
    // The subscription is there when the broker says so; until then a message would be missed.
    await isSubscribed(1);
    expect(await shell(publisher).ended).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await receiving.ended).toMatchObject({ code: 0, stdout: "demo/hello Hello from Bowline\n", stderr: "" });
    await run.kill("SIGTERM");
  });

  test("a second start keeps the user and retained messages, and shows no password", async () => {
    const first = await up();
    const [, password = ""] = /Password +(\S+)/.exec(first.run.stderr) ?? [];
    const retain = ["-t", "state", "-m", "on", "-q", "1", "--retain"];
    expect(await bowline("pub", first.url, "--credentials", ".bowline/first-user.json", ...retain).ended).toMatchObject({
      code: 0,
    });
    await first.run.kill("SIGTERM");

    const second = await up();
    expect(second.run.stderr).not.toContain(password);
    expect(second.run.stderr).not.toContain("Password");
    const received = await bowline(
      "sub",
      "--credentials",
      ".bowline/first-user.json",
      "-t",
      "state",
      "-C",
      "1",
      "-W",
      "10",
      "--json",
    ).ended;
    expect(received.code).toBe(0);
    expect(JSON.parse(received.stdout)).toMatchObject({
      v: 1,
      topic: "state",
      payload: "on",
      encoding: "utf8",
      retain: true,
      qos: 0,
    });
    await second.run.kill("SIGINT");
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s ends it cleanly within 2 s while clients are connected", async (signal) => {
    const { run, url } = await up();
    const client = bowline("sub", url, "--credentials", ".bowline/first-user.json", "-t", "a");
    await isSubscribed(1);
    const before = performance.now();
    expect(await run.kill(signal)).toMatchObject({ code: 0 });
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(existsSync(join(folder, ".bowline/admin.sock"))).toBe(false);
    expect(await client.kill("SIGINT")).toMatchObject({ code: 130 });
  });

  test("--memory leaves the credentials of the store in the same folder alone", async () => {
    const first = await up();
    await first.run.kill("SIGTERM");
    const forgetful = await up("--memory");
    await forgetful.run.kill("SIGTERM");
    const again = await up();
    const published = await bowline("pub", again.url, "--credentials", ".bowline/first-user.json", "-t", "a", "-m", "b", "-q", "1")
      .ended;
    expect(published).toMatchObject({ code: 0, stderr: "" });
  });

  test("secrets are neither logged nor in the ready line, and a log of JSON has nothing else in it", async () => {
    const { run } = await up("--log-level", "trace", "--log-format", "json");
    const file = join(folder, ".bowline/first-user.json");
    const { password } = JSON.parse(readFileSync(file, "utf8")) as { password: string };
    await bowline("pub", "--credentials", ".bowline/first-user.json", "-t", "a", "-m", "b", "-q", "1").ended;
    const ended = await run.kill("SIGTERM");
    const logged = ended.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged.length).toBeGreaterThan(2);
    expect(logged[0]).toMatchObject({ message: "running", username: "dev", credentials: file });
    expect(password).toMatch(/\S{20}/);
    for (const text of [ended.stderr, ended.stdout]) expect(text).not.toContain(password);
    expect(ended.stderr).not.toContain("sign-in");
  });

  test.skipIf(!existsSync("/dev/full"))("it goes on when what it says can be written nowhere", async () => {
    const full = openSync("/dev/full", "w");
    const socket = join(folder, "socket");
    const args = ["up", "--memory", "--anonymous", "--no-console", "--listen", `unix:${socket}`];
    const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: ["ignore", full, full] });
    closeSync(full);
    const ended = once(child, "close");
    await vi.waitUntil(() => existsSync(socket) || child.exitCode !== null, { timeout: 20_000 });
    expect(await bowline("pub", `unix:${socket}`, "-t", "a", "-m", "b", "-q", "1").ended).toMatchObject({ code: 0 });
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  test("without a console and with other listeners only those are opened", async () => {
    const { run } = await up(
      "--memory",
      "--anonymous",
      "--no-console",
      "--listen",
      "mqtt://127.0.0.1:0",
      "--listen",
      "ws://127.0.0.1:0",
    );
    expect(run.stdout).toMatch(/^ready mqtt:\/\/127\.0\.0\.1:\d+ ws:\/\/127\.0\.0\.1:\d+\/mqtt\n$/);
    const [, url = ""] = /^ready (\S+)/.exec(run.stdout) ?? [];
    expect(await bowline("pub", url, "-t", "a", "-m", "b", "-q", "1").ended).toMatchObject({ code: 0 });
    await run.kill("SIGTERM");
  });
});

describe("bad input is named, and nothing stored is lost", () => {
  test("a port in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const ended = await failedStart("--no-console", "--listen", `mqtts://127.0.0.1:${port}`);
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(new RegExp(`^error\\[PORT_IN_USE\\].*${port}`)) });
    other.close();
    await (await up()).run.kill("SIGTERM");
  });

  test("an unreadable certificate", async () => {
    writeFileSync(join(folder, "bowline.yaml"), "tls: {certificate: missing.pem, key: missing.key}\n");
    const missing = await failedStart("--config", "bowline.yaml");
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error\[CERTIFICATE_UNREADABLE\].*missing\.pem/) });
    writeFileSync(join(folder, "missing.pem"), "no certificate");
    expect((await failedStart("--config", "bowline.yaml")).stderr).toContain("error[CERTIFICATE_UNREADABLE]");
    await (await up()).run.kill("SIGTERM");
    writeFileSync(join(folder, ".bowline/ca.pem"), "damaged");
    expect((await failedStart()).stderr).toMatch(/^error\[CERTIFICATE_UNREADABLE\].*ca\.pem/);
  });

  test("a configuration with an unknown key", async () => {
    writeFileSync(join(folder, "bowline.yaml"), "# mine\nanonymus: true\n");
    const ended = await failedStart("--config", "bowline.yaml");
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('bowline.yaml:2:1: unknown key "anonymus"; did you mean "anonymous"?');
    expect(existsSync(join(folder, ".bowline"))).toBe(false);
  });

  test.each([
    [["--listen", "http://localhost"], "LISTEN_URL_INVALID", 2],
    [["--listen", "mqtt://0.0.0.0:0"], "PLAINTEXT_OFF_LOOPBACK", 2],
    [["--console", "http://localhost"], "LISTEN_URL_INVALID", 2],
    [["--config", "none.yaml"], "CONFIG_UNREADABLE", 2],
    [["--datta", "x"], "USAGE", 2],
    [["--log-level", "loud"], "CONFIG_INVALID", 2],
    [["--nats", "nats://localhost"], "USAGE", 2],
    [["--data", "/dev/null/bowline"], "DATA_DIR_UNWRITABLE", 1],
  ] as const)("up %j answers %s", async (args, code, exitCode) => {
    const ended = await bowline("up", ...args).ended;
    expect(ended).toMatchObject({ code: exitCode, stdout: "", stderr: expect.stringContaining(`error[${code}]`) });
  });

  test("a data folder in use by another process, which goes on undisturbed", async () => {
    const { run, url } = await up();
    expect(await failedStart()).toMatchObject({ code: 1, stderr: expect.stringContaining("error[STORE_IN_USE]") });
    expect(await failedStart("--memory")).toMatchObject({ code: 1, stderr: expect.stringContaining("error[STORE_IN_USE]") });
    expect(
      await bowline("pub", url, "--credentials", ".bowline/first-user.json", "-t", "a", "-m", "b", "-q", "1").ended,
    ).toMatchObject({ code: 0 });
    await run.kill("SIGTERM");
  });

  test("a damaged store is refused and left as it is", async () => {
    const { run } = await up();
    await run.kill("SIGKILL");
    const file = join(folder, ".bowline/store/data.mdb");
    const damaged = readFileSync(file);
    damaged.fill(0xa5, 8_192, Math.min(damaged.length, 65_536));
    writeFileSync(file, damaged);
    const ended = await failedStart();
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("error[STORE_DAMAGED]") });
    expect(readFileSync(file).equals(damaged)).toBe(true);
  });

  test("killed without warning, it starts again with its users", async () => {
    const { run } = await up();
    await run.kill("SIGKILL");
    expect(existsSync(join(folder, ".bowline/admin.sock"))).toBe(true);
    const again = await up();
    expect(await bowline("user", "list").ended).toMatchObject({ code: 0, stdout: "dev\n" });
    await again.run.kill("SIGTERM");
  });
});

describe("bowline user", () => {
  test("works through the running broker, and clients of a changed user are disconnected", async () => {
    const { run, url } = await up();
    const added = await bowline("user", "add", "ann", "--generate").ended;
    expect(added.stdout).toMatch(/^[\w]{24}\n$/);
    writeFileSync(join(folder, "pw"), added.stdout);
    expect(await bowline("acl", "add", "allow", "both", "a", "--user", "ann").ended).toMatchObject({ code: 0, stdout: "rule-1\n" });
    const login = [url, "--ca", ".bowline/ca.pem", "-u", "ann", "--password-file", "pw"];
    const client = bowline("sub", ...login, "-t", "a");
    await isSubscribed(1);
    expect(await bowline("user", "remove", "ann").ended).toMatchObject({ code: 0 });
    expect(await bowline("pub", ...login, "-t", "a", "-m", "b").ended).toMatchObject({ code: 4 });
    expect(await client.ended).toMatchObject({ code: 4 });
    expect(await bowline("user", "remove", "ann").ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error[USER_UNKNOWN]"),
    });
    await run.kill("SIGTERM");
  });

  test("disable and enable work through the broker and on the store", async () => {
    const { run } = await up();
    expect(await bowline("user", "disable", "dev").ended).toMatchObject({ code: 0, stderr: "" });
    expect(await bowline("user", "list").ended).toMatchObject({ stdout: "dev  disabled\n" });
    const login = ["--credentials", ".bowline/first-user.json", "-t", "a", "-m", "b", "-q", "1"];
    expect(await bowline("pub", ...login).ended).toMatchObject({ code: 4, stderr: expect.stringContaining("NOT_AUTHORIZED") });
    await run.kill("SIGTERM");
    expect(JSON.parse((await bowline("user", "list", "--json").ended).stdout)).toMatchObject({ username: "dev", disabled: true });
    expect(await bowline("user", "enable", "dev").ended).toMatchObject({ code: 0 });
    const again = await up();
    expect(await bowline("pub", ...login).ended).toMatchObject({ code: 0 });
    await again.run.kill("SIGTERM");
  });

  test("works on the store when no broker runs, and a password that holds no more is not kept", async () => {
    await (await up()).run.kill("SIGTERM");
    writeFileSync(join(folder, "pw"), "another password\n");
    expect(await bowline("user", "add", "bob", "--password-file", "pw").ended).toMatchObject({
      code: 0,
      stderr: "note: no rule lets bob publish or subscribe yet: bowline acl add allow both TOPIC --user bob\n",
    });
    expect(await bowline("user", "list").ended).toMatchObject({ stdout: "bob\ndev\n" });
    expect(await bowline("acl", "add", "allow", "publish", "a", "--user", "bob").ended).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, ".bowline/first-user.json"))).toBe(true);
    expect(await bowline("user", "password", "dev", "--password-file", "pw").ended).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, ".bowline/first-user.json"))).toBe(false);
    const { run, url } = await up();
    for (const name of ["bob", "dev"]) {
      const login = [url, "--ca", ".bowline/ca.pem", "-u", name, "--password-file", "pw"];
      expect(await bowline("pub", ...login, "-t", "a", "-m", "b", "-q", "1").ended).toMatchObject({ code: 0 });
    }
    await run.kill("SIGTERM");
  });

  test("a folder without a store is named", async () => {
    expect(await bowline("user", "list").ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error[STORE_UNREADABLE]"),
    });
  });
});

describe("bowline pub and sub", () => {
  test("lines of standard input are messages, in order", async () => {
    const { run, url } = await up();
    const login = [url, "--credentials", ".bowline/first-user.json"];
    const receiving = bowline("sub", ...login, "-t", "n", "-q", "1", "-C", "1000", "-W", "15");
    await isSubscribed(1);
    const publishing = bowline("pub", ...login, "-t", "n", "-q", "1", "-l");
    const lines = Array.from({ length: 1_000 }, (_, i) => `line ${i}`).join("\n");
    publishing.child.stdin?.end(`${lines}\n`);
    expect(await publishing.ended).toMatchObject({ code: 0, stderr: "" });
    expect(await receiving.ended).toMatchObject({ code: 0, stdout: `${lines}\n` });
    await run.kill("SIGTERM");
  });

  test("too few messages in time fail, and a reader that goes away ends it without a word", async () => {
    const { run, url } = await up();
    const login = [url, "--credentials", ".bowline/first-user.json"];
    const waiting = await bowline("sub", ...login, "-t", "a", "-C", "1", "-W", "1").ended;
    expect(waiting).toMatchObject({ code: 1, stdout: "", stderr: "only 0 of 1 messages came within 1 s\n" });
    expect(await bowline("sub", ...login, "-t", "a", "-W", "1").ended).toMatchObject({ code: 0, stdout: "" });
    await run.kill("SIGTERM");
  });

  test("a silent standard input does not hold the end up: Ctrl-C, a time limit, a broker that goes", async () => {
    const { run, url } = await up();
    const lines = ["pub", url, "--credentials", ".bowline/first-user.json", "-t", "n", "-l", "--json"];
    const [interrupted, limited, left] = [bowline(...lines), bowline(...lines, "-W", "2"), bowline(...lines)];
    for (const each of [interrupted, limited, left]) each.child.stdin?.write("first\n");
    await Promise.all([interrupted, limited, left].map((each) => each.says('"published"')));
    expect(await interrupted.kill("SIGINT")).toMatchObject({ code: 130, stderr: "" });
    expect(await limited.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("not all was acknowledged within 2 s") });
    await run.kill("SIGTERM");
    expect(await left.ended).toMatchObject({ code: expect.toSatisfy((code) => code === 1 || code === 3) });
  });

  test("who may not publish leaves no session behind", async () => {
    const { run, url } = await up();
    writeFileSync(join(folder, "pw"), "secretsecret");
    await bowline("user", "add", "guest", "--password-file", "pw").ended;
    const login = ["--ca", ".bowline/ca.pem", "-u", "guest", "--password-file", "pw"];
    const refused = await bowline("pub", url, ...login, "-t", "a", "-m", "b", "-q", "1").ended;
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining("error[PUB_DENIED]") });
    // The broker's own words, which its PUBACK brings.
    expect(refused.stderr).toContain("no rule matches, which means deny");
    const admin = new AdminClient(join(folder, ".bowline/admin.sock"));
    expect(await admin.request("GET", "/api/v5/clients")).toMatchObject({ data: [] });
    await run.kill("SIGTERM");
  });

  test("exit codes tell unreachable from refused from wrong usage", async () => {
    const { run, url } = await up();
    writeFileSync(join(folder, "pw"), "wrong");
    const message = ["-t", "a", "-m", "b"];
    const ca = ["--ca", ".bowline/ca.pem"];
    const cases: [string[], number, string][] = [
      [["pub", url, ...ca, "-u", "dev", "--password-file", "pw", ...message], 4, "BAD_CREDENTIALS"],
      [["pub", url, ...ca, ...message], 4, "NOT_AUTHORIZED"],
      [["sub", url, "-t", "a"], 3, "TLS_UNKNOWN_CA"],
      [["sub", url.replace("mqtts", "mqtt"), "-t", "a"], 3, "PLAIN_TO_TLS"],
      [["pub", "mqtt://localhost:1", ...message], 3, "TCP_REFUSED"],
      [["pub", url, "-t", "a"], 2, "USAGE"],
      [["pub", url, ...message, "-P", "secret"], 2, "USAGE"],
      [["sub", url, "-t", "a", "-q", "3"], 2, "USAGE"],
      [["sub", "localhost", "-t", "a"], 2, "URL_INVALID"],
      [["sub", url, "-t", "a/#/b", ...ca, "--credentials", ".bowline/first-user.json"], 2, "FILTER_INVALID"],
      [["pub", url, ...message, "--credentials", "nothing.json"], 2, "OPTION_INVALID"],
    ];
    for (const [args, code, error] of cases) {
      const ended = await bowline(...args).ended;
      expect({ args, ...ended }).toMatchObject({ args, code, stdout: "", stderr: expect.stringContaining(`error[${error}]`) });
    }
    await run.kill("SIGTERM");
  });
});

describe("the command itself", () => {
  test("starts with little more work than Node itself", { timeout: 60_000 }, async () => {
    expect(await bowline("--version").ended).toMatchObject({ code: 0, stdout: `${version()}\n` });
    const node = cpuMs("-e 0");
    expect(cpuMs(`'${bin}' --version`) - node).toBeLessThan(40);
    // To a port where nobody listens, which takes a diagnosis as well. File by file it takes two and a half times what Node takes.
    expect(cpuMs(`'${bin}' pub mqtt://127.0.0.1:1 -t a -m b 2> /dev/null`) - node).toBeLessThan(2 * node);
  });

  test("every command has a help with examples", async () => {
    for (const command of ["up", "pub", "sub", "user", "config", "drain", "console", "trust", "explain"]) {
      const { code, stdout } = await bowline(command, "--help").ended;
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Usage: bowline [\s\S]*Examples:\n {2}bowline/);
    }
  });
});

/** CPU time of the cheapest of three runs of Node, in ms. */
function cpuMs(args: string): number {
  const runs = Array.from({ length: 3 }, () => {
    const output = execFileSync("bash", ["-c", `'${process.execPath}' ${args} > /dev/null; times`], { encoding: "utf8" });
    const [user = 0, system = 0] = [...(output.split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)].map(
      ([, minutes, seconds]) => Number(minutes) * 60_000 + Number(seconds) * 1_000,
    );
    return user + system;
  });
  return Math.min(...runs);
}

/** Resolves when the broker of the test's folder has that many subscriptions. */
async function isSubscribed(count: number): Promise<void> {
  const admin = new AdminClient(join(folder, ".bowline/admin.sock"));
  for (;;) {
    const { connections } = await admin.request<{ connections: { subscriptions: number }[] }>("GET", "/api/v1/connections");
    if (connections.reduce((sum, { subscriptions }) => sum + subscriptions, 0) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function version(): string {
  return (JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8")) as { version: string }).version;
}
