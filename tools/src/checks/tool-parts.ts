import { type CommandResult, runTool } from "../run-command.ts";
import type { CheckPart, PartResult } from "./check-part.ts";

/** The parts that are other people's programs: we pass on what they print. */
export const toolParts: readonly CheckPart[] = [
  { name: "format", run: async () => judgeFormat(await runTool("biome", ["format", "--reporter=summary", "."])) },
  { name: "lint", run: async () => judge(await runTool("oxlint", ["--type-aware", "--deny-warnings", "--format=unix"])) },
  { name: "dead code", run: async () => judge(await runTool("knip", ["--no-progress", "--no-config-hints"])) },
];

/** The summary lists the files; the differences themselves would fill the screen, and the formatter repairs them anyway. */
function judgeFormat(result: CommandResult): PartResult {
  const files = result.output.split("\n").filter((line) => line.startsWith("  - "));
  const lines = files.length > 0 ? files.map((line) => line.slice(4).trim()) : judge(result).findings;
  return { findings: result.code === 0 ? [] : [...lines, "npm run format repairs this"] };
}

export function judge(result: CommandResult): PartResult {
  if (result.code === 0) return { findings: [] };
  const lines = result.output.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("npm warn"));
  return { findings: lines };
}
