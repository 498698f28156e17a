import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";

/* Backup, restore and salvage as an operator does them: processes of their own, made of the built files. */

const root = join(import.meta.dirname, "../../..");
const bin = join(root, "packages/cli/bin/bowline.js");

let folder = "";
const running = new Set<ChildProcess>();

beforeAll(() => {
  // Whether it compiles without a fault is for another check to say; here it must only be fresh.
  spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", "packages/cli"], { cwd: root });
}, 120_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-backup-"));
});
afterEach(async () => {
  await Promise.all([...running].map(kill));
  rmSync(folder, { recursive: true });
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(args: readonly string[]): { child: ChildProcess; said: Ended; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env: { ...process.env, NO_COLOR: "1" } });
  const said: Ended = { code: null, stdout: "", stderr: "" };
  running.add(child);
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  const ended = once(child, "close").then(([code]) => {
    running.delete(child);
    return { ...said, code: code as number | null };
  });
  return { child, said, ended };
}

function bowline(...args: string[]): Promise<Ended> {
  return start(args).ended;
}

/** Starts a broker without users' passwords in the way, and resolves with its listener. */
async function up(data: string, ...more: string[]): Promise<{ child: ChildProcess; said: Ended; url: string }> {
  const args = ["up", "--data", data, "--listen", "mqtt://localhost:0", "--anonymous", "--no-console", ...more];
  const { child, said, ended } = start(args);
  for (;;) {
    const url = /^ready (\S+)/m.exec(said.stdout)?.[1];
    if (url !== undefined) return { child, said, url };
    const isOver = await Promise.race([
      once(child.stdout as NonNullable<ChildProcess["stdout"]>, "data").then(() => false),
      ended.then(() => true),
    ]);
    if (isOver) throw new Error(`no broker: ${said.stderr}`);
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

function publish(url: string, topic: string): Promise<Ended> {
  return bowline("pub", url, "-t", topic, "-m", "kept", "-q", "1", "--retain");
}

function receive(url: string, topic: string): Promise<Ended> {
  return bowline("sub", url, "-t", topic, "-C", "1", "-W", "15");
}

test("a backup of a running broker holds what it has acknowledged, also after kill -9", async () => {
  const broker = await up("data");
  expect(await publish(broker.url, "before")).toMatchObject({ code: 0, stderr: "" });
  const made = await bowline("backup", "--data", "data", "--to", "one.backup", "--json");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(made.stdout)).toMatchObject({ v: 1, file: "one.backup", bytes: statSync(join(folder, "one.backup")).size });
  expect((await publish(broker.url, "after")).code).toBe(0);

  const again = await bowline("backup", "--data", "data", "--to", "one.backup");
  expect(again).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("exists already") });
  const inUse = await bowline("backup", "--data", "data", "--restore", "one.backup");
  expect(inUse).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[STORE_IN_USE]") });
  expect((await bowline("backup", "--data", "data", "--salvage")).stderr).toContain("error[STORE_IN_USE]");

  await kill(broker.child);
  const there = await bowline("backup", "--data", "data", "--restore", "one.backup");
  expect(there).toMatchObject({ code: 1, stderr: expect.stringContaining("error[STORE_EXISTS]") });
  expect(await bowline("backup", "--data", "restored", "--restore", "one.backup")).toMatchObject({ code: 0, stderr: "" });
  const restored = await up("restored");
  expect(await receive(restored.url, "before")).toMatchObject({ code: 0, stdout: "kept\n" });
}, 120_000);

test.each([
  ["cut", (size: number, path: string) => truncateSync(path, Math.floor(size / 4096 / 2) * 4096)],
  [
    "without heads",
    (_: number, path: string) => writeFileSync(path, Buffer.concat([Buffer.alloc(8_192), readFileSync(path).subarray(8_192)])),
  ],
])(
  "a store that is %s is not served: the start names the salvage, which makes it start again",
  async (_name, damage) => {
    const broker = await up("data");
    for (let each = 0; each < 2; each++) expect((await publish(broker.url, `topic/${each}`)).code).toBe(0);
    await kill(broker.child);
    const dataFile = join(folder, "data/store/data.mdb");
    damage(statSync(dataFile).size, dataFile);

    const refused = await bowline("up", "--data", "data", "--listen", "mqtt://localhost:0", "--anonymous", "--no-console");
    expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("bowline backup --salvage") });
    expect(refused.stderr).toContain("error[STORE_DAMAGED]");
    expect(await bowline("backup", "--data", "data", "--to", "two.backup")).toMatchObject({ code: 1, stdout: "" });

    const salvaged = await bowline("backup", "--data", "data", "--salvage");
    expect(salvaged).toMatchObject({ code: 0, stderr: "" });
    expect(salvaged.stdout).toMatch(/^messages: \d+ kept, (\d+ lost|how many there were is unknown)$/m);
    expect(salvaged.stdout).toMatch(/^the damaged store is kept as .*damaged-/m);
    expect(await bowline("backup", "--data", "data", "--salvage")).toMatchObject({
      code: 0,
      stdout: "the store is sound; nothing was changed\n",
    });
    const next = await up("data");
    expect((await publish(next.url, "new")).code).toBe(0);
  },
  120_000,
);

test("bowline up --on-damage=salvage says in its log what was kept", async () => {
  const broker = await up("data");
  await kill(broker.child);
  truncateSync(join(folder, "data/store/data.mdb"), 8_192);
  const next = await up("data", "--on-damage", "salvage", "--log-format", "json");
  expect(next.said.stderr).toContain("the store was damaged; what could be read was kept");
  expect(next.said.stderr).toContain("damagedFile");
}, 120_000);

test("wrong usage, no store, and a file that is none", async () => {
  for (const args of [[], ["--to", "a", "--salvage"], ["--to", "a", "--restore", "b"], ["--salvage", "word"]])
    expect(await bowline("backup", ...args)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("error[USAGE]"),
    });
  for (const args of [["--to", "a"], ["--salvage"]])
    expect(await bowline("backup", ...args)).toMatchObject({ code: 1, stderr: expect.stringContaining("error[STORE_UNREADABLE]") });
  expect((await bowline("backup", "--restore", "none")).code).toBe(2);
  writeFileSync(join(folder, "text"), "this is no backup\n".repeat(1_000));
  const damaged = await bowline("backup", "--restore", "text");
  expect(damaged).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[STORE_DAMAGED]") });
  expect(damaged.stderr).toContain("Restore another backup");
}, 120_000);
