import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type ErrorCode, errorCodes, errorInfo, type RetryClass, type Stage } from "@bowline/protocol";
import { explain } from "@bowline/protocol/explanations";
import { otherNames } from "@bowline/protocol/other-names";
import { root } from "./repository.ts";

/*
 * docs/errors/ is made from the catalogue and its explanations: an overview, a page per stage, and a page that leads from the codes of
 * other programs to ours. `node tools/dist/error-docs.js` writes it, with --check it only compares.
 */

const folder = "docs/errors";
const note = "<!-- Generated from packages/protocol/src/errors by tools/src/error-docs.ts. Do not edit. -->";

const stages: Readonly<Record<Stage, string>> = {
  input: "What the caller gave",
  dns: "Finding the host",
  tcp: "Reaching the port",
  proxy: "Going through a proxy",
  tls: "TLS and certificates",
  http: "The answer to the WebSocket upgrade",
  ws: "WebSocket",
  mqtt: "MQTT",
  session: "The life of a connection",
  authz: "Permission",
  storage: "The broker's store",
  config: "Starting a broker",
  admin: "Administration",
  internal: "Faults of Bowline",
};

const retries: Readonly<Record<RetryClass, string>> = {
  never: "never",
  "new-input": "not before something is changed",
  "new-credentials": "not before there are new credentials",
  backoff: "with growing delays",
  "loop-guard": "with long delays, three times at most",
};

/** The problems of docs/errors: each file that differs from what the catalogue says, or should not be there. */
export async function checkErrorDocs(base: string = root): Promise<string[]> {
  const wanted = errorDocs();
  const path = join(base, folder);
  const problems: string[] = [];
  for (const [name, text] of wanted) {
    const file = join(path, name);
    if (!existsSync(file)) problems.push(`${folder}/${name} is missing`);
    else if (readFileSync(file, "utf8") !== text) problems.push(`${folder}/${name} is out of date`);
  }
  for (const name of existsSync(path) ? readdirSync(path) : []) {
    if (!wanted.has(name)) problems.push(`${folder}/${name} belongs to nothing in the catalogue`);
  }
  return problems.map((problem) => `${problem}: run node tools/dist/error-docs.js`);
}

/** Writes docs/errors anew. */
export function writeErrorDocs(base: string = root): void {
  const path = join(base, folder);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  for (const [name, text] of errorDocs()) writeFileSync(join(path, name), text);
}

/** Every page by its file name. */
export function errorDocs(): ReadonlyMap<string, string> {
  const used = (Object.keys(stages) as Stage[]).filter((stage) => codesOf(stage).length > 0);
  return new Map([
    ["README.md", overview(used)],
    ["other-names.md", otherNamesPage()],
    ...used.map((stage): [string, string] => [`${stage}.md`, stagePage(stage)]),
  ]);
}

const codesOf = (stage: Stage): readonly ErrorCode[] => errorCodes.filter((code) => errorInfo(code).stage === stage);

const linkTo = (code: ErrorCode): string => `[${code}](${errorInfo(code).stage}.md#${code.toLowerCase()})`;

function overview(used: readonly Stage[]): string {
  const tables = used.map((stage) =>
    [
      `## [${stages[stage]}](${stage}.md)`,
      "",
      "| code | meaning | what to do |",
      "|---|---|---|",
      ...codesOf(stage).map((code) => `| ${linkTo(code)} | ${plain(errorInfo(code).title)} | ${plain(errorInfo(code).remedy)} |`),
    ].join("\n"),
  );
  return page([
    "# Errors",
    `Every error of the client, the broker and the command carries one of these ${errorCodes.length} codes, and its message begins with it. ` +
      "`bowline explain CODE` prints the same as these pages. Codes do not change their meaning; new ones may come.",
    "An error that could have several causes lists them in `details.candidates`, the likeliest first, and what to try in `details.hints`.",
    "Coming from a code of Node, OpenSSL or a browser: [other names](other-names.md).",
    ...tables,
  ]);
}

function stagePage(stage: Stage): string {
  return page([`# ${stages[stage]}`, "[All errors](README.md)", ...codesOf(stage).map(section)]);
}

function section(code: ErrorCode): string {
  const { title, remedy, source, retry, causes, tell, fixes, seenAs } = explain(code);
  const lines = [`## ${code}`, "", `${plain(capital(title))}. **${plain(remedy)}**`, ""];
  lines.push(`Source: ${source}. Repeated: ${retries[retry]}.`);
  lines.push("", "Causes:", ...causes.map(item));
  if (tell !== undefined) lines.push("", `How to tell: ${tell}`);
  lines.push("", "What helps:", ...fixes.map(item));
  if (seenAs !== undefined) lines.push("", `Also seen as: ${seenAs.map(codeSpan).join(", ")}.`);
  return lines.join("\n");
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
/** A placeholder in angle brackets would be taken for HTML. */
const plain = (text: string): string => text.replaceAll("<", "&lt;");
const item = (text: string): string => `- ${text}`;
const codeSpan = (text: string): string => `\`${text}\``;

function otherNamesPage(): string {
  const sorted = [...otherNames()].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const rows = sorted.map(([name, codes]) => `| ${codeSpan(name)} | ${codes.map(linkTo).join(", ")} |`);
  return page([
    "# Other names",
    "What MQTT, Node, OpenSSL, browsers, providers and other brokers call these failures. Several codes beside one name: it does not say which, and the likeliest stands first. `bowline explain NAME` takes each of them, and a line that holds one.",
    ["| seen | code |", "|---|---|", ...rows].join("\n"),
  ]);
}

const page = (blocks: readonly string[]): string => `${[note, ...blocks].join("\n\n")}\n`;

const isProgram = process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href;
if (isProgram && process.argv.includes("--check")) {
  const problems = await checkErrorDocs();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
} else if (isProgram) {
  writeErrorDocs();
}
