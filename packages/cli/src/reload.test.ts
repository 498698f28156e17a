import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "@bowline/client";
import type { MqttError } from "@bowline/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AdminClient } from "./admin-client.ts";

/* Reloads of the command as operators do them: files, signals and the command line, against a process of its own. */

const root = join(import.meta.dirname, "../../..");
const bin = join(root, "packages/cli/bin/bowline.js");

let folder = "";
let broker: Up | undefined;
const clients = new Set<Client>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-reload-"));
});
afterEach(async () => {
  for (const each of clients) void each.abort();
  clients.clear();
  await broker?.end();
  broker = undefined;
  rmSync(folder, { recursive: true });
});

/** A broker whose log is read line by line. */
class Up {
  readonly child: ChildProcess;
  readonly urls: string[] = [];
  readonly log: Record<string, unknown>[] = [];
  #stdout = "";
  #stderr = "";
  #read = 0;

  /** @param openFiles How many files the process may open; undefined for as many as this one. */
  constructor(file: string, openFiles?: number) {
    const args = [bin, "up", "--config", file, "--memory", "--log-format", "json"];
    const limited = ["-c", `ulimit -n ${openFiles}; exec "$0" "$@"`, process.execPath, ...args];
    const [program, words] = openFiles === undefined ? [process.execPath, args] : ["bash", limited];
    this.child = spawn(program, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
  }

  async ready(): Promise<this> {
    while (!this.#stdout.includes("\n")) await this.#more(this.child.stdout);
    this.urls.push(...this.#stdout.trim().split(" ").slice(1));
    return this;
  }

  /** The next log line, from where the last call stopped, with that sentence. */
  async logs(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const lines = this.#stderr.split("\n").slice(0, -1);
      while (this.#read < lines.length) {
        const line = lines[this.#read++] ?? "";
        if (!line.startsWith("{")) continue;
        const entry = JSON.parse(line) as Record<string, unknown>;
        if (entry["message"] === message) return entry;
      }
      await this.#more(this.child.stderr);
    }
  }

  async #more(stream: NodeJS.ReadableStream | null): Promise<void> {
    if (stream === null) throw new Error("no stream");
    const ended = once(this.child, "close").then(() => true);
    if (await Promise.race([once(stream, "data").then(() => false), ended])) throw new Error(`it ended: ${this.#stderr}`);
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGKILL");
    await once(this.child, "close");
  }
}

async function up(text: string, file = "bowline.yaml"): Promise<Up> {
  writeFileSync(join(folder, file), text);
  broker = new Up(file);
  return broker.ready();
}

function client(url: string, options: Parameters<typeof connect>[1] = {}): Client {
  const made = connect(url, { reconnect: false, ...options });
  made.on("attemptFailed", () => {});
  clients.add(made);
  return made;
}

function run(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { code: status, stdout, stderr };
}

const OPEN = "console: false\nanonymous: true\nmetrics: {sysInterval: 0}\n";

test("SIGHUP puts the file in force while a connection stays, and a bad file leaves everything as it is", async () => {
  const running = await up(`${OPEN}listen: ['mqtt://127.0.0.1:0']\nlimits: {maximumQoS: 2}\n`);
  const [url = ""] = running.urls;
  const first = client(url);
  await first.online();
  const answers: string[] = [];
  const subscription = first.subscribe("a/#", { qos: 1 });
  await subscription.ready;
  void (async () => {
    for await (const message of subscription) answers.push(message.text());
  })();

  writeFileSync(
    join(folder, "bowline.yaml"),
    `${OPEN}listen: ['mqtt://127.0.0.1:0', 'ws://127.0.0.1:0']\nlimits: {maximumQoS: 1}\n`,
  );
  running.child.kill("SIGHUP");
  expect(await running.logs("configuration reloaded")).toMatchObject({ changed: ["listen", "limits"] });

  const second = client(url);
  await second.online();
  await expect(second.publish("a/b", "x", { qos: 2 })).rejects.toMatchObject({ code: expect.any(String) as string });
  await first.publish("a/b", "still here", { qos: 1 });
  expect(answers).toContain("still here");

  writeFileSync(join(folder, "bowline.yaml"), `${OPEN}listen: ['mqtt://127.0.0.1:0']\nlimts: {maximumQoS: 0}\n`);
  running.child.kill("SIGHUP");
  const refused = await running.logs("the configuration was not reloaded; the old one stays in force");
  expect(refused["error"]).toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining('bowline.yaml:5:1: unknown key "limts"; did you mean "limits"?') as string,
  });
  await first.publish("a/b", "and still", { qos: 1 });
  const admin = new AdminClient(join(folder, ".bowline/admin.sock"));
  const { config, reloads } = await admin.request<{ config: { listen: unknown[] }; reloads: object }>("GET", "/api/v1/config");
  expect(config.listen).toHaveLength(2);
  expect(reloads).toMatchObject({ succeeded: 1, failed: 1 });
});

test("what cannot be opened undoes all of it: nothing of the new file is in force", async () => {
  const running = await up(`${OPEN}listen: ['mqtt://127.0.0.1:0']\nlog: {level: info}\n`);
  const [taken = ""] = running.urls;
  // The port of the first listener, asked for by a second name: it is not free while the first stays.
  const same = taken.replace("127.0.0.1", "localhost");
  writeFileSync(
    join(folder, "bowline.yaml"),
    `${OPEN}listen: ['mqtt://127.0.0.1:0', '${same}', 'ws://127.0.0.1:0']\nlimits: {maximumQoS: 0}\n`,
  );
  expect(run("config", "reload")).toMatchObject({ code: 1, stderr: expect.stringContaining("error[PORT_IN_USE]") as string });
  const admin = new AdminClient(join(folder, ".bowline/admin.sock"));
  expect(await admin.request("GET", "/api/v1/status")).toMatchObject({ listeners: [taken] });
  const made = client(taken);
  await made.online();
  await made.publish("a", "b", { qos: 2 });
});

test.each([
  ["data: elsewhere", '"data"'],
  ["durability: relaxed", '"durability"'],
])("%s is refused by name", async (line, name) => {
  const running = await up(`${OPEN}listen: ['mqtt://127.0.0.1:0']\n`);
  appendFileSync(join(folder, "bowline.yaml"), `${line}\n`);
  const reload = run("config", "reload");
  expect(reload).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error\[CONFIG_FIXED\]/) as string });
  expect(reload.stderr).toContain(name);
  const made = client(running.urls[0] ?? "");
  await made.online();
});

test("a file is watched when it says so, and so is what a TypeScript file imports; its functions decide", async () => {
  writeFileSync(join(folder, "shared.ts"), "export const level = 'info' as const;\n");
  const program = [
    'import { defineConfig } from "@bowline/broker";',
    'import { level } from "./shared.ts";',
    "",
    "export default defineConfig({",
    "  console: false,",
    '  authentication: [{ kind: "function", authenticate: ({ username }) => (username === "ann" ? { owner: "ann" } : "deny") }],',
    '  authorization: [{ kind: "function", authorize: async ({ topic }) => (topic === level ? "allow" : "deny") }],',
    "  watch: true,",
    '  listen: ["mqtt://127.0.0.1:0"],',
    "  log: { level },",
    "});",
    "",
  ].join("\n");
  const running = await up(program, "bowline.config.ts");
  const ann = client(running.urls[0] ?? "", { credentials: { username: "ann" } });
  await ann.online();
  await expect(client(running.urls[0] ?? "").online()).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  await ann.publish("info", "x", { qos: 1 });
  await expect(ann.publish("debug", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
  writeFileSync(join(folder, "shared.ts"), "export const level = 'debug' as const;\n");
  // A function that was loaded again is another one.
  expect(await running.logs("configuration reloaded")).toMatchObject({ changed: ["authentication", "authorization", "log"] });
  await ann.publish("debug", "x", { qos: 1 });
  await expect(ann.publish("info", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
  writeFileSync(join(folder, "bowline.config.ts"), program.replace("log:", "  lok:"));
  const refused = await running.logs("the configuration was not reloaded; the old one stays in force");
  expect((refused["error"] as { message: string }).message).toContain(
    'bowline.config.ts:10:5: unknown key "lok"; did you mean "log"?',
  );
});

test("certificates are loaded when their files change; bad ones leave the old in force, with a line and a metric", async () => {
  const authority = await up(`${OPEN}listen: ['mqtts://localhost:0']\n`);
  const ca = readFileSync(join(folder, ".bowline/ca.pem"), "utf8");
  await authority.end();
  const { openLocalCa } = await import("@bowline/broker/internal");
  const issuer = await openLocalCa({ folder: join(folder, ".bowline") });
  const write = async (name: string): Promise<void> => {
    const { certificate, privateKey } = await issuer.issue(["localhost", name]);
    writeFileSync(join(folder, "cert.pem"), certificate);
    writeFileSync(join(folder, "key.pem"), privateKey);
  };
  await write("first.localhost");
  const running = await up(
    `${OPEN}listen: ['mqtts://localhost:0']\ntls: {certificate: cert.pem, key: key.pem, reloadSeconds: 1}\n`,
  );
  const [url = ""] = running.urls;
  const stays = client(url, { tls: { ca } });
  await stays.online();

  await write("second.localhost");
  await running.logs("certificates reloaded");
  await client(url, { tls: { ca, servername: "second.localhost" } }).online();

  writeFileSync(join(folder, "key.pem"), "no key");
  const refused = await running.logs("the new certificates cannot be used; the old ones stay in force");
  expect(refused["error"]).toMatchObject({ code: "CERTIFICATE_UNREADABLE", message: expect.stringContaining("key.pem") as string });
  await client(url, { tls: { ca, servername: "second.localhost" } }).online();
  await stays.publish("a", "b", { qos: 1 });
  const metrics = await scrape();
  expect(metrics).toContain('bowline_certificate_reloads_total{outcome="succeeded"} 1\n');
  expect(metrics).toContain('bowline_certificate_reloads_total{outcome="failed"} 1\n');
});

/** As many connections as a process takes that may open 256 files, and more; until one has been closed. */
async function crowdAt(url: string, firstByte: string): Promise<Socket[]> {
  const { port } = new URL(url.replace("mqtt", "http"));
  const crowd = Array.from({ length: 300 }, () =>
    createConnection(Number(port), "127.0.0.1")
      .on("error", () => {})
      .resume(),
  );
  for (const socket of crowd) socket.write(firstByte);
  await new Promise<void>((resolve) => {
    for (const socket of crowd) socket.once("close", () => resolve());
  });
  return crowd;
}

test("without a free file a reload leaves everything as it is; clients alone cannot use all of them up", async () => {
  writeFileSync(join(folder, "pw"), "secret of ann");
  const text = [
    "console: false",
    "metrics: {open: true, sysInterval: 0}",
    "admin: {listen: 'http://127.0.0.1:0'}",
    "listen: ['mqtt://127.0.0.1:0']",
    "bootstrap: {users: [{username: ann, password: {file: pw}}]}\n",
  ].join("\n");
  writeFileSync(join(folder, "bowline.yaml"), text);
  broker = new Up("bowline.yaml", 256);
  const running = await broker.ready();
  await running.logs("few files may be open at once, and each client is one: raise the limit (ulimit -n, LimitNOFILE)");
  const [url = "", admin = ""] = running.urls;
  const ann = client(url, { credentials: { username: "ann", password: "secret of ann" } });
  await ann.online();
  // The beginning of a CONNECT: it may take 10 s to come.
  const knockers = await crowdAt(url, "\u0010");
  expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(
    /bowline_listener_refused_total\{.*cause="connectionLimit"\} [1-9]/,
  );
  running.child.kill("SIGHUP");
  await running.logs("configuration reloaded");
  for (const socket of knockers) socket.destroy();

  // Who looks from inside is counted nowhere. At the limit libuv takes a connection to close it at once.
  const crowd = await crowdAt(admin, "G");
  writeFileSync(join(folder, "bowline.yaml"), `${text}anonymous: true\n`);
  running.child.kill("SIGHUP");
  const refused = await running.logs("the configuration was not reloaded; the old one stays in force");
  expect((refused["error"] as { message: string }).message).toContain("bowline.yaml (EMFILE)");
  for (const socket of crowd) socket.destroy();
  await ann.publish("a", "b", { qos: 0 });
  // Until the broker has seen the crowd go, it closes whoever comes, before or after it reads what was sent: a close or a reset.
  await vi.waitFor(() => expect(client(url).online()).rejects.toMatchObject({ code: "NOT_AUTHORIZED" }), { timeout: 15_000 });
  running.child.kill("SIGHUP");
  await running.logs("configuration reloaded");
  await client(url).online();
});

test("config check says what is wrong and opens nothing", () => {
  writeFileSync(join(folder, "good.json"), '{\n\t"$schema": "x",\n\t"listen": ["mqtts://localhost:8883"]\n}\n');
  expect(run("config", "check", "good.json")).toMatchObject({ code: 0, stdout: "good.json is well\n" });
  writeFileSync(join(folder, "bad.yaml"), "listen:\n  - mqtt://0.0.0.0:1883\nlog: {levl: info}\n");
  expect(run("config", "check", "bad.yaml")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('bad.yaml:3:7: unknown key "log.levl"; did you mean "level"?') as string,
  });
  writeFileSync(join(folder, "bad.yaml"), "listen:\n  - mqtt://0.0.0.0:1883\n");
  const plaintext = run("config", "check", "bad.yaml");
  expect(plaintext.stderr).toMatch(/^error\[PLAINTEXT_OFF_LOOPBACK\].*bad\.yaml:2:5: /);
  writeFileSync(join(folder, "bad.json"), '{\n\t"memory": true,\n}\n');
  expect(run("config", "check", "bad.json").stderr).toContain("bad.json:3:1: this is no JSON: no comma may stand before }");
  writeFileSync(join(folder, "pw"), "secret");
  writeFileSync(join(folder, "mute.yaml"), "bootstrap:\n  users: [{username: ann, password: {file: pw}}]\n");
  expect(run("config", "check", "mute.yaml")).toMatchObject({
    code: 0,
    stdout: "mute.yaml is well\n",
    stderr: expect.stringContaining("warning: mute.yaml:2:3: the users of `bootstrap` will have no rights") as string,
  });
  writeFileSync(join(folder, "throws.ts"), "\nif (import.meta.url) throw new Error(import.meta.url);\n");
  for (const [text, words] of [
    ["export const x = 1;", "has no default export"],
    ["export default {", "broken.ts"],
    ["interface X {\n  a: 1;\n}\nthrow new Error('no luck');", "broken.ts:4:7: failed when it was run: no luck"],
    ["import './throws.ts';\nexport default {};", "throws.ts:2:"],
    ["export default () => ({});", "broken.ts:1:16: the configuration must be a group of keys, not a function"],
  ] as const) {
    writeFileSync(join(folder, "broken.ts"), text);
    expect(run("config", "check", "broken.ts").stderr).toContain(words);
  }
});

test("drain sends clients to the other server and makes the broker not ready", async () => {
  const running = await up(`${OPEN}listen: ['mqtt://127.0.0.1:0']\nadmin: {listen: 'http://127.0.0.1:0'}\n`);
  const [url = "", admin = ""] = running.urls;
  expect((await fetch(`${admin}/health/ready`)).status).toBe(200);
  const made = client(url);
  await made.online();
  const lost = new Promise<MqttError>((resolve) => {
    made.on("connectionLost", ({ error }) => resolve(error));
  });
  expect(run("drain", "--to", "other.example.com:8883", "--seconds", "0")).toMatchObject({
    code: 0,
    stdout: "1 client is being sent away\n",
  });
  expect(await lost).toMatchObject({ reasonCode: 0x9c });
  const ready = await fetch(`${admin}/health/ready`);
  expect([ready.status, await ready.text()]).toEqual([503, "draining\n"]);
  expect((await fetch(`${admin}/health/live`)).status).toBe(200);
  await expect(client(url).online()).rejects.toMatchObject({ code: "TCP_REFUSED" });
});

function scrape(): Promise<string> {
  const admin = new AdminClient(join(folder, ".bowline/admin.sock"));
  return admin.text("/metrics");
}
