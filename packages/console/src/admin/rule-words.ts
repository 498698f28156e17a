import type { Rule } from "./admin-api.ts";

/** Whom a rule is about. */
export function whoOf({ client, user, addresses }: Pick<Rule, "client" | "user" | "addresses">): string {
  const words: string[] = [];
  if (user !== undefined) words.push(user === "" ? "anonymous clients" : `user ${user}`);
  if (client !== undefined) words.push(`client ${client}`);
  if (addresses !== undefined) words.push(`from ${addresses.join(", ")}`);
  return words.length === 0 ? "everybody" : words.join(", ");
}

/** What else must hold; empty for nothing. */
export function conditionsOf({ qos, retain }: Pick<Rule, "qos" | "retain">): string {
  const words: string[] = [];
  if (qos !== undefined) words.push(`QoS ${qos.join(" or ")}`);
  if (retain !== undefined) words.push(retain ? "retained" : "not retained");
  return words.join(", ");
}

/** What was typed into a field for several: one a line, or with commas between them. */
export function listOf(text: string, separator: RegExp): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
