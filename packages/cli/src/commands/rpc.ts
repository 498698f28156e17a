import type { Client, PublishOptions } from "@bowline/client";
import { MqttError, type QoS } from "@bowline/protocol";
import { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { CONNECTION_OPTIONS, connectionTarget } from "../connection-options.ts";
import { ExitCode } from "../exit-code.ts";
import { firstConnection } from "../first-connection.ts";
import { interruption } from "../interruption.ts";
import { MESSAGE_OPTIONS, ANSWER_OPTIONS, messageOptions } from "../messages/message-options.ts";
import { type MessagePrinter, messagePrinter, PRINT_OPTIONS } from "../messages/message-printer.ts";
import { encodePayload } from "../messages/payload-format.ts";
import { payloadSource, SOURCE_OPTIONS } from "../messages/payload-source.ts";
import { formatOf } from "../messages/schemas/schema-options.ts";
import { RefusalWords } from "../messages/refusal-words.ts";

const TIMEOUT_MS = 30_000;
const { lines: _, ...source } = SOURCE_OPTIONS;

export const rpc: Command = {
  usage: ["bowline rpc URL -t TOPIC -m TEXT", "bowline rpc URL -t TOPIC --serve -m TEXT"],
  mostWords: 1,
  description: [
    "Sends a request and prints the answer; fails when none comes in time. On MQTT 5 the answer is known by Correlation Data and goes to",
    "a topic of our own; before, --response-topic says where whoever answers sends it. With --serve it answers requests instead.",
  ].join("\n"),
  options: {
    topic: { type: "string", short: "t", value: "TOPIC", help: "Topic of the request." },
    ...source,
    serve: { type: "boolean", help: "Wait for requests and answer each with the message." },
    qos: { type: "string", short: "q", value: "0|1|2", help: "Quality of service of request and answer; default 1." },
    timeout: { type: "string", short: "W", value: "SECONDS", help: "How long to wait; default 30, serving without end." },
    count: {
      type: "string",
      short: "C",
      value: "N",
      help: "Answers to wait for or give; default 1, serving without end.",
    },
    latency: { type: "boolean", help: "Tell on standard error how long each answer took.", group: "Output" },
    ...PRINT_OPTIONS,
    "answer-schema": { type: "string", value: "FILE", help: "Schema of answers; default that of requests.", group: "Schemas" },
    "answer-type": { type: "string", value: "NAME", help: "Message of a .proto file that answers are.", group: "Schemas" },
    ...MESSAGE_OPTIONS,
    ...ANSWER_OPTIONS,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "bowline rpc --credentials .bowline/first-user.json -t demo/time --serve -m noon",
    "bowline rpc --credentials .bowline/first-user.json -t demo/time -m now",
  ],
  run: call,
};

interface Order {
  topicName: string;
  payload: Uint8Array;
  options: PublishOptions & { qos: QoS };
  count: number;
  timeoutMs: number | undefined;
  isServing: boolean;
  isBefore5: boolean;
  isTimed: boolean;
  print: MessagePrinter;
}

async function call(line: CommandLine): Promise<number> {
  const order = await orderOf(line);
  const { url, options } = await connectionTarget(line);
  const { connect } = await import("@bowline/client");
  const client = connect(url, { ...options, reconnect: order.isServing ? { maximumDelayMs: 5_000 } : false });
  const words = new RefusalWords(client, options.onPacket !== undefined);
  const end = new AbortController();
  const interrupted = interruption(() => end.abort());
  const timer = order.timeoutMs === undefined ? undefined : setTimeout(() => end.abort(), order.timeoutMs);
  try {
    await firstConnection(client, end.signal);
    const missing = await (order.isServing ? serve(client, order, end.signal) : ask(client, order, end.signal));
    if (interrupted.happened()) return ExitCode.Interrupted;
    return missing > 0 && Number.isFinite(missing) ? late(order, missing) : ExitCode.Well;
  } catch (error) {
    if (interrupted.happened()) return ExitCode.Interrupted;
    if (end.signal.aborted) return late(order, order.count);
    throw words.addTo(error);
  } finally {
    clearTimeout(timer);
    interrupted.stop();
    await client.close();
  }
}

/** Resolves with how many answers are missing. */
async function ask(client: Client, order: Order, signal: AbortSignal): Promise<number> {
  const { topicName, payload, options, print } = order;
  const responseTopic = options.responseTopic ?? ownTopic(client);
  const correlationData = options.correlationData ?? Buffer.from(Math.random().toString(36).slice(2));
  const answers = client.subscribe(responseTopic, { qos: options.qos, signal });
  // An answer that comes before the subscription is there would be lost.
  await answers.ready;
  const properties = order.isBefore5 ? {} : { responseTopic, correlationData };
  const { responseTopic: _own, ...plain } = options;
  const askedAt = performance.now();
  await client.publish(topicName, payload, { ...plain, ...properties });
  let missing = order.count;
  for await (const answer of answers) {
    if (!order.isBefore5 && !isSame(answer.properties.correlationData, correlationData)) continue;
    // A retained message is an answer to somebody else, long ago.
    if (answer.retain) continue;
    if (order.isTimed) process.stderr.write(`answered after ${(performance.now() - askedAt).toFixed(3)} ms\n`);
    for (const piece of print(answer)) process.stdout.write(piece);
    if (--missing === 0) break;
  }
  return missing;
}

/** Resolves with how many requests did not come. */
async function serve(client: Client, order: Order, signal: AbortSignal): Promise<number> {
  const { topicName, payload, print } = order;
  const { responseTopic: fixedTopic, correlationData: _own, ...options } = order.options;
  const requests = client.subscribe(topicName, { qos: options.qos, acknowledge: "handled", signal });
  let missing = order.count;
  for await (const request of requests) {
    const { responseTopic = fixedTopic, correlationData } = request.properties;
    for (const piece of print(request)) process.stdout.write(piece);
    if (responseTopic === undefined) {
      process.stderr.write("note: a request without a Response Topic; --response-topic says where its answer is to go\n");
      continue;
    }
    await client.publish(responseTopic, payload, { ...options, ...(correlationData === undefined ? {} : { correlationData }) });
    if (--missing === 0) break;
  }
  return missing;
}

function ownTopic({ status, clientId }: Client): string {
  const prefix = (status.state === "online" ? status.properties.responseInformation : undefined) ?? "bowline/response";
  return `${prefix}/${encodeURIComponent(clientId)}`;
}

function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}

function late({ count, timeoutMs = 0, isServing }: Order, missing: number): ExitCode {
  const what = isServing ? "requests" : "answers";
  process.stderr.write(`only ${count - missing} of ${count} ${what} came within ${timeoutMs / 1_000} s\n`);
  return ExitCode.Failed;
}

async function orderOf(line: CommandLine): Promise<Order> {
  const topicName = line.text("topic");
  if (topicName === undefined) throw new MqttError("USAGE", { detail: "the topic is missing; give it with -t" });
  const options = messageOptions(line);
  const isServing = line.flag("serve");
  const isBefore5 = line.text("mqtt")?.startsWith("3") === true;
  if (isBefore5 && options.responseTopic === undefined)
    throw new MqttError("USAGE", { detail: "before MQTT 5 a message does not say where its answer goes; give --response-topic" });
  // What is asked and what is answered are seldom of one type.
  const answers = answerLine(line);
  const format = await formatOf(isServing ? answers : line);
  const count = line.number("count", 1, Number.MAX_SAFE_INTEGER);
  return {
    topicName,
    payload: encodePayload(format, await wholePayload(line)),
    options: { ...options, qos: options.qos ?? 1 },
    count: count ?? (isServing ? Number.POSITIVE_INFINITY : 1),
    timeoutMs: line.milliseconds("timeout") ?? (isServing ? undefined : TIMEOUT_MS),
    isServing,
    isBefore5,
    isTimed: line.flag("latency"),
    print: await messagePrinter(isServing ? line : answers),
  };
}

/** The command line with the schema of answers in the place of that of requests. */
function answerLine(line: CommandLine): CommandLine {
  const { schema, "schema-type": type, ...values } = line.values;
  const own = line.text("answer-schema");
  return new CommandLine(line.words, {
    ...values,
    schema: own ?? schema,
    "schema-type": line.text("answer-type") ?? (own === undefined ? type : undefined),
  });
}

async function wholePayload(line: CommandLine): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const payloads of payloadSource(line)()) parts.push(...payloads);
  return Buffer.concat(parts);
}
