import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Report } from "@bowline/doctor";

/** More than Node needs to start and to load the doctor's modules, many of which it opens at once. */
const DESCRIPTORS = 512;

const script = `
import { openSync } from "node:fs";
import { examine } from "@bowline/doctor";
try { for (;;) openSync("/dev/null"); } catch {}
process.stdout.write(JSON.stringify(await examine(process.argv[1])));
`;

/** What the doctor says in a process that has used up its file descriptors. */
export async function examineWithoutDescriptors(url: string): Promise<Report> {
  const command = `ulimit -n ${DESCRIPTORS}; exec "$0" --input-type=module -e "$1" "$2"`;
  const folder = new URL("../..", import.meta.url);
  const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, script, url], { cwd: folder });
  return JSON.parse(stdout) as Report;
}
