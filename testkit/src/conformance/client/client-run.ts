import { CaseList, type ConformanceCase, NotApplicable } from "../case.ts";
import { CaseRun } from "../case-run.ts";
import { ConformanceFailure } from "../wire/conformance-failure.ts";
import type { ClientCase } from "./client-case.ts";
import type { ClientDriver } from "./client-driver.ts";
import { Kit } from "./kit.ts";
import { Recommendation } from "./recommendation.ts";

export interface ClientRunOptions {
  /** Whether what the specification only recommends must hold too. Default false. */
  readonly isStrict?: boolean;
  /** Cases at a time; each has a server and a client of its own. Default 32. */
  readonly concurrency?: number;
}

/** A case that hangs ends here. The longest waits for a Keep Alive of some seconds, three times. */
const CASE_LIMIT_MS = 40_000;

/** Plays cases with a client. */
export function clientRun(driver: ClientDriver, { isStrict = false, concurrency = 32 }: ClientRunOptions = {}): CaseRun<Kit> {
  return new CaseRun<Kit>(({ version }) => {
    const kit = new Kit(driver, version, isStrict);
    return { context: kit, transcript: kit.transcript, end: () => kit.close() };
  }, concurrency);
}

/** The cases of a group as a run takes them: one for each version, named by its sentence without the clauses. */
export function versionedCases(group: string, cases: readonly ClientCase[]): readonly ConformanceCase<Kit>[] {
  const list = new CaseList<Kit>(group);
  for (const one of cases) {
    const id = one.title.replace(/\s*\[[^\]]+\]\s*/g, " ").trim();
    for (const version of one.versions) list.inVersion(version, id, one.title, (kit) => play(one, kit));
  }
  return list.cases;
}

async function play(one: ClientCase, kit: Kit): Promise<void> {
  const { driver, version } = kit;
  const lacking = one.needs.filter((need) => !driver.capabilities.has(need));
  if (!driver.versions.includes(version)) throw new NotApplicable("the client does not speak this version");
  if (lacking.length > 0) throw new NotApplicable(`the adapter cannot ask for: ${lacking.join(", ")}`);
  await kit.open();
  try {
    await withLimit(one.run(kit));
  } catch (error) {
    if (!(error instanceof Recommendation) || kit.isStrict) throw error;
  }
}

async function withLimit(run: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ConformanceFailure("an end of the case", `none within ${CASE_LIMIT_MS} ms`)),
      CASE_LIMIT_MS,
    );
  });
  try {
    await Promise.race([run, limit]);
  } finally {
    clearTimeout(timer);
  }
}
