import { readFile } from "node:fs/promises";
import type { WillOptions } from "@bowline/client";
import { MqttError, type QoS } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";
import { userPropertiesOf } from "./key-value.ts";
import { withoutUndefined } from "./session-options.ts";

const UINT32_MAX = 0xffff_ffff;
const group = "Will";

/** The message that the broker publishes when the client vanishes. */
export const WILL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "will-topic": { type: "string", value: "TOPIC", help: "Topic of the will.", group },
  "will-message": { type: "string", value: "TEXT", help: "The will; default an empty message.", group },
  "will-file": { type: "string", value: "FILE", help: "The content of a file as the will.", group },
  "will-qos": { type: "string", value: "0|1|2", help: "Quality of service of the will; default 0.", group },
  "will-retain": { type: "boolean", help: "Let the broker keep it for later subscribers.", group },
  "will-delay": { type: "string", value: "SECONDS", help: "Time from the loss to the will.", group },
  "will-expiry": { type: "string", value: "SECONDS", help: "How long it lives once it is published.", group },
  "will-content-type": { type: "string", value: "TEXT", help: "What it is, such as application/json.", group },
  "will-response-topic": { type: "string", value: "TOPIC", help: "Where an answer to it is to go.", group },
  "will-correlation-data": { type: "string", value: "TEXT", help: "What an answer to it is to bring back.", group },
  "will-utf8": { type: "boolean", help: "Say that it is UTF-8 text.", group },
  "will-property": { type: "string", value: "KEY=VALUE", multiple: true, help: "User Property of the will.", group },
};

/** @throws MqttError USAGE, OPTION_INVALID */
export async function willOf(line: CommandLine): Promise<{ will?: WillOptions }> {
  const topicName = line.text("will-topic");
  if (topicName === undefined) {
    const lonely = Object.keys(line.values).find((name) => name.startsWith("will-"));
    if (lonely === undefined) return {};
    throw new MqttError("USAGE", { detail: `--${lonely} is about a will, and --will-topic is missing` });
  }
  const correlation = line.text("will-correlation-data");
  const will = {
    topicName,
    payload: await payloadOf(line),
    qos: line.number("will-qos", 0, 2) as QoS | undefined,
    retain: line.flag("will-retain") || undefined,
    delayInterval: line.number("will-delay", 0, UINT32_MAX),
    messageExpiryInterval: line.number("will-expiry", 0, UINT32_MAX),
    contentType: line.text("will-content-type"),
    responseTopic: line.text("will-response-topic"),
    correlationData: correlation === undefined ? undefined : Buffer.from(correlation),
    payloadFormatIndicator: line.flag("will-utf8") ? 1 : undefined,
    userProperties: line.list("will-property").length === 0 ? undefined : userPropertiesOf(line, "will-property"),
  };
  return { will: withoutUndefined(will) as WillOptions };
}

async function payloadOf(line: CommandLine): Promise<string | Uint8Array | undefined> {
  const path = line.text("will-file");
  if (path === undefined) return line.text("will-message");
  if (line.text("will-message") !== undefined)
    throw new MqttError("USAGE", { detail: "--will-message and --will-file exclude each other" });
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "it cannot be read";
    throw new MqttError("OPTION_INVALID", { detail: `--will-file ${path}: ${code}`, cause });
  }
}
