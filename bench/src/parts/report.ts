/** What a run of the benchmarks found. */
export class Report {
  /** One round of each, as short as it says something. */
  readonly isQuick: boolean;
  /** What is below its target or could not be verified. */
  readonly missed: string[] = [];
  /** Every figure, by the name of its part. */
  readonly figures: Record<string, unknown> = {};

  constructor(isQuick: boolean) {
    this.isQuick = isQuick;
  }

  /** Keeps the figures and prints their table. */
  show(name: string, figures: unknown, table: string): void {
    this.figures[name] = figures;
    console.log(`${table}\n`);
  }

  miss(...what: readonly string[]): void {
    this.missed.push(...what);
  }

  /** Says on stderr what takes its time now. */
  doing(what: string): void {
    process.stderr.write(`  ${what} ...\n`);
  }
}
