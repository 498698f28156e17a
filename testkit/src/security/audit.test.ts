import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/* What the registry knows of weaknesses in what is shipped. It is asked in the long run alone, and some mirrors answer no such question. */

const isLong = process.env["BOWLINE_LONG"] === "1";
const root = fileURLToPath(new URL("../../../", import.meta.url));

interface AuditAnswer {
  readonly error?: unknown;
  readonly statusCode?: number;
  readonly vulnerabilities?: Readonly<Record<string, unknown>>;
}

const reason = isLong ? "" : " (the registry is asked in the long run alone)";
test.skipIf(!isLong)(`npm audit finds nothing in what the packages depend on${reason}`, { timeout: 120_000 }, async (context) => {
  const text = await new Promise<string>((resolve) => {
    // Its exit status says only whether it found something, which the answer says as well.
    execFile("npm", ["audit", "--omit=dev", "--json"], { cwd: root }, (_error, stdout) => resolve(stdout));
  });
  const answer = JSON.parse(text) as AuditAnswer;
  if (answer.vulnerabilities === undefined) context.skip(`the registry does not answer (${answer.statusCode ?? "no status"})`);
  expect(Object.keys(answer.vulnerabilities ?? {})).toEqual([]);
});
