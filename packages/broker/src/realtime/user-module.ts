/** A program of the operator, ready to be loaded by another process. */
export interface UserModule {
  /** `file:` URL of a JavaScript module. */
  readonly url: string;
  /** What it was made of: when one of these changes, it is to be made again. */
  readonly files: readonly string[];
  /** Removes what was written for it. */
  dispose(): Promise<void>;
}

/** Makes a module that Node can load of a source file, TypeScript too. */
export type LoadUserModule = (file: string) => Promise<UserModule>;
