import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { missingPrograms, programPath } from "@bowline/testkit/system";
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

/** What the table under a heading says of other commands' options, all together. */
function theirsUnder(heading: string): string {
  const [, section = ""] = text.split(`\n### ${heading}\n`);
  const [own = ""] = section.split("\n### ");
  return own
    .split("\n")
    .map((line) => line.split(/(?<!\\)\|/)[1] ?? "")
    .join(" ");
}

const noMosquitto = missingPrograms("mosquitto_pub", "mosquitto_sub", "mosquitto_rr");
test.skipIf(noMosquitto !== "").each(["mosquitto_pub", "mosquitto_sub", "mosquitto_rr"])(
  `every option that %s names itself has a row ${noMosquitto}`,
  (command) => {
    // Its exit code is 1.
    const { stdout } = spawnSync(programPath(command) ?? command, ["--help"], { encoding: "utf8" });
    const options = [...stdout.matchAll(/^ (--?[\w-]+) : /gm)].map(([, option]) => option);
    const table = theirsUnder("mosquitto_pub, mosquitto_sub, mosquitto_rr");
    expect(options.length).toBeGreaterThan(40);
    expect(options.filter((option) => option !== "--help" && !new RegExp(`\`${option}[ \`]`).test(table))).toEqual([]);
  },
);

test("what newer versions of them have, too", () => {
  const table = theirsUnder("mosquitto_pub, mosquitto_sub, mosquitto_rr");
  for (const option of ["-o", "-S", "--latency", "--message-rate", "--mptcp", "--no-tls", "--tls-keylog", "--watch", "--ws"])
    expect(table).toContain(`\`${option}\``);
});

test("every option of mqttx conn, pub and sub has a row", () => {
  const table = theirsUnder("mqttx");
  const short =
    "V h p i k u P l wh rp se up Wt Wm Wq Wr Wd Wpf We Wct Wrt Wcd Wup so lo t m q r d s M lm pf e ta rt cd si ct f Cup Pp Pmn Ap S nl rap rh v";
  const long =
    "no-clean path key cert ca insecure alpn maximum-reconnect-times rcv-max maximum-packet-size topic-alias-maximum req-response-info no-req-problem-info debug file-read file-write file-save delimiter output-mode";
  const options = [...short.split(" ").map((letters) => `-${letters}`), ...long.split(" ").map((word) => `--${word}`)];
  expect(options.filter((option) => !new RegExp(`\`${option}[ \`]`).test(table))).toEqual([]);
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
