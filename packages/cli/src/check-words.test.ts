import { expect, test } from "vitest";
import { checkWords } from "./check-words.ts";
import { COMMANDS } from "./command-list.ts";
import type { Command } from "./command.ts";

const load = (name: string): Promise<Command> => (COMMANDS[name] as (typeof COMMANDS)[string]).load();

test.each([
  "user list",
  "user remove joe",
  "user import passwd",
  "user ban 203.0.113.0/24",
  "acl add allow both a/# b/#",
  "acl no-match deny",
  "acl move x 3",
  "tenant plan acme",
  "tenant plan acme gold",
  "tenant create acme",
  "plan create gold maximumUsers=3 x=4",
  "plan create gold",
  "key create",
  "profile add lab",
  "profile add lab mqtt://localhost",
  "config show",
  "completion zsh",
  "realtime check a.ts",
  "pub",
  "pub mqtt://localhost",
  "bench conn mqtt://localhost",
  "explain one two three",
])("%s is right", async (text) => {
  const [name = "", ...words] = text.split(" ");
  const command = await load(name);
  expect(() => checkWords(name, command, words)).not.toThrow();
});

test.each([
  ["user", "say list, add, password, disable, enable, remove, import, export, kick, ban, unban or bans"],
  ["user dance", "say list, add"],
  ["user remove", "NAME is missing: bowline user remove"],
  ["user remove joe ann", 'bowline user remove takes no "ann"'],
  ["user list joe", 'bowline user list takes no "joe"'],
  ["acl add", "allow|deny is missing: bowline acl add"],
  ["acl add permit both a", 'say allow or deny, not "permit"'],
  ["acl add allow both", "TOPIC is missing"],
  ["acl no-match maybe", 'say allow or deny, not "maybe"'],
  ["acl test receive", "TOPIC is missing"],
  ["tenant usage", "NAME is missing"],
  ["tenant plan acme gold silver", 'takes no "silver"'],
  ["plan set gold", "LIMIT=VALUE is missing"],
  ["key remove", "APPID is missing"],
  ["profile", "say add, list, show or remove"],
  ["config check", "FILE is missing"],
  ["completion tcsh", "say bash, zsh or fish"],
  ["drain all", 'bowline drain takes no "all"'],
  ["trust me", 'bowline trust takes no "me"'],
  ["pub mqtt://localhost hello", 'bowline pub takes no "hello"'],
])("%s is wrong usage, whatever else there is", async (text, detail) => {
  const [name = "", ...words] = text.split(" ");
  const command = await load(name);
  expect(() => checkWords(name, command, words)).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringContaining(detail) }),
  );
});
