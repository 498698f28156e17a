import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The two versions whose statements are numbered. 3.1 has no numbers; where it differs, a decision says so. */
export const versions = ["v5", "v3"] as const;
export type ClauseVersion = (typeof versions)[number];

const roles = ["client", "server", "both"] as const;
const owners = ["packet", "topic", "flow", "session", "engine", "client", "broker"] as const;

/** One normative statement, as a row of spec/clauses-v5.json or spec/clauses-v3.json. */
export interface Clause {
  /** `MQTT-3.1.0-1`, without its version: ids collide between the versions. */
  readonly id: string;
  /** In our own words. */
  readonly statement: string;
  readonly role: (typeof roles)[number];
  /** The layer that decides it here. */
  readonly owner: (typeof owners)[number];
}

/** How text cites a statement, and the key under which everything about it is kept: `v3 MQTT-3.1.2-24` or `MQTT-3.1.2-22`. */
export function citationOf(version: ClauseVersion, id: string): string {
  return version === "v3" ? `v3 ${id}` : id;
}

export function readClauses(base: string, version: ClauseVersion): Clause[] {
  return JSON.parse(readFileSync(join(base, `spec/clauses-${version}.json`), "utf8")) as Clause[];
}

/** What is wrong with a list itself: an id twice or out of its place, a role or an owner that there is not. */
export function findClauseFaults(version: ClauseVersion, clauses: readonly Clause[]): string[] {
  const at = `spec/clauses-${version}.json:`;
  return clauses.flatMap((clause, index) => {
    const previous = clauses[index - 1];
    const faults: string[] = [];
    if (!/^MQTT-\d+\.\d+\.\d+-\d+$/.test(clause.id)) faults.push(`${at} ${clause.id} is no id`);
    if (previous !== undefined && compareIds(previous.id, clause.id) >= 0) faults.push(`${at} ${clause.id} is out of order`);
    if (!roles.includes(clause.role)) faults.push(`${at} ${clause.id} has the unknown role ${clause.role}`);
    if (!owners.includes(clause.owner)) faults.push(`${at} ${clause.id} has the unknown owner ${clause.owner}`);
    return faults;
  });
}

function compareIds(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  const differing = left.findIndex((value, index) => value !== right[index]);
  return differing === -1 ? 0 : left[differing]! - right[differing]!;
}

function numbersOf(id: string): number[] {
  return (id.match(/\d+/g) ?? []).map(Number);
}
