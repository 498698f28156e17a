import { expect, test } from "vitest";
import { COMMANDS } from "./command-list.ts";
import { helpOf } from "./print-help.ts";

// A terminal of usual size shows it without scrolling.
const LINES = 46;
const COLUMNS = 100;

test.each(Object.keys(COMMANDS))("the help of %s fits the screen, and nothing is missing from the whole of it", async (name) => {
  const command = await (COMMANDS[name] as (typeof COMMANDS)[string]).load();
  const short = helpOf(command, false);
  const whole = helpOf(command, true);
  expect(short.split("\n").length).toBeLessThanOrEqual(LINES);
  for (const line of [...short.split("\n"), ...whole.split("\n")]) expect(line.length, line).toBeLessThanOrEqual(COLUMNS);
  const shown = Object.entries(command.options).filter(([, { help }]) => help !== undefined);
  for (const [option] of shown) expect(whole).toContain(`--${option}`);
  const isCut = shown.some(([, { group }]) => group !== undefined) || command.details !== undefined;
  expect(short.includes("--help all")).toBe(isCut);
  expect(short).toMatch(/^Usage: bowline [\s\S]*\nExamples:\n {2}\S/);
});

test("groups have heads, and long lines are wrapped under their own beginning", () => {
  const text = helpOf(
    {
      usage: ["bowline knot", "bowline knot tie"],
      description: "Ties\na knot.",
      details: "More.",
      options: {
        rope: { type: "string", short: "r", value: "FILE", multiple: true, help: `Of ${"hemp ".repeat(20)}`.trim() },
        tar: { type: "boolean", help: "With tar.", group: "Old ships" },
        secret: { type: "boolean" },
      },
      examples: ["bowline knot"],
      run: async () => 0,
    },
    true,
  );
  expect(text).toContain("Usage: bowline knot\n       bowline knot tie\n\nTies a knot.\n\nMore.\n");
  expect(text).toContain("\nOld ships:\n      --tar            With tar.\n");
  expect(text).toMatch(/-r, --rope FILE \.\.\.  Of hemp .*\n {23}hemp/);
  expect(text).not.toContain("secret");
});
