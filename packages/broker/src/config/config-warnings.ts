import { memoryWarning } from "../connection/memory-held.ts";
import type { BrokerConfig } from "./broker-config.ts";

/** Something that is allowed, and hardly meant. */
export interface ConfigWarning {
  path: readonly PropertyKey[];
  words: string;
}

/** What `config check` says of a configuration that is well. */
export function configWarnings(config: BrokerConfig): ConfigWarning[] {
  const memory = memoryWarning(config.limits.maximumMemoryBytes);
  const ofMemory = memory === undefined ? [] : [{ path: ["limits", "maximumMemoryBytes"], words: memory }];
  const { users, rules } = config.bootstrap;
  if (users.length === 0 || rules.length > 0 || grantsRights(config)) return ofMemory;
  return [...ofMemory, { path: ["bootstrap", "users"], words: `the users of \`bootstrap\` will have no rights: ${NO_RIGHTS}` }];
}

/** What to do where no rule allows anything. */
export const NO_RIGHTS =
  "no rule allows anything. Give bootstrap.rules, or add some with `bowline acl add`, such as `bowline acl add allow both 'devices/${username}/#'`";

/** Whether anybody but the rules of the store may give rights: whoever vouches for a client may bring some along. */
export function grantsRights({ authentication, authorization }: BrokerConfig): boolean {
  const ofTheStore = ["password", "scram", "certificate"];
  return authorization.length > 0 || authentication.some(({ kind }) => !ofTheStore.includes(kind));
}
