import { readFileSync } from "node:fs";
import { join } from "node:path";

export const parts = ["client", "drop-in", "page", "broker", "doctor"] as const;
export type Part = (typeof parts)[number];

/** Whether a part is tested as it is: the broker has no other, and the doctor meets whatever its farm has. */
export function isAlone(part: Part): boolean {
  return part === "broker" || part === "doctor";
}

/** The brokers that each test of a part must be made with. */
export function brokersFor(part: Part): readonly ("bowline" | "mosquitto")[] {
  return isAlone(part) ? ["bowline"] : ["bowline", "mosquitto"];
}

/** Whom a test connects to: our broker, mosquitto, or a server of the test's own that answers as it is told. */
export const peers = ["bowline", "mosquitto", "scripted"] as const;
export type Peer = (typeof peers)[number];

/** One numbered criterion, as spec/criteria.json states it. */
export interface Criterion {
  /** A letter for the group, and a number. */
  readonly id: string;
  readonly statement: string;
  readonly parts: readonly Part[];
  /** What the daily run holds where that is less than stated; absent: the daily run holds what is stated. */
  readonly daily?: string;
  /** The size of the long run, with `daily`. */
  readonly stated?: string;
  /** Why a cell has no test, by "part peer", by peer or by part. */
  readonly without?: Readonly<Record<string, string>>;
}

/** One cell that a test claims. */
export interface CriterionClaim {
  readonly id: string;
  readonly part: Part;
  readonly peer: Peer;
  /** The file of the test, from the root. */
  readonly file: string;
}

export function readCriteria(base: string): Criterion[] {
  return JSON.parse(readFileSync(join(base, "spec/criteria.json"), "utf8")) as Criterion[];
}

/** Why there is no test of that part with that peer; undefined: there must be one. */
export function reasonWithout({ without = {} }: Criterion, part: Part, peer: Peer): string | undefined {
  return without[`${part} ${peer}`] ?? (isAlone(part) ? undefined : without[peer]) ?? without[part];
}

const claim = /\[([A-G]\d{1,2}) ([a-z-]+)(?: ([a-z]+))?\]/g;

/**
 * What the titles and `covers:` comments of a file claim: `[A8 client]` with our broker, `[A8 page mosquitto]`, `[A8 drop-in
 * scripted]`. What only looks like one is a fault.
 */
export function readCriterionClaims(text: string, file: string): { claims: CriterionClaim[]; faults: string[] } {
  const claims: CriterionClaim[] = [];
  const faults: string[] = [];
  for (const [shown, id = "", part, peer = "bowline"] of text.matchAll(claim)) {
    if (isPart(part) && isPeer(peer)) claims.push({ id, part, peer, file });
    else faults.push(`${file} writes ${shown}: a part is ${parts.join(", ")}, a peer ${peers.join(", ")}`);
  }
  return { claims, faults };
}

function isPart(text: unknown): text is Part {
  return parts.includes(text as Part);
}

function isPeer(text: unknown): text is Peer {
  return peers.includes(text as Peer);
}
