import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../repository.ts";
import { runCommand } from "../run-command.ts";
import type { PartResult } from "./check-part.ts";

/** Folders that exist on one developer's machine only. What a user's machine has (/etc, /var, /tmp itself) may be named. */
const machinePath = /(?<![\w.\-/$}])\/(?:work|root|home\/[a-z]\w*|Users\/[A-Za-z]\w*)\/|\/tmp\/bash/;

/** No file of the repository, new ones included, names a path of the machine it was written on. */
export async function checkMachinePaths(base: string = root): Promise<PartResult> {
  const listed = await runCommand("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], base);
  if (listed.code !== 0) return { findings: [`git ls-files: ${listed.output.trim()}`] };
  const findings = listed.output
    .split("\0")
    .filter(Boolean)
    .flatMap((name) => findMachinePaths(base, name));
  return { findings };
}

function findMachinePaths(base: string, name: string): string[] {
  const text = readText(join(base, name));
  return text
    .split("\n")
    .flatMap((line, index) => (machinePath.test(line) ? [`${name}:${index + 1} names a path of one machine: ${line.trim()}`] : []));
}

/** A file that was deleted but is still in the index, and one that is not text, have nothing to look through. */
function readText(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    return text.includes("\0") ? "" : text;
  } catch {
    return "";
  }
}
