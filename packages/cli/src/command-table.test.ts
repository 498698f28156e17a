import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMANDS } from "./command-list.ts";
import { PRINT_FIELDS } from "./messages/print-format.ts";
import { PLACEHOLDERS } from "./messages/template.ts";

const text = readFileSync(join(import.meta.dirname, "../../../docs/command-line.md"), "utf8");
const rows = text
  .slice(text.indexOf("## Coming from other commands"))
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| theirs"))
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test("every option of ours that the tables name is there", async () => {
  expect(rows.length).toBeGreaterThan(100);
  for (const [theirs = "", ours = "", why = ""] of rows) {
    const options = [...ours.matchAll(/`(?:([a-z]+) )?--([a-z0-9-]+)`/g)];
    // A row without one says why.
    expect(options.length > 0 || why !== "", theirs).toBe(true);
    for (const [, command = "pub", option = ""] of options) {
      const { options: known } = await (COMMANDS[command] as (typeof COMMANDS)[string]).load();
      expect(Object.keys(known), `${theirs}: ${command}`).toContain(option);
    }
  }
});

test.each([
  ["mosquitto_pub", "A c d D f h i I k L l m M n p P q r s t u V x"],
  ["mosquitto_sub", "A c C d D E F h i I k L N p P q R t T u U v V W x"],
  ["mosquitto_rr", "A c d D e F h i k L N p P q R t u v V W x"],
])("every short option of %s has a row", (_command, letters) => {
  for (const letter of letters.split(" "))
    expect(
      rows.some(([theirs = ""]) => theirs.includes(`\`-${letter}`)),
      letter,
    ).toBe(true);
});

test("also-marks are true: the letter is ours too", async () => {
  for (const [theirs = "", ours = "", why = ""] of rows) {
    const letter = /^also `-(\w)`/.exec(why)?.[1];
    if (letter === undefined) continue;
    const [, command = "pub", option = ""] = /`(?:([a-z]+) )?--([a-z0-9-]+)`/.exec(ours) ?? [];
    const { options } = await (COMMANDS[command] as (typeof COMMANDS)[string]).load();
    const found = options[option] ?? (await (COMMANDS["sub"] as (typeof COMMANDS)[string]).load()).options[option];
    expect(found?.short, theirs).toBe(letter);
  }
});

test("fields and placeholders are documented, each", () => {
  for (const name of Object.keys(PLACEHOLDERS)) expect(text).toContain(`{{${name}`);
  for (const name of Object.keys(PRINT_FIELDS)) expect(text).toContain(`\`%${name}\``);
});
