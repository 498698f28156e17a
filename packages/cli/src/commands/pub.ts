import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Client, Payload } from "@bowline/client";
import { type QoS, MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { CONNECTION_OPTIONS, connectionTarget } from "../connection-options.ts";
import { ExitCode } from "../exit-code.ts";
import { interruption } from "../interruption.ts";

/** Messages on their way at once when lines are read faster than the broker takes them. */
const MAXIMUM_UNDERWAY = 1_000;

export const pub: Command = {
  usage: ["bowline pub URL -t TOPIC -m TEXT", "bowline pub URL -t TOPIC -f FILE", "bowline pub URL -t TOPIC -l"],
  description: "Publishes one message, or one for each line of standard input, and ends when the broker has taken them.",
  options: {
    topic: { type: "string", short: "t", value: "TOPIC", help: "Topic to publish to." },
    message: { type: "string", short: "m", value: "TEXT", help: "The message." },
    file: { type: "string", short: "f", value: "FILE", help: "Send the content of a file as the message; - is standard input." },
    lines: { type: "boolean", short: "l", help: "Send each line of standard input as a message." },
    qos: { type: "string", short: "q", value: "0|1|2", help: "Quality of service; default 0." },
    retain: { type: "boolean", short: "r", help: "Let the broker keep the message for later subscribers." },
    json: { type: "boolean", help: "Print one JSON record for each message." },
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "bowline pub mqtts://localhost:8883 --credentials .bowline/first-user.json -t demo/hello -m hello",
    "bowline pub --credentials .bowline/first-user.json -t demo/state -m on -q 1 --retain",
    "seq 10 | bowline pub --credentials .bowline/first-user.json -t demo/count -l",
  ],
  run: publish,
};

interface Order {
  topicName: string;
  qos: QoS;
  retain: boolean;
  isJson: boolean;
}

async function publish(line: CommandLine): Promise<number> {
  const order = orderOf(line);
  const source = sourceOf(line);
  const { url, options } = await connectionTarget(line);
  const { connect } = await import("@bowline/client");
  const client = connect(url, { ...options, reconnect: false });
  // The failure also rejects what waits below; the listener keeps the client from warning about nobody listening.
  client.on("attemptFailed", () => {});
  const interrupted = interruption(() => void client.abort());
  try {
    await client.online();
    await publishAll(client, order, source());
    await client.close();
    return ExitCode.Well;
  } catch (error) {
    // Who leaves without a goodbye leaves a session behind, also where only a message was refused.
    await (client.status.state === "online" ? client.close() : client.abort());
    if (interrupted.happened()) return ExitCode.Interrupted;
    throw error;
  } finally {
    interrupted.stop();
  }
}

/** Each message is awaited, but not before the next is sent: on a slow link lines would otherwise go one per round trip. */
async function publishAll(client: Client, order: Order, payloads: AsyncIterable<Payload>): Promise<void> {
  const underway = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  for await (const payload of payloads) {
    if (failure) break;
    const sent: Promise<void> = publishOne(client, order, payload)
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => underway.delete(sent));
    underway.add(sent);
    if (underway.size >= MAXIMUM_UNDERWAY) await Promise.race(underway);
  }
  await Promise.all(underway);
  if (failure) throw failure.error;
}

async function publishOne(client: Client, order: Order, payload: Payload): Promise<void> {
  const { topicName: topic, qos, retain } = order;
  const { reasonCode } = await client.publish(topic, payload, { qos, retain });
  if (!order.isJson) return;
  process.stdout.write(`${JSON.stringify({ v: 1, type: "published", topic, qos, retain, reasonCode })}\n`);
}

function orderOf(line: CommandLine): Order {
  const topicName = line.text("topic");
  if (topicName === undefined) throw new MqttError("USAGE", { detail: "the topic is missing; give it with -t" });
  return { topicName, qos: (line.number("qos", 0, 2) ?? 0) as QoS, retain: line.flag("retain"), isJson: line.flag("json") };
}

function sourceOf(line: CommandLine): () => AsyncIterable<Payload> {
  const message = line.text("message");
  const file = line.text("file");
  const isLines = line.flag("lines");
  if ([message !== undefined, file !== undefined, isLines].filter(Boolean).length !== 1) {
    throw new MqttError("USAGE", { detail: "give the message with one of -m TEXT, -f FILE or -l" });
  }
  if (isLines && line.flag("password-stdin"))
    throw new MqttError("USAGE", { detail: "-l and --password-stdin both read standard input" });
  if (isLines) return () => createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  if (file !== undefined) return () => wholeFile(file);
  return () => single(message ?? "");
}

async function* single(message: string): AsyncIterable<Payload> {
  yield message;
}

async function* wholeFile(path: string): AsyncIterable<Payload> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of path === "-" ? process.stdin : createReadStream(path)) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw new MqttError("OPTION_INVALID", {
      detail: `--file ${path}: ${(cause as NodeJS.ErrnoException).code ?? "it cannot be read"}`,
      cause,
    });
  }
  yield Buffer.concat(chunks);
}
