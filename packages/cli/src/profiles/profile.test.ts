import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandFolder, type Ended } from "@bowline/testkit/system";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

let commands: CommandFolder;

beforeEach(() => {
  commands = new CommandFolder();
  // Profiles of whoever runs the tests are not touched.
  vi.stubEnv("XDG_CONFIG_HOME", join(commands.path, "config"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await commands.remove();
});

function bowline(...args: string[]): Promise<Ended> {
  const run = commands.bowline(...args);
  run.child.stdin?.end("from stdin\n");
  return run.ended;
}

test("where profiles cannot be written, that is said", async () => {
  writeFileSync(join(commands.path, "config"), "in the way");
  const { code, stderr } = await bowline("profile", "add", "lab", "mqtt://localhost:1");
  expect(code).toBe(2);
  expect(stderr).toContain("lab.json cannot be written (ENOTDIR)");
});

const file = (name: string): string => join(commands.path, "config/bowline/profiles", `${name}.json`);

test("a profile is a file for its owner alone, and is shown without its password", async () => {
  const added = await bowline(
    "profile",
    "add",
    "lab",
    "mqtt://localhost:1",
    "-u",
    "joe",
    "--password-stdin",
    "--ca",
    "ca.pem",
    "-k",
    "7",
  );
  expect(added).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect(statSync(file("lab")).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file("lab"), "utf8"))).toEqual({
    url: "mqtt://localhost:1",
    username: "joe",
    password: "from stdin",
    ca: join(commands.path, "ca.pem"),
    options: { "keep-alive": "7" },
  });
  const shown = await bowline("profile", "show", "lab");
  expect(shown.stdout).toContain("password  ***\n");
  expect(shown.stdout).not.toContain("from stdin");
  expect(await bowline("profile", "list")).toMatchObject({ stdout: "lab  mqtt://localhost:1  joe\n" });
  expect(await bowline("profile", "remove", "lab")).toMatchObject({ code: 0 });
  expect(await bowline("profile", "list")).toMatchObject({ code: 0, stdout: "" });
});

test("a variable's name is saved and not what it holds", async () => {
  vi.stubEnv("LAB_PASSWORD", "unspoken");
  await bowline("profile", "add", "lab", "mqtt://localhost:1", "-u", "joe", "--password-env", "LAB_PASSWORD");
  expect(readFileSync(file("lab"), "utf8")).not.toContain("unspoken");
  vi.stubEnv("LAB_PASSWORD", undefined);
  const ended = await bowline("pub", "--profile", "lab", "-t", "a", "-m", "b");
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("no variable LAB_PASSWORD") });
});

test("what is wrong with a profile is named", async () => {
  await bowline("profile", "add", "lab", "mqtt://localhost:1");
  const cases: [string[], string][] = [
    [["profile", "show", "labs"], 'there is no profile "labs"'],
    [["profile", "remove", "labs"], "There are lab."],
    [["profile", "add", "../lab", "mqtt://localhost"], "is no name of a profile"],
    [["profile", "add", "lab"], "the URL of the broker is missing"],
    [["profile", "add"], "NAME is missing: bowline profile add NAME"],
    [["profile", "keep", "lab"], "say add, list, show or remove"],
    [["profile", "add", "lab", "mqtt://localhost", "-P", "secret"], "a password on the command line is readable"],
    [["pub", "--profile", "lab", "--credentials", "x.json", "-t", "a", "-m", "b"], "exclude each other"],
  ];
  for (const [args, text] of cases)
    expect({ args, ...(await bowline(...args)) }).toMatchObject({ args, code: 2, stderr: expect.stringContaining(text) });
  chmodSync(file("lab"), 0o644);
  expect(await bowline("pub", "--profile", "lab", "-t", "a", "-m", "b")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`chmod 600 ${file("lab")}`),
  });
  writeFileSync(file("lab"), "password=secret");
  chmodSync(file("lab"), 0o600);
  const broken = await bowline("profile", "show", "lab");
  expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining("is not a JSON object") });
  expect(broken.stderr).not.toContain("secret");
});
