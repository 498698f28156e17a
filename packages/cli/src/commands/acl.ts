import { MqttError } from "@bowline/protocol";
import { ADMIN_OPTIONS, adminTarget } from "../admin-target.ts";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { questionOf, ruleOf } from "../rule-words.ts";
import { exportRules, importRules } from "../rule-files.ts";
import { TENANT_OPTION, tenantIn } from "../tenant-option.ts";
import { type Rules, withRules } from "../rules.ts";

export const acl: Command = {
  usage: [
    "bowline acl list",
    "bowline acl add allow|deny publish|subscribe|both TOPIC...",
    "bowline acl remove ID",
    "bowline acl move ID PLACE",
    "bowline acl test publish|subscribe|receive TOPIC",
    "bowline acl import FILE",
    "bowline acl export",
    "bowline acl no-match allow|deny",
  ],
  description: [
    "Manages the access rules of a data folder: through the broker that runs there, or in its store when none does. Rules are tried in",
    "their order, and what none of them matches is denied. A change is in force at once, for clients that are connected too. `test` says",
    "whether something would be allowed and by which rule, and ends with 4 when it is denied.",
  ].join("\n"),
  options: {
    ...ADMIN_OPTIONS,
    ...TENANT_OPTION,
    user: { type: "string", short: "u", value: "NAME", help: "Of this user alone." },
    anonymous: { type: "boolean", help: "Of clients without credentials alone." },
    client: { type: "string", short: "i", value: "ID", help: "Of this Client Identifier alone." },
    address: { type: "string", multiple: true, value: "CIDR", help: "Of clients from this address or range alone." },
    qos: { type: "string", short: "q", value: "LIST", help: "Of these QoS alone, such as 0,1; with test: the QoS." },
    retain: { type: "string", value: "yes|no", help: "Of retained messages alone, or of others; with test: whether it is one." },
    id: { type: "string", value: "ID", help: "Name of the new rule; default rule-1, rule-2 ..." },
    place: { type: "string", value: "N", help: "Where the new rule is to stand; 1 is the first. Default: last." },
    format: { type: "string", value: "NAME", help: "mosquitto, emqx or json. Import: default by the file's name." },
    replace: { type: "boolean", help: "Import in place of all rules there are, in one step." },
    json: { type: "boolean", help: "Print JSON." },
  },
  examples: [
    "bowline acl list",
    "bowline acl add allow both 'devices/${username}/#'",
    "bowline acl add deny subscribe 'devices/+/secret' --place 1",
    "bowline acl test subscribe 'devices/#' --user sensor-1",
    "bowline acl export --format json",
  ],
  run: async (line) => withRules(await adminTarget(line), tenantIn(line), (rules) => act(line, rules)),
};

async function act(line: CommandLine, rules: Rules): Promise<number> {
  const [action, first = "", second = ""] = line.words;
  switch (action) {
    case "list":
      return list(line, rules);
    case "add":
      return add(line, rules);
    case "remove":
      await rules.remove(first);
      return ExitCode.Well;
    case "move":
      await rules.move(first, placeOf(second));
      return ExitCode.Well;
    case "test":
      return test(line, rules);
    case "import":
      return importRules(line, first, rules);
    case "export":
      return exportRules(line, rules);
    // "no-match": check-words.ts lets no other word through.
    default:
      return setNoMatch(first, rules);
  }
}

async function list(line: CommandLine, rules: Rules): Promise<number> {
  const { ruleInWords } = await import("@bowline/broker/internal");
  const { noMatch, rules: listed } = await rules.list();
  if (line.flag("json")) for (const rule of listed) print(JSON.stringify({ v: 1, ...rule }));
  else {
    const width = Math.max(0, ...listed.map(({ id }) => id.length));
    for (const [i, rule] of listed.entries()) {
      print(`${String(i + 1).padStart(String(listed.length).length)}  ${rule.id.padEnd(width)}  ${ruleInWords(rule)}`);
    }
    print(`What no rule matches: ${noMatch}.`);
  }
  return ExitCode.Well;
}

async function add(line: CommandLine, rules: Rules): Promise<number> {
  const place = line.text("place");
  const rule = await rules.add(ruleOf(line), place === undefined ? undefined : placeOf(place));
  print(line.flag("json") ? JSON.stringify({ v: 1, ...rule }) : rule.id);
  return ExitCode.Well;
}

async function test(line: CommandLine, rules: Rules): Promise<number> {
  const { isAllowed, reason } = await rules.test(questionOf(line));
  print(
    line.flag("json") ? JSON.stringify({ v: 1, allowed: isAllowed, reason }) : `${isAllowed ? "allowed" : "denied"}: ${reason}`,
  );
  return isAllowed ? ExitCode.Well : ExitCode.Refused;
}

async function setNoMatch(word: string, rules: Rules): Promise<number> {
  await rules.setNoMatch(word as "allow" | "deny");
  return ExitCode.Well;
}

/** People count from 1. */
function placeOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new MqttError("USAGE", { detail: `a place is a number from 1, not "${text}"` });
  return Number(text) - 1;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
