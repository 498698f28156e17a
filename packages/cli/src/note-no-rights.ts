import { ADMIN_OPTIONS, type AdminTarget } from "./admin-target.ts";
import type { CommandLine } from "./command-line.ts";
import { inShell, wordsOf } from "./given-options.ts";
import { type Rules, withRules } from "./rules.ts";
import { TENANT_OPTION, tenantIn } from "./tenant-option.ts";

/**
 * Says on standard error that no rule gives a user anything, with the command that does: it logs in and is refused everything, and that
 * looks like a fault of the client.
 */
export async function noteNoRights(line: CommandLine, target: AdminTarget, username: string): Promise<void> {
  // The user is there: that nobody can say what it may do, as with a key that may not read rules, makes nothing of that wrong.
  const mayDoSomething = await withRules(target, tenantIn(line), (rules) => isGivenSomething(rules, username)).catch(() => true);
  if (mayDoSomething) return;
  const place = Object.keys({ ...TENANT_OPTION, ...ADMIN_OPTIONS }).flatMap((name) => wordsOf(name, line));
  const command = ["bowline acl add allow both TOPIC --user", inShell(username), ...place].join(" ");
  process.stderr.write(`note: no rule lets ${inShell(username)} publish or subscribe yet: ${command}\n`);
}

async function isGivenSomething(rules: Rules, username: string): Promise<boolean> {
  const { noMatch, rules: listed } = await rules.list();
  return noMatch === "allow" || listed.some(({ permission, user = username }) => permission === "allow" && user === username);
}
