import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingPrograms } from "@bowline/testkit/system";
import { afterAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../command-list.ts";
import { bashScript } from "./bash.ts";
import { completionModel } from "./completion-model.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

// Two profiles of the test's own.
const config = mkdtempSync(join(tmpdir(), "bowline-completion-"));
mkdirSync(join(config, "bowline/profiles"), { recursive: true });
for (const name of ["lab", "plant.2"]) writeFileSync(join(config, `bowline/profiles/${name}.json`), "{}");
const environment = { ...process.env, XDG_CONFIG_HOME: config };
afterAll(() => rmSync(config, { recursive: true }));

const model = await completionModel(COMMANDS);

test("every command with its options and actions is known to each shell", () => {
  for (const script of [bashScript(model), zshScript(model), fishScript(model)]) {
    for (const name of Object.keys(COMMANDS)) expect(script).toContain(name);
    expect(script).not.toContain("--password ");
  }
  const actions = model.find(({ name }) => name === "user")?.actions;
  expect(actions).toEqual(expect.arrayContaining(["list", "add", "remove", "import", "bans"]));
});

describe("bash", () => {
  /** What bash offers for the last word. */
  function offered(...words: string[]): string[] {
    const line = ["bowline", ...words].map((word) => `'${word}'`).join(" ");
    const script = `${bashScript(model)}
COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _bowline 2> /dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["--norc", "-c", script], { encoding: "utf8", env: environment })
      .split("\n")
      .filter((word) => word !== "");
  }

  test("commands, options, values and actions are completed", () => {
    expect(offered("pu")).toEqual(["pub"]);
    expect(offered("pub", "--cont")).toEqual(["--content-type"]);
    expect(offered("pub", "--qos", "")).toEqual(["0", "1", "2"]);
    expect(offered("sub", "-q", "")).toEqual(["0", "1", "2"]);
    expect(offered("sub", "--format", "c")).toEqual(["cbor"]);
    expect(offered("profile", "a")).toEqual(["add"]);
    expect(offered("profile", "add", "x", "--ipv")).toEqual(["--ipv4", "--ipv6"]);
    expect(offered("pub", "--topic", "")).toEqual([]);
    expect(offered("help", "comp")).toEqual(["completion"]);
    expect(offered("pub", "--profile", "")).toEqual(["lab", "plant.2"]);
    expect(offered("profile", "remove", "p")).toEqual(["plant.2"]);
    expect(offered("profile", "add", "")).not.toContain("lab");
  });
});

const noZsh = missingPrograms("zsh");
test.skipIf(noZsh !== "")(`zsh reads it and calls it ${noZsh}`, () => {
  // zsh completes only on a terminal; its parser and the arguments that are handed to _arguments are what can be wrong.
  const script = `compdef() { : }; _describe() { print -l -- $commands }; _arguments() { print -l -- "$@" }
${zshScript(model)}
words=(bowline ''); CURRENT=2; _bowline
words=(bowline pub --q); CURRENT=3; _bowline
_describe() { print -l -- $names }; _bowline_profiles`;
  const output = execFileSync("zsh", ["-f", "-c", script], { encoding: "utf8", env: environment });
  expect(output).toContain("sub:subscribe and print messages\n");
  expect(output).toContain("(-q --qos)--qos[Quality of service; default 1.]:value:(0 1 2)\n");
  expect(output).toContain("(-f --file)-f[Send the content of a file; - is standard input.]:file:_files\n");
  expect(output).toContain("*--property[User Property.]:KEY=VALUE: \n");
  expect(output).toMatch(/\(--profile\)--profile\[.*\]:profile:_bowline_profiles\n/);
  expect(output).toMatch(/\nlab\nplant\.2\n$/);
});

const noFish = missingPrograms("fish");
test.skipIf(noFish !== "")(`fish completes by it ${noFish}`, () => {
  const ask = (line: string): string[] => {
    const script = `${fishScript(model)}\ncomplete -C '${line}'`;
    const env = { ...process.env, HOME: "/nonexistent", XDG_CONFIG_HOME: config, XDG_DATA_HOME: "/nonexistent" };
    const output = execFileSync("fish", ["--no-config", "-c", script], {
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return output
      .split("\n")
      .flatMap((row) => row.split("\t", 1))
      .filter((word) => word !== "");
  };
  expect(ask("bowline pu")).toEqual(["pub"]);
  expect(ask("bowline pub --cont")).toEqual(["--content-type"]);
  expect(ask("bowline sub --format c")).toEqual(["cbor"]);
  expect(ask("bowline profile re")).toEqual(["remove"]);
  expect(ask("bowline pub --profile ")).toEqual(["lab", "plant.2"]);
  expect(ask("bowline profile remove p")).toEqual(["plant.2"]);
});
