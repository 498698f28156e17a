import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { corpus } from "../corpus.ts";

/* docs/security.md names a test for each case of the security history, and that test has it. */

const root = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, root)), "utf8");
const table = [...read("docs/security.md").matchAll(/^\| (\d+) \| .* \| \[[\w-]+\]\(\.\.\/(\S+)\) \|$/gm)].map(
  ([, row, path = ""]) => ({
    row: Number(row),
    path,
  }),
);

test("there is a line for each of the 42 cases", () => {
  expect(table.map(({ row }) => row)).toEqual(corpus.map(({ row }) => row));
});

test.each(table)("row $row is in $path", ({ row, path }) => {
  // Its rows come from the corpus, and those without bytes of a client have none there.
  if (path.endsWith("corpus-over-sockets.test.ts")) {
    const found = corpus.find((one) => one.row === row);
    expect(found?.role).toBe("server");
    expect(found?.inputs).not.toEqual([]);
  } else expect(read(path)).toMatch(new RegExp(`\\brows? ([\\d, ]+and )?([\\d]+, )*${row}\\b|\\brows [\\d, ]*\\b${row} and `));
});
