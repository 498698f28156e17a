import type { Client, PublishOptions } from "@bowline/client";
import { MqttError, type QoS } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { CONNECTION_OPTIONS, connectionTarget } from "../connection-options.ts";
import { ExitCode } from "../exit-code.ts";
import { firstConnection } from "../first-connection.ts";
import { interruption } from "../interruption.ts";
import { ANSWER_OPTIONS, MESSAGE_OPTIONS, messageOptions } from "../messages/message-options.ts";
import { PAYLOAD_FORMATS, type PayloadFormat } from "../messages/payload-coding.ts";
import { encodePayload } from "../messages/payload-format.ts";
import { type PayloadSource, payloadSource, SOURCE_OPTIONS } from "../messages/payload-source.ts";
import { PublishWindow } from "../messages/publish-window.ts";
import { reconnectSettings, RECONNECT_OPTIONS } from "../messages/reconnect-options.ts";
import { RefusalWords } from "../messages/refusal-words.ts";
import { formatOf, SCHEMA_OPTIONS } from "../messages/schemas/schema-options.ts";
import type { Template } from "../messages/template.ts";
import { grouped, Progress } from "../terminal/progress.ts";

export const pub: Command = {
  usage: ["bowline pub URL -t TOPIC -m TEXT", "bowline pub URL -t TOPIC -f FILE", "bowline pub URL -t TOPIC -l"],
  mostWords: 1,
  description: [
    "Publishes one message, or one for each line of standard input, and ends when the broker has taken them. With QoS 0 nobody answers,",
    "so that a message the broker refuses is not told: the default is 1.",
  ].join("\n"),
  options: {
    topic: { type: "string", short: "t", value: "TOPIC", help: "Topic to publish to." },
    ...SOURCE_OPTIONS,
    format: {
      type: "string",
      value: "FORMAT",
      choices: PAYLOAD_FORMATS,
      help: `How it is sent: ${PAYLOAD_FORMATS.join(", ")}.`,
    },
    template: { type: "boolean", help: "Fill in {{counter}}, {{time}}, {{uuid}}, {{integer 1 6}} and more." },
    qos: { type: "string", short: "q", value: "0|1|2", help: "Quality of service; default 1." },
    retain: { type: "boolean", short: "r", help: "Let the broker keep the message for later subscribers." },
    repeat: { type: "string", value: "N", help: "Send it N times.", group: "Message" },
    delay: { type: "string", value: "SECONDS", help: "Wait between messages; default 0.", group: "Message" },
    timeout: { type: "string", short: "W", value: "SECONDS", help: "Fail when it takes longer." },
    json: { type: "boolean", help: "Print one JSON record for each message." },
    ...SCHEMA_OPTIONS,
    ...MESSAGE_OPTIONS,
    ...ANSWER_OPTIONS,
    ...RECONNECT_OPTIONS,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "bowline pub mqtts://localhost:8883 --credentials .bowline/first-user.json -t demo/hello -m hello",
    "bowline pub --credentials .bowline/first-user.json -t demo/state -m on --retain",
    "seq 10 | bowline pub --credentials .bowline/first-user.json -t demo/count -l",
    "bowline pub --credentials .bowline/first-user.json -t demo/t --template -m '{{number 18 24}}'",
  ],
  run: publish,
};

interface Order {
  /** A template when it is to be filled in. */
  topic: string | Template;
  source: PayloadSource;
  format: PayloadFormat;
  isTemplate: boolean;
  options: PublishOptions;
  repeat: number;
  delayMs: number;
  isJson: boolean;
}

async function publish(line: CommandLine): Promise<number> {
  const order = await orderOf(line);
  const timeoutMs = line.milliseconds("timeout");
  const { url, options } = await connectionTarget(line);
  const { connect } = await import("@bowline/client");
  const client = connect(url, { ...options, reconnect: reconnectSettings(line, 0) });
  const words = new RefusalWords(client, options.onPacket !== undefined);
  let timedOut: MqttError | undefined;
  const interrupted = interruption(() => void client.abort());
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = new MqttError("TIMEOUT", { detail: `not all was acknowledged within ${timeoutMs / 1_000} s` });
          void client.abort();
        }, timeoutMs);
  try {
    await firstConnection(client, new AbortController().signal);
    await Promise.race([publishAll(client, order), failure(client)]);
    await client.close();
    return ExitCode.Well;
  } catch (error) {
    // Who leaves without a goodbye leaves a session behind, also where only a message was refused.
    await (client.status.state === "online" ? client.close() : client.abort());
    if (interrupted.happened()) return ExitCode.Interrupted;
    throw timedOut ?? words.addTo(error);
  } finally {
    clearTimeout(timer);
    interrupted.stop();
  }
}

/** Rejects when the client gives up or is told to: a source that is silent meanwhile would not notice. */
function failure(client: Client): Promise<never> {
  return new Promise((_, reject) => {
    client.on("status", (status) => {
      if (status.state === "failed") reject(status.failure.error);
      else if (status.state === "closed") reject(new MqttError("CLIENT_CLOSED"));
    });
  });
}

async function publishAll(client: Client, order: Order): Promise<void> {
  const { source, topic, repeat, delayMs, isJson } = order;
  const options = { ...order.options, qos: order.options.qos ?? defaultQos(client) };
  const window = new PublishWindow(client, isJson ? (name, reasonCode) => printRecord(name, options, reasonCode) : undefined);
  const progress = new Progress(
    () => window.done,
    () => `${grouped(window.sent)} sent, ${grouped(window.done)} acknowledged`,
  );
  // A message that fails while nobody waits for it ends the work by the window.
  client.on("publishFailed", () => {});
  try {
    for await (const payloads of source()) {
      for (const payload of payloads) {
        const prepared = order.isTemplate ? undefined : encodePayload(order.format, payload);
        const template = order.isTemplate ? await templateOf(payload) : undefined;
        for (let i = 0; i < repeat; i++) {
          if (delayMs > 0 && window.sent > 0) await delay(delayMs);
          const counter = window.sent + 1;
          const body = prepared ?? encodePayload(order.format, Buffer.from(template?.(counter) ?? ""));
          const room = window.publish(typeof topic === "string" ? topic : topic(counter), body, options);
          if (room !== undefined) await room;
        }
      }
    }
    await window.settle();
  } finally {
    progress.stop();
  }
}

// A server may take no more.
function defaultQos({ status }: Client): QoS {
  const maximum = status.state === "online" ? (status.properties.maximumQoS ?? 1) : 1;
  return Math.min(1, maximum) as QoS;
}

async function templateOf(payload: Uint8Array): Promise<Template> {
  const { compileTemplate } = await import("../messages/template.ts");
  return compileTemplate(Buffer.from(payload).toString("utf8"));
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function printRecord(topic: string, { qos, retain }: PublishOptions, reasonCode: number): void {
  process.stdout.write(`${JSON.stringify({ v: 1, type: "published", topic, qos, retain, reasonCode })}\n`);
}

async function orderOf(line: CommandLine): Promise<Order> {
  const topicName = line.text("topic");
  if (topicName === undefined) throw new MqttError("USAGE", { detail: "the topic is missing; give it with -t" });
  const source = payloadSource(line);
  const isTemplate = line.flag("template");
  if (isTemplate && line.text("size") !== undefined)
    throw new MqttError("USAGE", { detail: "--template and --size exclude each other" });
  return {
    topic: isTemplate ? await templateOf(Buffer.from(topicName)) : topicName,
    source,
    isTemplate,
    format: await formatOf(line),
    options: messageOptions(line),
    repeat: line.number("repeat", 1, Number.MAX_SAFE_INTEGER) ?? 1,
    delayMs: line.milliseconds("delay") ?? 0,
    isJson: line.flag("json"),
  };
}
