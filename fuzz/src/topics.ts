import {
  covers,
  matches,
  overlaps,
  parseShare,
  SubscriptionTrie,
  validateTopicFilter,
  validateTopicName,
} from "@bowline/protocol/internal";
import { Random } from "./random.ts";

/** What a run met; a run that returns found nothing. */
export interface TopicReport {
  readonly seed: number;
  readonly inputs: number;
  /** Texts that are a Topic Name, and those that are a Topic Filter. */
  names: number;
  filters: number;
  /** Pairs of filter and name that match. */
  matched: number;
}

/** Pieces of topics, and what has no business in them. Most are short, so that texts meet each other. */
const pieces: readonly string[] = [
  "/",
  "/",
  "/",
  "a",
  "b",
  "+",
  "#",
  "$",
  "$share/",
  "$SYS",
  "é",
  "😀",
  "\0",
  "\ud800",
  "\udc00",
  "\uffff",
  "\ufeff",
  " ",
  "g/",
  "+/",
  "/#",
];
const LONGEST = 65_535;
const levels = String.raw`(?:(?:[^+#/]*|\+)/)*(?:[^+#/]*|\+|#)`;
const plainFilter = new RegExp(`^${levels}$`, "su");
const sharedFilter = new RegExp(String.raw`^\$share/[^+#/]+/(?!$)${levels}$`, "su");

/**
 * Checks validation, matching, covering and overlapping of random and hostile texts against a second, naive reading of section 4.7.
 *
 * @throws Error naming seed and input, where the two disagree or something else than an answer comes.
 */
export function fuzzTopics(seed: number, first: number, count: number, progress?: (input: number) => void): TopicReport {
  const report: TopicReport = { seed, inputs: count, names: 0, filters: 0, matched: 0 };
  for (let input = first; input < first + count; input++) {
    progress?.(input);
    const random = new Random(seed, input);
    const texts = Array.from({ length: 4 }, () => text(random));
    try {
      for (const one of texts) checkValidation(one, report);
      // A regular expression of 64 KiB cannot be made.
      const short = texts.filter((one) => one.length < 1000);
      checkMatching(short, random, report);
    } catch (cause) {
      throw new Error(
        `seed ${seed}, input ${input}: ${String(cause).slice(0, 500)}; ${JSON.stringify(texts.map((one) => one.slice(0, 200)))}`,
        { cause },
      );
    }
  }
  return report;
}

function text(random: Random): string {
  let made = "";
  for (let left = random.below(9); left > 0; left--) made += pieces[random.below(pieces.length)]!;
  // Now and then one at the limit of length, where bytes and characters differ.
  return random.below(200) === 0 ? made + (random.below(2) === 0 ? "x" : "é").repeat(32_760 + random.below(10)) : made;
}

function checkValidation(topic: string, report: TopicReport): void {
  const isText = topic.length > 0 && !/\p{Surrogate}/u.test(topic) && !topic.includes("\0") && Buffer.byteLength(topic) <= LONGEST;
  const isName = isText && !/[+#]/.test(topic);
  const isShared = topic.startsWith("$share/");
  const isFilter = isText && topic !== "$share" && (isShared ? sharedFilter : plainFilter).test(topic);
  agree("a Topic Name", isName, validateTopicName(topic) === undefined);
  agree("a Topic Filter", isFilter, validateTopicFilter(topic) === undefined);
  if (isName) report.names++;
  if (isFilter) report.filters++;
}

function checkMatching(texts: readonly string[], random: Random, report: TopicReport): void {
  const filters = texts.filter((one) => validateTopicFilter(one) === undefined).map((one) => parseShare(one)?.topicFilter ?? one);
  const names = texts.filter((one) => validateTopicName(one) === undefined);
  // A filter with its wildcards filled in is a name that is likely to match, and to match others as well.
  for (const filter of filters) {
    const name = filter.replaceAll("+", ["a", "", "b"][random.below(3)]!).replaceAll("#", ["a/b", "", "a"][random.below(3)]!);
    if (validateTopicName(name) === undefined) names.push(name);
  }
  const trie = new SubscriptionTrie<{ filter: string }>();
  const values = filters.map((filter) => ({ filter }));
  for (const value of values) trie.add(value.filter, value);
  for (const name of names) {
    const found: { filter: string }[] = [];
    trie.matchInto(name, found);
    const expected = values.filter(({ filter }) => naivelyMatches(filter, name));
    agree(`the trie's answer to ${name}`, expected.length, found.length);
    report.matched += expected.length;
    for (const { filter } of values) agree(`${filter} matches ${name}`, naivelyMatches(filter, name), matches(filter, name));
    for (const one of filters) for (const other of filters) checkPair(one, other, name);
  }
  for (const value of values) agree("removed", true, trie.remove(value.filter, value));
  agree("left in the trie", 0, trie.size);
}

function checkPair(one: string, other: string, name: string): void {
  if (covers(one, other) && matches(other, name)) agree(`${one} covers ${other}, so it matches ${name}`, true, matches(one, name));
  if (matches(one, name) && matches(other, name)) agree(`${one} and ${other} overlap at ${name}`, true, overlaps(one, other));
}

/** Section 4.7 as a regular expression. */
function naivelyMatches(filter: string, name: string): boolean {
  // [MQTT-4.7.2-1]
  if (name.startsWith("$") && /^[+#]/.test(filter)) return false;
  const source = filter
    .replaceAll(/[.*?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("+", "[^/]*")
    .replace(/\/#$/, "(?:/.*)?")
    .replace(/^#$/, ".*");
  return new RegExp(`^${source}$`, "su").test(name);
}

function agree(what: string, expected: unknown, seen: unknown): void {
  if (expected !== seen) throw new Error(`${what}: ${String(expected)} by the naive reading, ${String(seen)} by ours`);
}
