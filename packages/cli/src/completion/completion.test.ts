import { execFileSync } from "node:child_process";
import { missingPrograms } from "@bowline/testkit/system";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../command-list.ts";
import { bashScript } from "./bash.ts";
import { completionModel } from "./completion-model.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

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
    return execFileSync("bash", ["--norc", "-c", script], { encoding: "utf8" })
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
  });
});

const noZsh = missingPrograms("zsh");
test.skipIf(noZsh !== "")(`zsh reads it and calls it ${noZsh}`, () => {
  // zsh completes only on a terminal; its parser and the arguments that are handed to _arguments are what can be wrong.
  const script = `compdef() { : }; _describe() { print -l -- $commands }; _arguments() { print -l -- "$@" }
${zshScript(model)}
words=(bowline ''); CURRENT=2; _bowline
words=(bowline pub --q); CURRENT=3; _bowline`;
  const output = execFileSync("zsh", ["-f", "-c", script], { encoding: "utf8" });
  expect(output).toContain("sub:subscribe and print messages\n");
  expect(output).toContain("(-q --qos)--qos[Quality of service; default 1.]:value:(0 1 2)\n");
  expect(output).toContain("(-f --file)-f[Send the content of a file; - is standard input.]:file:_files\n");
  expect(output).toContain("*--property[User Property.]:KEY=VALUE: \n");
});

const noFish = missingPrograms("fish");
test.skipIf(noFish !== "")(`fish completes by it ${noFish}`, () => {
  const ask = (line: string): string[] => {
    const script = `${fishScript(model)}\ncomplete -C '${line}'`;
    const env = { ...process.env, HOME: "/nonexistent", XDG_CONFIG_HOME: "/nonexistent", XDG_DATA_HOME: "/nonexistent" };
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
});
