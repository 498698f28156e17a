import type { ConnectOptions } from "@bowline/client";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";
import { userPropertiesOf } from "./key-value.ts";

const UINT32_MAX = 0xffff_ffff;
const group = "Session and limits";

/** What a CONNECT says about its session, and what the client takes. */
export const SESSION_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "session-expiry": {
    type: "string",
    short: "x",
    value: "SECONDS",
    help: "Resume the session and let the broker keep it so long after the end; 4294967295 is for ever. Needs -i.",
    group,
  },
  "clean-start": { type: "boolean", short: "c", help: "With --session-expiry: drop the session that is there.", group },
  "receive-maximum": {
    type: "string",
    value: "N",
    help: "QoS 1 and 2 messages the broker may have underway; default 1000.",
    group,
  },
  "maximum-packet-size": { type: "string", value: "BYTES", help: "Largest packet that is taken; default 16777216.", group },
  "topic-alias-maximum": { type: "string", value: "N", help: "Topic Aliases the broker may use; default 32.", group },
  "topic-aliases": { type: "string", value: "auto|always|never", help: "Whether our own messages use them; default auto.", group },
  "request-response-information": { type: "boolean", help: "Ask the broker where answers may be sent.", group },
  "no-problem-information": { type: "boolean", help: "The broker need not give reasons in words.", group },
  "connect-property": { type: "string", value: "KEY=VALUE", multiple: true, help: "User Property of the CONNECT.", group },
};

/** @throws MqttError USAGE */
export function sessionSettings(line: CommandLine): Partial<ConnectOptions> {
  const clientId = line.text("client-id");
  const expiryInterval = line.number("session-expiry", 0, UINT32_MAX);
  const session = {
    ...(clientId === undefined ? {} : { clientId }),
    ...(expiryInterval === undefined ? {} : { expiryInterval }),
    ...(line.flag("clean-start") ? { cleanStart: true } : {}),
  };
  const settings: Partial<ConnectOptions> = {
    session,
    receiveMaximum: line.number("receive-maximum", 1, 65_535),
    maximumPacketSize: line.number("maximum-packet-size", 1, UINT32_MAX),
    topicAliasMaximum: line.number("topic-alias-maximum", 0, 65_535),
    topicAliases: line.choice("topic-aliases", ["auto", "always", "never"]),
    keepAlive: line.number("keep-alive", 0, 65_535),
    userProperties: line.list("connect-property").length === 0 ? undefined : userPropertiesOf(line, "connect-property"),
    requestResponseInformation: line.flag("request-response-information") || undefined,
    requestProblemInformation: line.flag("no-problem-information") ? false : undefined,
  } as Partial<ConnectOptions>;
  return withoutUndefined(settings);
}

/** The same without the fields that hold nothing. */
export function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
