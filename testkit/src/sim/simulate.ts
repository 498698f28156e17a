import { generateScript } from "./generate-script.ts";
import { type RunCounts, type RunOptions, runScript } from "./run-script.ts";
import { formatScript, type Script } from "./script.ts";
import { shrinkScript } from "./shrink-script.ts";

/** A seed whose run went wrong, and the shortest history that shows it. */
export interface SimulationFailure {
  readonly seed: number;
  readonly script: Script;
  readonly violations: readonly string[];
  /** All of it in words, with the command that runs it again. */
  readonly text: string;
}

export interface SimulationTotals {
  readonly seeds: number;
  readonly counts: RunCounts;
  readonly failure: SimulationFailure | undefined;
}

export interface SimulationOptions extends RunOptions {
  /** Takes only what says this for a failure; for tests of the oracle. */
  readonly says?: RegExp;
}

/** Runs the seeds from `base` on, and stops at the first that fails. */
export async function simulate(base: number, seeds: number, options: SimulationOptions = {}): Promise<SimulationTotals> {
  const total: RunCounts = {
    published: 0,
    delivered: 0,
    connections: 0,
    cuts: 0,
    crashes: 0,
    takeovers: 0,
    wills: 0,
    willsSeen: 0,
    commits: 0,
  };
  for (let i = 0; i < seeds; i++) {
    const script = generateScript(base + i);
    const { violations, counts } = await runScript(script, options);
    for (const name of Object.keys(total) as (keyof RunCounts)[]) total[name] += counts[name];
    if (isFailure(violations, options)) return { seeds: i + 1, counts: total, failure: await explain(script, options) };
  }
  return { seeds, counts: total, failure: undefined };
}

/** Shrinks a script that fails and tells its story. */
export async function explain(script: Script, options: SimulationOptions = {}): Promise<SimulationFailure> {
  const fails = async (shorter: Script): Promise<boolean> => isFailure((await runScript(shorter, options)).violations, options);
  const shortest = await shrinkScript(script, fails);
  const { violations, history } = await runScript(shortest, { ...options, records: true });
  const { seed } = script;
  const text = [
    `seed ${seed}: ${violations.slice(0, 3).join("; ")}`,
    `The shortest history (${shortest.events.length} of ${script.events.length} events):`,
    formatScript(shortest),
    "What happened:",
    ...history.slice(-HISTORY_LINES),
    `Again: BOWLINE_SEED=${seed} npx vitest run testkit/src/sim/simulation.test.ts`,
  ].join("\n");
  return { seed, script: shortest, violations, text };
}

function isFailure(violations: readonly string[], { says }: SimulationOptions): boolean {
  return says === undefined ? violations.length > 0 : violations.some((what) => says.test(what));
}

/** The end of the history is where it goes wrong. */
const HISTORY_LINES = 80;

/** One line for people. */
export function summary(totals: SimulationTotals): string {
  const { published, delivered, connections, cuts, crashes, takeovers, wills, willsSeen, commits } = totals.counts;
  return [
    `${totals.seeds} seeds`,
    `${published} messages published, ${delivered} delivered`,
    `${connections} connections, ${cuts} cuts, ${takeovers} takeovers`,
    `${crashes} crashes, ${commits} commits`,
    `${wills} wills, ${willsSeen} sent`,
  ].join("; ");
}
