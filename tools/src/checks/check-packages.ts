import { existsSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { listWorkspaces, readManifest, type Workspace } from "../repository.ts";
import { runTool } from "../run-command.ts";
import type { PartResult } from "./check-part.ts";
import { judge } from "./tool-parts.ts";

/** Packages that go to the registry and have something built to look at. */
export function builtPackages(): Workspace[] {
  return listWorkspaces().filter((workspace) => workspace.manifest.private !== true && existsSync(join(workspace.folder, "dist")));
}

/** publint: does package.json say the truth about the files. */
export async function checkPublint(): Promise<PartResult> {
  const results = await Promise.all(builtPackages().map(lintPackage));
  return { findings: results.flat() };
}

async function lintPackage(workspace: Workspace): Promise<string[]> {
  const { messages } = await publint({ pkgDir: workspace.folder, pack: false, strict: true });
  const manifest = { ...readManifest(join(workspace.folder, "package.json")) };
  return messages
    .filter((message) => message.type !== "suggestion")
    .map((message) => `${workspace.id}: ${formatMessage(message, manifest, { color: false }) ?? message.code}`);
}

/** attw: does TypeScript find, in every way of importing, the types that belong to what Node runs. */
export async function checkTypesResolve(): Promise<PartResult> {
  const withEntry = builtPackages().filter((workspace) => workspace.manifest.exports?.["."] !== undefined);
  const results = await Promise.all(withEntry.map(askAttw));
  return { findings: results.flat() };
}

async function askAttw(workspace: Workspace): Promise<string[]> {
  const profile = existsSync(join(workspace.folder, "dist/index.cjs")) ? "node16" : "esm-only";
  const args = [
    "--pack",
    workspace.folder,
    "--profile",
    profile,
    "--no-definitely-typed",
    "--no-emoji",
    "--no-color",
    "--format",
    "ascii",
  ];
  // Lines about ways of importing that the profile leaves out would bury the one that matters.
  const lines = judge(await runTool("attw", args)).findings.filter((line) => !/ignor|\bOK\b|^\*+$/.test(line));
  return lines.map((line) => `${workspace.id}: ${line}`);
}
