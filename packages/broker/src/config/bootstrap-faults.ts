import { MqttError } from "@bowline/protocol";
import { readRule } from "../acl/rule.ts";
import { faultOfUsername } from "../auth/user-directory.ts";
import type { BootstrapConfig } from "./bootstrap-schema.ts";
import type { MeaningFault } from "./meaning-fault.ts";

/** What would end the first start in the middle, with some of the users kept: names and rules that cannot be, or that come twice. */
export function bootstrapFaults({ users, rules }: BootstrapConfig): MeaningFault[] {
  const faults: MeaningFault[] = [];
  const add = (path: readonly PropertyKey[], words: string | undefined): void => {
    if (words === undefined) return;
    faults.push({ path: ["bootstrap", ...path], error: new MqttError("CONFIG_INVALID", { detail: words }) });
  };
  for (const [index, { username }] of users.entries()) {
    const fault = faultOfUsername(username);
    add(["users", index, "username"], fault === undefined ? undefined : `user name ${JSON.stringify(username)}: ${fault}`);
    const isTaken = users.slice(0, index).some((other) => other.username === username);
    add(["users", index, "username"], isTaken ? `the user ${JSON.stringify(username)} comes twice` : undefined);
  }
  for (const [index, rule] of rules.entries()) {
    const read = readRule(rule);
    add(["rules", index], typeof read === "string" ? read : undefined);
    const isTaken = rule.id !== undefined && rules.slice(0, index).some(({ id }) => id === rule.id);
    add(["rules", index, "id"], isTaken ? `the rule ${JSON.stringify(rule.id)} comes twice` : undefined);
  }
  return faults;
}
