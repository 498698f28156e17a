import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandFolder, type Ended, type RunningCommand } from "@bowline/testkit/system";
import { damagesOf } from "@bowline/testkit/storage";
import { afterEach, beforeEach, expect, test } from "vitest";

/* Backup, restore and salvage as an operator does them: processes of their own, made of the built files. */

let commands: CommandFolder;

beforeEach(() => {
  commands = new CommandFolder();
});
afterEach(() => commands.remove());

function bowline(...args: string[]): Promise<Ended> {
  return commands.bowline(...args).ended;
}

/** Starts a broker without users' passwords in the way, and resolves with its listener. */
async function up(data: string, ...more: string[]): Promise<{ run: RunningCommand; url: string }> {
  const options = ["--data", data, "--listen", "mqtt://localhost:0", "--anonymous", "--no-console", ...more];
  const run = commands.bowline("up", ...options);
  const [, url = ""] = await run.says(/^ready (\S+)/m);
  return { run, url };
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
  expect(JSON.parse(made.stdout)).toMatchObject({
    v: 1,
    file: "one.backup",
    bytes: statSync(join(commands.path, "one.backup")).size,
  });
  expect((await publish(broker.url, "after")).code).toBe(0);

  const again = await bowline("backup", "--data", "data", "--to", "one.backup");
  expect(again).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("exists already") });
  const inUse = await bowline("backup", "--data", "data", "--restore", "one.backup");
  expect(inUse).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[STORE_IN_USE]") });
  expect((await bowline("backup", "--data", "data", "--salvage")).stderr).toContain("error[STORE_IN_USE]");

  await broker.run.kill("SIGKILL");
  const there = await bowline("backup", "--data", "data", "--restore", "one.backup");
  expect(there).toMatchObject({ code: 1, stderr: expect.stringContaining("error[STORE_EXISTS]") });
  expect(await bowline("backup", "--data", "restored", "--restore", "one.backup")).toMatchObject({ code: 0, stderr: "" });
  const restored = await up("restored");
  expect(await receive(restored.url, "before")).toMatchObject({ code: 0, stdout: "kept\n" });
}, 120_000);

/** What each kind of damage does to a store is tested beside it (damage.test.ts): daily the command meets one of them. */
const kinds = ["everything behind the heads random", "cut in the middle", "both heads zeroed"];

test.each(process.env["BOWLINE_LONG"] === "1" ? kinds : kinds.slice(0, 1))(
  "a store that is damaged (%s) is not served: the start names the salvage, which makes it start again",
  async (name) => {
    const broker = await up("data");
    for (let each = 0; each < 2; each++) expect((await publish(broker.url, `topic/${each}`)).code).toBe(0);
    await broker.run.kill("SIGKILL");
    const dataFile = join(commands.path, "data/store/data.mdb");
    writeFileSync(dataFile, damagesOf(readFileSync(dataFile), 1).find((damage) => damage.name === name)!.content);

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
  await broker.run.kill("SIGKILL");
  truncateSync(join(commands.path, "data/store/data.mdb"), 8_192);
  const next = await up("data", "--on-damage", "salvage", "--log-format", "json");
  expect(next.run.stderr).toContain("the store was damaged; what could be read was kept");
  expect(next.run.stderr).toContain("damagedFile");
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
  writeFileSync(join(commands.path, "text"), "this is no backup\n".repeat(1_000));
  const damaged = await bowline("backup", "--restore", "text");
  expect(damaged).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[STORE_DAMAGED]") });
  expect(damaged.stderr).toContain("Restore another backup");
}, 120_000);
