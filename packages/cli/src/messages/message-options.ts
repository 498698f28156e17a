import type { PublishOptions } from "@bowline/client";
import type { QoS } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import { userPropertiesOf } from "../connection/key-value.ts";
import { withoutUndefined } from "../connection/session-options.ts";
import type { OptionSpec } from "../option-spec.ts";

const UINT32_MAX = 0xffff_ffff;
const group = "Message properties (MQTT 5)";

/** What a message carries beside topic and payload. */
export const MESSAGE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "content-type": { type: "string", value: "TEXT", help: "What the message is, such as application/json.", group },
  "message-expiry": { type: "string", short: "e", value: "SECONDS", help: "How long it lives.", group },
  utf8: { type: "boolean", help: "Say that it is UTF-8 text.", group },
  property: { type: "string", value: "KEY=VALUE", multiple: true, help: "User Property.", group },
};

/** Where an answer is to go, for commands that do not see to it themselves. */
export const ANSWER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "response-topic": { type: "string", value: "TOPIC", help: "Where an answer is to go.", group },
  "correlation-data": { type: "string", value: "TEXT", help: "What an answer is to bring back.", group },
};

/** @throws MqttError USAGE */
export function messageOptions(line: CommandLine): PublishOptions {
  const correlation = line.text("correlation-data");
  const properties = userPropertiesOf(line, "property");
  return withoutUndefined({
    qos: line.number("qos", 0, 2) as QoS | undefined,
    retain: line.flag("retain"),
    messageExpiryInterval: line.number("message-expiry", 0, UINT32_MAX),
    contentType: line.text("content-type"),
    responseTopic: line.text("response-topic"),
    correlationData: correlation === undefined ? undefined : Buffer.from(correlation),
    payloadFormatIndicator: line.flag("utf8") ? 1 : undefined,
    userProperties: properties.length === 0 ? undefined : properties,
  }) as PublishOptions;
}
