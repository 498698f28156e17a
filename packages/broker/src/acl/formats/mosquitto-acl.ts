import type { MqttError } from "@bowline/protocol";
import { readRule, type RuleAction, type RuleInput } from "../rule.ts";
import { formatFault } from "./format-fault.ts";

const ACTIONS: Readonly<Record<string, RuleAction>> = { read: "subscribe", write: "publish", readwrite: "both", deny: "both" };

/**
 * The rules of a mosquitto ACL file. `topic` lines before the first `user` line are for anonymous clients, those behind one for that
 * user, and `pattern` lines for everybody, wherever they stand. There a `deny` wins over everything, so these rules come first.
 *
 * @throws MqttError OPTION_INVALID, which names the line
 */
export function parseMosquittoAcl(text: string, file: string): RuleInput[] {
  const denied: RuleInput[] = [];
  const allowed: RuleInput[] = [];
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
      if (rule.permission === "deny") denied.push(rule);
      else (word === "pattern" ? patterns : allowed).push(rule);
    } else throw formatFault(file, i + 1, `"${word}" is not known; known are user, topic and pattern`);
  }
  return [...denied, ...allowed, ...patterns];
}

function ruleOf(word: "topic" | "pattern", rest: string, user: string, fault: (words: string) => MqttError): RuleInput {
  const [, access, topic = rest] = /^(read|write|readwrite|deny)\s+(.*)$/.exec(rest) ?? [];
  if (topic === "") throw fault("the topic is missing");
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
  return text;
}
