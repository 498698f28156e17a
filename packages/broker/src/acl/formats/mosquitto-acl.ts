import type { MqttError } from "@bowline/protocol";
import { covers, overlaps } from "@bowline/protocol/internal";
import { readRule, type RuleAction, type RuleInput } from "../rule.ts";
import { formatFault } from "./format-fault.ts";

const ACTIONS: Readonly<Record<string, RuleAction>> = { read: "subscribe", write: "publish", readwrite: "both", deny: "both" };

/**
 * The rules of a mosquitto ACL file. `topic` lines before the first `user` line are for anonymous clients, those behind one for that
 * user, and `pattern` lines for everybody, wherever they stand.
 *
 * mosquitto asks a user's own lines before the patterns, and of either those that deny first; it never refuses a Subscription, and
 * asks message by message. So what denies comes first here for publishing, and for subscribing last where that makes a difference:
 * behind what it denies a part of, it takes that part out at delivery, and ahead of it the whole Subscription would be refused.
 *
 * @throws MqttError OPTION_INVALID, which names the line
 */
export function parseMosquittoAcl(text: string, file: string): RuleInput[] {
  const topics: RuleInput[] = [];
  const patterns: RuleInput[] = [];
  let user = "";
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    if (word === "user") {
      if (rest === "") throw formatFault(file, i + 1, "the name of the user is missing");
      user = rest;
    } else if (word === "topic" || word === "pattern") {
      const rule = ruleOf(word, rest, user, (words) => formatFault(file, i + 1, words));
      (word === "pattern" ? patterns : topics).push(rule);
    } else throw formatFault(file, i + 1, `"${word}" is not known; known are user, topic and pattern`);
  }
  const ofTopics = placed(topics, (deny) => [
    ...allowsOf(topics.filter(({ user: whose }) => whose === deny.user)),
    ...allowsOf(patterns),
  ]);
  const ofPatterns = placed(patterns, () => allowsOf(patterns));
  return [
    ...ofTopics.denied,
    ...allowsOf(topics),
    ...ofPatterns.denied,
    ...allowsOf(patterns),
    ...ofTopics.takenOut,
    ...ofPatterns.takenOut,
  ];
}

const allowsOf = (rules: readonly RuleInput[]): RuleInput[] => rules.filter(({ permission }) => permission === "allow");

/** The rules that deny: what stands ahead of those that allow, and what stands behind them. */
function placed(
  rules: readonly RuleInput[],
  allowedBehind: (deny: RuleInput) => RuleInput[],
): Record<"denied" | "takenOut", RuleInput[]> {
  const denied: RuleInput[] = [];
  const takenOut: RuleInput[] = [];
  for (const rule of rules) {
    if (rule.permission === "allow") continue;
    const reached = allowedBehind(rule).filter(
      ({ action, topics }) => action !== "publish" && overlaps(widest(rule), widest({ topics })),
    );
    // Behind a rule of which it denies all it would stand for nothing.
    const isAhead = reached.length === 0 || reached.some((allow) => mayCover(rule, allow));
    denied.push(isAhead ? rule : { ...rule, action: "publish" });
    if (!isAhead) takenOut.push({ ...rule, action: "subscribe" });
  }
  return { denied, takenOut };
}

/** Whether there may be a client for which the one denies all that the other allows. */
function mayCover(deny: RuleInput, allow: RuleInput): boolean {
  const outer = widest(deny).split("/");
  const inner = allow.topics[0]!.split("/").map((level, i) => (level.startsWith("${") ? (outer[i] ?? level) : level));
  return covers(outer.join("/"), inner.join("/"));
}

/** Its filter, as if placeholders stood for any level. */
function widest({ topics: [topic] }: Pick<RuleInput, "topics">): string {
  return topic!.replaceAll(/\$\{[^{}]*\}/g, "+");
}

function ruleOf(word: "topic" | "pattern", rest: string, user: string, fault: (words: string) => MqttError): RuleInput {
  const [, access, topic = rest] = /^(read|write|readwrite|deny)\s+(.*)$/.exec(rest) ?? [];
  if (topic === "") throw fault("the topic is missing");
  if (access === undefined && topic.includes(" ")) {
    throw fault(`"${topic.slice(0, topic.indexOf(" "))}" is no access; known are read, write, readwrite and deny`);
  }
  // A file may name shared subscriptions by their whole text; the rights are those of the filter.
  const filter = topic.replace(/^\$share\/[^/]*\//, "");
  const whose = word === "pattern" ? {} : { user };
  const rule = readRule({
    permission: access === "deny" ? "deny" : "allow",
    action: ACTIONS[access ?? "readwrite"],
    topics: [word === "pattern" ? withPlaceholders(filter, fault) : plain(filter, fault)],
    ...whose,
  });
  if (typeof rule === "string") throw fault(rule);
  return rule;
}

function withPlaceholders(topic: string, fault: (words: string) => MqttError): string {
  return topic
    .split("/")
    .map((level) => {
      if (level === "%c") return "${clientid}";
      if (level === "%u") return "${username}";
      if (/%[cu]/.test(level)) throw fault(`"${level}": %c and %u must fill their whole level`);
      return plain(level, fault);
    })
    .join("/");
}

function plain(text: string, fault: (words: string) => MqttError): string {
  if (text.includes("${")) throw fault(`"${text}" would be a placeholder here`);
  if (text.startsWith("eq ")) throw fault(`"${text}" would mean that text itself here`);
  return text;
}
