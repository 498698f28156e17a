import type { Authority } from "./authority.ts";

export type StoreKind = "system" | "firefox" | "chromium";
export const STORE_KINDS: readonly StoreKind[] = ["system", "firefox", "chromium"];

/** One place where this machine or a browser keeps the authorities it trusts. */
export interface TrustStore {
  kind: StoreKind;
  /** For people: "Firefox profile abc.default". */
  name: string;
  /** Undefined when that cannot be told. */
  isTrusted(authority: Authority): Promise<boolean | undefined>;
  /** What `install` and `remove` do, as commands somebody could run by hand. */
  installCommands(authority: Authority): string[];
  removeCommands(authority: Authority): string[];
  /** Why we cannot do it ourselves (a missing tool, rights, an untested system), or undefined when we can. */
  obstacle(): Promise<string | undefined>;
  /** Both reject with what the tool said. */
  install(authority: Authority): Promise<void>;
  remove(authority: Authority): Promise<void>;
}
