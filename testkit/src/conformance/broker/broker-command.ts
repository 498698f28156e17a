import { CaseRun, type CaseResult } from "../case-run.ts";
import type { ConformanceCase } from "../case.ts";
import { type CommandOptions, printResults, selectCases } from "../command-options.ts";
import { brokerCases } from "./broker-cases.ts";
import { type BrokerContext, contextsOf } from "./broker-context.ts";
import type { BrokerTarget } from "./broker-target.ts";
import { probeServer } from "./server-features.ts";

/** As the command line gives them. */
export interface BrokerCommandOptions extends CommandOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** Runs the cases at a broker and prints the report; the exit code is 0 when nothing failed. */
export async function runBrokerCommand(url: string, options: BrokerCommandOptions, print: (line: string) => void): Promise<number> {
  const { username, password, strict = false } = options;
  const target = { address: addressOf(url), username, password, isStrict: strict };
  const start = performance.now();
  const results = await judgeBroker(target, selectCases(brokerCases, options));
  const code = await printResults(results, options, print);
  if (options.json !== true) print(`\n${results.length} cases in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return code;
}

/** Runs cases, all by default, at a broker. */
export async function judgeBroker(
  target: BrokerTarget,
  cases: readonly ConformanceCase<BrokerContext>[] = brokerCases,
): Promise<CaseResult[]> {
  return new CaseRun(contextsOf(target, await probeServer(target))).all(cases);
}

export function addressOf(url: string): BrokerTarget["address"] {
  const { protocol, hostname, port } = new URL(url);
  const tls = protocol === "mqtts:";
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? (tls ? 8883 : 1883) : Number(port), tls };
}
