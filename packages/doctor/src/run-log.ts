/** One line of what a run did, for a support ticket. No secret is in it. */
export interface LogLine {
  /** Milliseconds since the run began. */
  readonly atMs: number;
  /** The first is the caller's; each further one is the same with a change, to see what helps. */
  readonly attempt: number;
  readonly what: "begins" | "sends" | "receives" | "ends";
  readonly text: string;
}

/** Writes one attempt's lines. */
export type AttemptLog = (what: LogLine["what"], text: string) => void;

/** Numbers the attempts of one run, and hands their lines on as they come. */
export class RunLog {
  private readonly hear: (line: LogLine) => void;
  private readonly startedAt = performance.now();
  private attempts = 0;

  constructor(hear: (line: LogLine) => void) {
    this.hear = hear;
  }

  begin(text: string): AttemptLog {
    const attempt = ++this.attempts;
    const log: AttemptLog = (what, said) =>
      this.hear({ atMs: Math.round(performance.now() - this.startedAt), attempt, what, text: said });
    log("begins", text);
    return log;
  }
}
