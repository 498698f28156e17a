import { readFile } from "node:fs/promises";
import { CaseRun, type CaseResult } from "../case-run.ts";
import { chapterOf, type ConformanceCase, versionName } from "../case.ts";
import type { Divergence, Divergences } from "../divergences.ts";
import { failureCount, reportLines } from "../report.ts";
import { brokerCases } from "./broker-cases.ts";
import { type BrokerContext, contextsOf } from "./broker-context.ts";
import type { BrokerTarget } from "./broker-target.ts";
import { probeServer } from "./server-features.ts";

/** As the command line gives them. */
export interface BrokerCommandOptions {
  readonly version?: string | undefined;
  readonly chapter?: string | undefined;
  readonly case?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly strict?: boolean | undefined;
  readonly divergences?: string | undefined;
  readonly as?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Runs the cases at a broker and prints the report; the exit code is 0 when nothing failed. */
export async function runBrokerCommand(url: string, options: BrokerCommandOptions, print: (line: string) => void): Promise<number> {
  const { username, password, strict = false } = options;
  const target = { address: addressOf(url), username, password, isStrict: strict };
  const start = performance.now();
  const results = await judgeBroker(target, selected(options));
  const known = await knownDivergences(options);
  if (options.json === true) print(JSON.stringify(results, undefined, 2));
  else for (const line of reportLines(results, known)) print(line);
  if (options.json !== true) print(`\n${results.length} cases in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return failureCount(results, known) === 0 ? 0 : 1;
}

/** Runs cases, all by default, at a broker. */
export async function judgeBroker(
  target: BrokerTarget,
  cases: readonly ConformanceCase<BrokerContext>[] = brokerCases,
): Promise<CaseResult[]> {
  return new CaseRun(contextsOf(target, await probeServer(target))).all(cases);
}

function selected({ version, chapter, case: text }: BrokerCommandOptions): readonly ConformanceCase<BrokerContext>[] {
  return brokerCases.filter(
    (one) =>
      (version === undefined || versionName(one.version) === (version === "5" ? "5.0" : version)) &&
      (chapter === undefined || chapterOf(one) === chapter) &&
      (text === undefined || one.id.includes(text) || one.title.includes(text)),
  );
}

export function addressOf(url: string): BrokerTarget["address"] {
  const { protocol, hostname, port } = new URL(url);
  const tls = protocol === "mqtts:";
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? (tls ? 8883 : 1883) : Number(port), tls };
}

async function knownDivergences({ divergences, as }: BrokerCommandOptions): Promise<readonly Divergence[]> {
  if (divergences === undefined) return [];
  const all = JSON.parse(await readFile(divergences, "utf8")) as Divergences;
  return all[as ?? ""] ?? [];
}
