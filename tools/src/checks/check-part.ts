/** What one part of the check has to say. */
export interface PartResult {
  /** Each is one thing to repair; none means the part passed. */
  readonly findings: readonly string[];
  /** Printed beside the name when the part passed: a figure, or why there was nothing to look at. */
  readonly note?: string;
}

export interface CheckPart {
  readonly name: string;
  /** Whether the part reads dist, and so has to wait for the build. */
  readonly needsBuild?: boolean;
  run(): Promise<PartResult> | PartResult;
}
