/** A statement that does not hold: what a case expected, and what it saw. */
export class ConformanceFailure extends Error {
  override readonly name = "ConformanceFailure";
  readonly expected: string;
  readonly seen: string;

  constructor(expected: string, seen: string) {
    super(`expected ${expected}\nbut saw  ${seen}`);
    this.expected = expected;
    this.seen = seen;
  }
}
