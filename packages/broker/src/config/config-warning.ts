/** Something that is allowed, and hardly meant. */
export interface ConfigWarning {
  path: readonly PropertyKey[];
  words: string;
}
