import type { AccessQuestion, RuleInput } from "@bowline/broker/internal";
import { MqttError, type QoS } from "@bowline/protocol";
import type { CommandLine } from "./command-line.ts";

/**
 * The rule that `acl add` describes; the broker checks its topics and addresses.
 *
 * @throws MqttError USAGE
 */
export function ruleOf(line: CommandLine): RuleInput {
  const [, permission, action, ...topics] = line.words;
  if (topics.length === 0) throw new MqttError("USAGE", { detail: "say acl add allow|deny publish|subscribe|both TOPIC..." });
  const addresses = line.list("address");
  const qos = line.text("qos");
  const retain = line.text("retain");
  const id = line.text("id");
  const client = line.text("client");
  const user = line.flag("anonymous") ? "" : line.text("user");
  return {
    permission: oneOf(["allow", "deny"], permission),
    action: oneOf(["publish", "subscribe", "both"], action),
    topics,
    ...(id === undefined ? {} : { id }),
    ...(client === undefined ? {} : { client }),
    ...(user === undefined ? {} : { user }),
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(qos === undefined ? {} : { qos: qos.split(",").map(qosOf) }),
    ...(retain === undefined ? {} : { retain: oneOf(["yes", "no"], retain) === "yes" }),
  };
}

/** @throws MqttError USAGE */
export function questionOf(line: CommandLine): AccessQuestion {
  const [, action, topic] = line.words;
  if (topic === undefined) throw new MqttError("USAGE", { detail: "say acl test publish|subscribe|receive TOPIC" });
  return {
    action: oneOf(["publish", "subscribe", "receive"], action),
    topic,
    client: line.text("client") ?? "",
    user: line.text("user") ?? "",
    address: line.list("address")[0] ?? "",
    qos: qosOf(line.text("qos") ?? "0"),
    retain: oneOf(["yes", "no"], line.text("retain") ?? "no") === "yes",
  };
}

function qosOf(text: string): QoS {
  if (text === "0" || text === "1" || text === "2") return Number(text) as QoS;
  throw new MqttError("USAGE", { detail: `--qos takes 0, 1 and 2, not "${text}"` });
}

function oneOf<T extends string>(words: readonly T[], word: string | undefined): T {
  const found = words.find((each) => each === word);
  if (found !== undefined) return found;
  throw new MqttError("USAGE", { detail: `say ${words.join(" or ")}, not "${word ?? ""}"` });
}
