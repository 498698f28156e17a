import { MqttError } from "@bowline/protocol";
import { readRule, type Rule, type RuleAction, type RuleInput } from "../rule.ts";
import { parseCsv, writeCsv } from "./csv.ts";
import { formatFault } from "./format-fault.ts";

const ACTIONS: Readonly<Record<string, RuleAction>> = {
  pub: "publish",
  publish: "publish",
  sub: "subscribe",
  subscribe: "subscribe",
  pubsub: "both",
  all: "both",
};
const WRITTEN: Readonly<Record<RuleAction, string>> = { publish: "pub", subscribe: "sub", both: "pubsub" };
const KNOWN = ["clientid", "username", "topic", "action", "access", "permission"] as const;
type Column = (typeof KNOWN)[number];

/**
 * The rules of a CSV file as EMQX's consoles take it: a head with `clientid` or `username` (neither, or an empty field: everybody),
 * `topic`, `action` (pub, sub, pubsub) and `access` (allow, deny). There the rules of a client are asked before those of a user, and
 * these before those of everybody; they come in that order, and among themselves as they stand.
 *
 * @throws MqttError OPTION_INVALID, which names the line
 */
export function parseEmqxCsv(text: string, file: string): RuleInput[] {
  const [head, ...rows] = parseCsv(text, file);
  if (head === undefined) throw formatFault(file, 1, "there is no head with the names of the columns");
  const columns = head.fields.map((name) => columnOf(name, head.line, file));
  for (const needed of ["topic", "action"] as const) {
    if (!columns.includes(needed)) throw formatFault(file, head.line, `the column ${needed} is missing`);
  }
  if (!columns.includes("access") && !columns.includes("permission")) {
    throw formatFault(file, head.line, "the column access is missing");
  }
  const rules = rows.map(({ fields, line }) => {
    if (fields.length !== columns.length) {
      throw formatFault(file, line, `${fields.length} fields, where the head has ${columns.length}`);
    }
    return ruleOf(new Map(columns.map((column, i) => [column, fields[i]!])), line, file);
  });
  const isOf = { client: (rule: RuleInput) => rule.client !== undefined, user: (rule: RuleInput) => rule.user !== undefined };
  return [
    ...rules.filter(isOf.client),
    ...rules.filter((rule) => !isOf.client(rule) && isOf.user(rule)),
    ...rules.filter((rule) => !isOf.client(rule) && !isOf.user(rule)),
  ];
}

/**
 * The same back. EMQX knows neither rules of addresses, QoS, RETAIN nor of a client and a user at once.
 *
 * @throws MqttError OPTION_INVALID, which names the rule that has no such line
 */
export function writeEmqxCsv(rules: readonly Rule[]): string {
  const rows = [["clientid", "username", "topic", "action", "access"]];
  for (const rule of rules) {
    const { id, client, user, topics, action, permission } = rule;
    const more = rule.addresses ?? rule.qos ?? rule.retain;
    if (more !== undefined || (client !== undefined && user !== undefined) || user === "") {
      throw new MqttError("OPTION_INVALID", {
        detail: `rule ${id} has a condition that EMQX's CSV cannot say`,
        remedy: "Export as JSON, or take that rule out first.",
      });
    }
    for (const topic of topics) rows.push([client ?? "", user ?? "", topic, WRITTEN[action], permission]);
  }
  return writeCsv(rows);
}

function columnOf(name: string, line: number, file: string): Column {
  const column = KNOWN.find((each) => each === name.trim().toLowerCase());
  if (column !== undefined) return column;
  throw formatFault(file, line, `the column "${name}" is not known; known are ${KNOWN.join(", ")}`);
}

function ruleOf(row: ReadonlyMap<Column, string>, line: number, file: string): RuleInput {
  const action = ACTIONS[(row.get("action") ?? "").trim().toLowerCase()];
  if (action === undefined) throw formatFault(file, line, `the action "${row.get("action")}" is not pub, sub or pubsub`);
  const client = row.get("clientid") ?? "";
  const user = row.get("username") ?? "";
  const rule = readRule({
    permission: (row.get("access") ?? row.get("permission") ?? "").trim().toLowerCase(),
    action,
    topics: [row.get("topic")],
    ...(client === "" ? {} : { client }),
    ...(user === "" ? {} : { user }),
  });
  if (typeof rule === "string") throw formatFault(file, line, rule);
  return rule;
}
