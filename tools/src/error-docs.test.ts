import { appendFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCodes } from "@bowline/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkErrorDocs, errorDocs, writeErrorDocs } from "./error-docs.ts";

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "error-docs-"));
});
afterEach(() => {
  rmSync(base, { recursive: true });
});

test("what was written passes the check", async () => {
  writeErrorDocs(base);
  expect(await checkErrorDocs(base)).toEqual([]);
});

test("a missing, a changed and a stray page are each named", async () => {
  writeErrorDocs(base);
  unlinkSync(join(base, "docs/errors/tls.md"));
  appendFileSync(join(base, "docs/errors/tcp.md"), "by hand\n");
  writeFileSync(join(base, "docs/errors/old.md"), "");
  const problems = (await checkErrorDocs(base)).map((problem) => problem.replace(/:.*/, ""));
  expect(problems).toEqual([
    "docs/errors/tcp.md is out of date",
    "docs/errors/tls.md is missing",
    "docs/errors/old.md belongs to nothing in the catalogue",
  ]);
});

test("each code has one section, and every link leads to one", () => {
  const pages = errorDocs();
  const headings = [...pages].flatMap(([name, text]) =>
    [...text.matchAll(/^## ([A-Z][A-Z0-9_]*)$/gm)].map((match) => `${name}#${match[1]?.toLowerCase()}`),
  );
  expect(headings.length).toBe(errorCodes.length);
  expect(new Set(headings).size).toBe(headings.length);
  const links = [...pages.values()].flatMap((text) =>
    [...text.matchAll(/\]\(([a-z]+\.md#[a-z0-9_]+)\)/g)].map((match) => match[1]),
  );
  expect(links.length).toBeGreaterThan(errorCodes.length);
  expect(links.filter((link) => !headings.includes(link ?? ""))).toEqual([]);
});
