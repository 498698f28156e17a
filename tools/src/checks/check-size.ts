import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isTestFile, listSources, listWorkspaces, root, shown } from "../repository.ts";
import { lineOf, parseSource, type SyntaxNode, walk } from "../syntax-tree.ts";
import type { PartResult } from "./check-part.ts";

const functionLinesMax = 70;
const fileLinesMax = 600;

/** Names of functions and files that may stay longer than the limit, each with the lines it has: it may shrink, never grow. */
type Baseline = Readonly<Record<string, number>>;

interface Sized {
  readonly name: string;
  readonly lines: number;
}

/**
 * A ratchet on length. Functions of tests and of testkit are not measured (a `describe` is a list), their files are.
 * @param options.update writes the baseline from what is there instead of judging it.
 */
export function checkSize(options: { readonly base?: string; readonly update?: boolean } = {}): PartResult {
  const base = options.base ?? root;
  const baselinePath = join(base, "tools/size-baseline.json");
  const paths = listWorkspaces(base).flatMap((workspace) => listSources(join(workspace.folder, "src")));
  const functions = paths.filter((path) => !isSuite(path, base)).flatMap((path) => functionsOf(path, base));
  const files = paths.map((path) => ({ name: shown(path, base), lines: countLines(path) }));
  const over = [...functions.filter((item) => item.lines > functionLinesMax), ...files.filter((item) => item.lines > fileLinesMax)];
  if (options.update === true) {
    const sorted = over.toSorted((a, b) => a.name.localeCompare(b.name)).map((item): [string, number] => [item.name, item.lines]);
    writeFileSync(baselinePath, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
  }
  const baseline = existsSync(baselinePath) ? (JSON.parse(readFileSync(baselinePath, "utf8")) as Baseline) : {};
  return { findings: [...tooLong(over, baseline), ...stale(over, baseline)], note: longest(functions) };
}

function tooLong(over: readonly Sized[], baseline: Baseline): string[] {
  return over
    .filter((item) => item.lines > (baseline[item.name] ?? 0))
    .map(
      (item) =>
        `${item.name} has ${item.lines} lines, at most ${baseline[item.name] ?? (item.name.includes("#") ? functionLinesMax : fileLinesMax)} allowed`,
    );
}

/** The ratchet turns one way only: what became short leaves the baseline. */
function stale(over: readonly Sized[], baseline: Baseline): string[] {
  return Object.keys(baseline)
    .filter((name) => !over.some((item) => item.name === name))
    .map((name) => `${name} is short now: take it out of tools/size-baseline.json`);
}

function longest(functions: readonly Sized[]): string {
  const ten = functions.toSorted((a, b) => b.lines - a.lines).slice(0, 10);
  return `longest: ${ten.map((item) => `${item.name.replace(/^.*\//, "")} ${item.lines}`).join(", ")}`;
}

function functionsOf(path: string, base: string): Sized[] {
  const source = parseSource(path);
  const found: Sized[] = [];
  walk(source.root, (node, parent) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    const lines = lineOf(source.text, node.end) - lineOf(source.text, node.start) + 1;
    if (lines > 20) found.push({ name: `${shown(path, base)}#${nameOf(node, parent)}`, lines });
  });
  return found;
}

function nameOf(node: SyntaxNode, parent: SyntaxNode | undefined): string {
  for (const holder of [node["id"], parent?.["key"], parent?.["id"], parent?.["left"]]) {
    const name = (holder as { name?: unknown } | null | undefined)?.name;
    if (typeof name === "string") return name;
  }
  return "(anonymous)";
}

function isSuite(path: string, base: string): boolean {
  return isTestFile(path) || shown(path, base).startsWith("testkit/");
}

function countLines(path: string): number {
  return readFileSync(path, "utf8").trimEnd().split("\n").length;
}
