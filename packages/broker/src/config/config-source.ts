/** Where a key of the configuration stands. Line and column count from 1. */
export interface Position {
  line: number;
  column: number;
}

export type PositionOf = (path: readonly PropertyKey[]) => Position | undefined;

/** What one configuration file says, before it is checked. */
export interface ConfigSource {
  value: unknown;
  /** Where a key stands; for one that is not written, the nearest written one above it. */
  positionOf: PositionOf;
  /** Every file it was read from, absolute: the file itself first, then what it imports. */
  files: readonly string[];
}
