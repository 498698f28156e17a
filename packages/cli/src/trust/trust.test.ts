import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocalCa } from "@bowline/broker/internal";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type Authority, readAuthority } from "./authority.ts";
import { findStores } from "./find-stores.ts";
import { NssStore } from "./nss-store.ts";
import { quote } from "./run-tool.ts";
import { LinuxSystemStore, OtherSystemStore } from "./system-store.ts";

const hasCertutil = spawnSync("certutil", ["--help"]).error === undefined;
let folder = "";
let home = "";
let authority: Authority;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bowline-trust-"));
  authority = await readAuthority((await openLocalCa({ folder })).certificateFile);
});
beforeEach(() => {
  home = mkdtempSync(join(folder, "home-"));
  vi.stubEnv("HOME", home);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("an authority is known by a part of its fingerprint, and what is none is named", async () => {
  expect(authority.nickname).toBe(`Bowline local CA ${authority.fingerprint.replaceAll(":", "").slice(0, 12)}`);
  writeFileSync(join(folder, "no.pem"), "no certificate");
  await expect(readAuthority(join(folder, "no.pem"))).rejects.toMatchObject({ code: "CERTIFICATE_UNREADABLE" });
  await expect(readAuthority(join(folder, "missing.pem"))).rejects.toThrow("missing.pem (ENOENT)");
});

test.skipIf(!hasCertutil)("an NSS database is made, trusts the authority for servers only, and forgets it", async () => {
  const path = join(home, ".pki/nssdb");
  const store = new NssStore("chromium", "Chromium", path);
  expect(await store.isTrusted(authority)).toBe(false);
  await store.install(authority);
  expect(await store.isTrusted(authority)).toBe(true);
  const list = spawnSync("certutil", ["-L", "-d", `sql:${path}`], { encoding: "utf8" }).stdout;
  expect(list).toMatch(new RegExp(`${authority.nickname}\\s+C,,`));
  await store.install(authority);
  await store.remove(authority);
  expect(await store.isTrusted(authority)).toBe(false);
});

test.skipIf(!hasCertutil)("the commands that are shown do the same when somebody runs them", async () => {
  const path = join(home, "profile with space");
  mkdirSync(path);
  spawnSync("certutil", ["-N", "--empty-password", "-d", `sql:${path}`]);
  const store = new NssStore("firefox", "Firefox", path);
  for (const command of store.installCommands(authority)) expect(spawnSync("sh", ["-c", command]).status).toBe(0);
  expect(await store.isTrusted(authority)).toBe(true);
  for (const command of store.removeCommands(authority)) expect(spawnSync("sh", ["-c", command]).status).toBe(0);
  expect(await store.isTrusted(authority)).toBe(false);
});

test("the system's folder gets a file of its own, and the tool is run", async () => {
  const anchors = mkdtempSync(join(folder, "anchors-"));
  const store = new LinuxSystemStore({ folder: anchors, tool: "ls", args: [anchors] }, true);
  expect(await store.obstacle()).toBeUndefined();
  expect(await store.isTrusted(authority)).toBe(false);
  await store.install(authority);
  const file = join(anchors, `${authority.nickname.toLowerCase().replaceAll(" ", "-")}.crt`);
  expect(readFileSync(file, "utf8")).toBe(authority.pem);
  expect(await store.isTrusted(authority)).toBe(true);
  await store.remove(authority);
  expect(existsSync(file)).toBe(false);
});

test("what we cannot do is said, and never tried", async () => {
  const store = new LinuxSystemStore({ folder: "/nowhere", tool: "ls", args: [] }, false);
  expect(await store.obstacle()).toContain("root");
  const missing = new LinuxSystemStore({ folder: "/nowhere", tool: "no-such-tool", args: [] }, true);
  expect(await missing.obstacle()).toContain("no-such-tool is missing");
  for (const platform of ["darwin", "win32"] as const) {
    const other = new OtherSystemStore(platform);
    expect(await other.obstacle()).toContain("run the command yourself");
    expect(other.installCommands(authority)[0]).toContain(authority.file);
    await expect(other.install()).rejects.toThrow("not done on this system");
  }
});

test("stores that do not exist are left out, unless they are asked for by name", async () => {
  const kinds = async (...asked: ("firefox" | "chromium")[]) =>
    (await findStores(asked.length > 0 ? asked : undefined)).map(({ kind }) => kind);
  expect(await kinds()).not.toContain("chromium");
  expect(await kinds("chromium")).toEqual(["chromium"]);
  expect(await kinds("firefox")).toEqual([]);
  mkdirSync(join(home, ".config/chromium"), { recursive: true });
  mkdirSync(join(home, ".mozilla/firefox/abc.default"), { recursive: true });
  writeFileSync(join(home, ".mozilla/firefox/abc.default/cert9.db"), "");
  expect(await kinds()).toEqual(expect.arrayContaining(["firefox", "chromium"]));
});

test("words are quoted for a shell", () => {
  for (const word of ["plain/word", "two words", "it's", "$(touch x)", "#"]) {
    expect(spawnSync("sh", ["-c", `printf %s ${quote(word)}`], { encoding: "utf8" }).stdout).toBe(word);
  }
});
