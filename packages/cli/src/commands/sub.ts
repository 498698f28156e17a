import type { Client, Message, SubscribeOptions } from "@bowline/client";
import { addSubscribeProperties, holdReading } from "@bowline/client/internal";
import { matches, MqttError, type Properties, type QoS, validateTopicFilter } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { userPropertiesOf } from "../connection/key-value.ts";
import { CONNECTION_OPTIONS, connectionTarget } from "../connection-options.ts";
import { ExitCode } from "../exit-code.ts";
import { firstConnection } from "../first-connection.ts";
import { interruption } from "../interruption.ts";
import { MessageOutput } from "../messages/message-output.ts";
import { type MessagePrinter, messagePrinter, PRINT_OPTIONS } from "../messages/message-printer.ts";
import { RECONNECT_OPTIONS, reconnectSettings } from "../messages/reconnect-options.ts";
import { MessageFolder } from "../messages/save-message.ts";
import { grouped, Progress } from "../terminal/progress.ts";

const group = "Subscription";
const RETAIN_HANDLING = { always: 0, new: 1, never: 2 } as const;

export const sub: Command = {
  usage: ["bowline sub URL -t FILTER ..."],
  mostWords: 1,
  description: [
    "Subscribes and prints each message, until Ctrl-C, a count or a time. Messages go to standard output, all else to standard",
    "error. A lost connection comes back by itself; a first attempt that fails ends the command.",
  ].join("\n"),
  options: {
    topic: {
      type: "string",
      short: "t",
      multiple: true,
      value: "FILTER",
      help: "Topic filter; + stands for one level, # for all below.",
    },
    "filter-out": { type: "string", short: "T", multiple: true, value: "FILTER", help: "Do not print messages of these topics." },
    qos: {
      type: "string",
      short: "q",
      multiple: true,
      value: "0|1|2",
      help: "Highest quality of service, once for all filters or once for each; default 0.",
    },
    count: { type: "string", short: "C", value: "N", help: "End after N messages." },
    timeout: {
      type: "string",
      short: "W",
      value: "SECONDS",
      help: "End after so many seconds; with -C, failing when messages are missing.",
    },
    ...PRINT_OPTIONS,
    watch: { type: "boolean", help: "Show the last message of each topic on a line of its own, on a terminal.", group: "Output" },
    save: { type: "string", value: "DIR", help: "Write each payload to a file of its own in a folder, too." },
    "no-retained": { type: "boolean", short: "R", help: "Do not print retained messages.", group },
    "retained-only": { type: "boolean", help: "Print retained messages alone, and end at the first that is not.", group },
    "remove-retained": { type: "boolean", help: "Remove each retained message that comes from the broker.", group },
    sample: { type: "string", value: "PERCENT", help: "Print only so many of the messages, drawn at random.", group },
    "exit-after-subscribe": { type: "boolean", short: "E", help: "End when the broker has granted the subscriptions.", group },
    unsubscribe: {
      type: "string",
      short: "U",
      multiple: true,
      value: "FILTER",
      help: "Give up this filter of a session that is resumed.",
      group,
    },
    "no-local": { type: "boolean", help: "Nothing that this client itself has published.", group },
    "retain-as-published": { type: "boolean", help: "Keep the retain flag of messages as their publishers set it.", group },
    "retain-handling": {
      type: "string",
      value: "always|new|never",
      help: "When retained messages are sent; default always.",
      group,
    },
    "subscription-identifier": { type: "string", value: "N", help: "Identifier that comes back with each message.", group },
    "subscribe-property": { type: "string", value: "KEY=VALUE", multiple: true, help: "User Property of the SUBSCRIBE.", group },
    ...RECONNECT_OPTIONS,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "bowline sub mqtts://localhost:8883 --credentials .bowline/first-user.json -t 'demo/#' -v",
    "bowline sub --credentials .bowline/first-user.json -t demo/hello -C 1 -W 10",
    "bowline sub --credentials .bowline/first-user.json -t '#' -C 5 --print '%I %t %p'",
    "bowline sub --credentials .bowline/first-user.json -t '#' -C 3 --json | jq .topic",
  ],
  run: subscribe,
};

interface Order {
  /** Those that are asked for with the same quality of service together. */
  filters: ReadonlyMap<QoS, readonly string[]>;
  unsubscribe: readonly string[];
  options: SubscribeOptions;
  properties: Properties | undefined;
  /** Infinity when none was asked for. */
  count: number;
  timeoutMs: number | undefined;
  isSubscribingOnly: boolean;
  /** Whether a message is printed. */
  isWanted: (message: Message) => boolean;
  retained: { readonly only: boolean; readonly remove: boolean };
  print: MessagePrinter;
  folder: MessageFolder | undefined;
}

async function subscribe(line: CommandLine): Promise<number> {
  const order = await orderOf(line);
  const { url, options } = await connectionTarget(line);
  const { connect } = await import("@bowline/client");
  const client = connect(url, { ...options, reconnect: reconnectSettings(line, undefined) });
  if (order.properties !== undefined) addSubscribeProperties(client, order.properties);
  const end = new AbortController();
  const interrupted = interruption(() => end.abort());
  const timer = order.timeoutMs === undefined ? undefined : setTimeout(() => end.abort(), order.timeoutMs);
  try {
    await firstConnection(client, end.signal);
    const reception = new Reception(client, order);
    await reception.run(end.signal);
    if (interrupted.happened()) return ExitCode.Interrupted;
    return reception.exitCode();
  } catch (error) {
    // An end that was asked for is no failure, whatever was waiting then.
    if (!end.signal.aborted) throw error;
    return interrupted.happened() ? ExitCode.Interrupted : tooFew(order, 0);
  } finally {
    clearTimeout(timer);
    interrupted.stop();
    await client.close();
  }
}

/** Messages as they come, until all have come or the signal aborts. */
class Reception {
  private printed = 0;
  private undecoded = 0;
  private readonly client: Client;
  private readonly order: Order;
  private readonly output: MessageOutput;
  private finish: ((error?: Error) => void) | undefined;
  private isOver = false;
  private last: Message | undefined;

  constructor(client: Client, order: Order) {
    this.client = client;
    this.order = order;
    let isHeld = false;
    const hold = (held: boolean): void => holdReading(client, (isHeld = held));
    this.output = new MessageOutput(process.stdout, hold);
    // A new connection reads.
    client.on("status", ({ state }) => state === "online" && isHeld && hold(true));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { client, order } = this;
    await Promise.all(order.unsubscribe.map((filter) => giveUp(client, filter)));
    if (order.filters.size === 0) return;
    const progress = this.progress();
    const over = new Promise<void>((resolve, reject) => {
      this.finish = (error) => (error === undefined ? resolve() : reject(error));
      signal.addEventListener("abort", () => resolve(), { once: true });
      client.on("status", (status) => status.state === "failed" && reject(status.failure.error));
    });
    const subscriptions = [...order.filters].map(([qos, filters]) =>
      client.subscribe(filters, { ...order.options, qos, acknowledge: "manual" }, (message) => this.received(message)),
    );
    try {
      // A refused filter rejects.
      await Promise.race([Promise.all(subscriptions.map(({ ready }) => ready)), over]);
      if (!order.isSubscribingOnly) await over;
    } finally {
      this.isOver = true;
      progress.stop();
      await this.output.end();
    }
  }

  exitCode(): ExitCode {
    const { order, printed, undecoded } = this;
    if (undecoded > 0) {
      process.stderr.write(`${undecoded} of ${undecoded + printed} messages were not what --format says\n`);
      return ExitCode.Failed;
    }
    return tooFew(order, printed);
  }

  // Whatever comes after the last one that was asked for stays unacknowledged: it belongs to the next run.
  private received(message: Message): void {
    // One for which several subscriptions are there comes to each of them, one after the other.
    if (this.isOver || message === this.last) return;
    this.last = message;
    const { retained, isWanted, folder, count } = this.order;
    if (retained.only && !message.retain) {
      this.over();
      return;
    }
    if (retained.remove && message.retain) this.remove(message);
    if (!isWanted(message)) {
      message.ack();
      return;
    }
    try {
      folder?.save(message);
      this.print(message);
    } catch (error) {
      this.over(error);
      return;
    }
    if (this.printed + this.undecoded >= count) this.over();
  }

  private over(error?: unknown): void {
    this.isOver = true;
    this.finish?.(error as Error | undefined);
  }

  private print(message: Message): void {
    try {
      this.output.add(message, this.order.print(message));
      this.printed++;
    } catch (error) {
      this.undecoded++;
      const reason = (error as Error).message.replace(/[^\x20-\x7e]/g, "?");
      process.stderr.write(`note: a message to ${JSON.stringify(message.topicName)}: ${reason}\n`);
      message.ack();
    }
  }

  private remove({ topicName }: Message): void {
    this.client.publish(topicName, "", { qos: 1, retain: true }).then(undefined, (error: unknown) => this.over(error));
  }

  /** Messages that go to a file or a pipe leave the terminal free for a count of them. */
  private progress(): Progress {
    const stream = process.stdout.isTTY ? { write: () => true } : process.stderr;
    return new Progress(
      () => this.printed,
      () => `${grouped(this.printed)} received`,
      stream,
    );
  }
}

/** Without having subscribed in this process there is nothing to give up, so it is done first, and nothing retained asked for. */
async function giveUp(client: Client, filter: string): Promise<void> {
  const subscription = client.subscribe(filter, { retainHandling: 2 }, () => {});
  await subscription.ready;
  await subscription.close();
}

function tooFew({ count, timeoutMs = 0 }: Order, printed: number): ExitCode {
  if (printed >= count || !Number.isFinite(count)) return ExitCode.Well;
  process.stderr.write(`only ${printed} of ${count} messages came within ${timeoutMs / 1_000} s\n`);
  return ExitCode.Failed;
}

async function orderOf(line: CommandLine): Promise<Order> {
  const filters = filtersOf(line);
  const unsubscribe = line.list("unsubscribe");
  if (filters.size === 0 && unsubscribe.length === 0)
    throw new MqttError("USAGE", { detail: "the topic filter is missing; give it with -t" });
  const retained = { only: line.flag("retained-only"), remove: line.flag("remove-retained") };
  if (line.flag("no-retained") && retained.only)
    throw new MqttError("USAGE", { detail: "--no-retained and --retained-only exclude each other" });
  const retainHandling = line.choice("retain-handling", ["always", "new", "never"]);
  const folder = line.text("save");
  return {
    filters,
    unsubscribe,
    options: {
      noLocal: line.flag("no-local"),
      retainAsPublished: line.flag("retain-as-published"),
      ...(retainHandling === undefined ? {} : { retainHandling: RETAIN_HANDLING[retainHandling] }),
      // A message that waits here is on its way to a pipe, and what is too much stops the reading instead.
      maximumMessages: Number.MAX_SAFE_INTEGER,
      maximumBytes: Number.MAX_SAFE_INTEGER,
    },
    properties: propertiesOf(line),
    count: line.number("count", 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    timeoutMs: line.milliseconds("timeout"),
    isSubscribingOnly: line.flag("exit-after-subscribe"),
    isWanted: wanted(line),
    retained,
    print: await printerOf(line),
    folder: folder === undefined ? undefined : new MessageFolder(folder),
  };
}

/** A part of all, from percents. */
function shareOf(text: string): number {
  const percents = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && percents >= 0.1 && percents <= 100) return percents / 100;
  throw new MqttError("USAGE", { detail: `--sample must be a number from 0.1 to 100, not "${text}"` });
}

function filtersOf(line: CommandLine): Order["filters"] {
  const filters = line.list("topic");
  const qos = line.list("qos");
  if (qos.length > 1 && qos.length !== filters.length)
    throw new MqttError("USAGE", { detail: "give -q once, or once for each -t" });
  const wrong = qos.find((text) => !/^[012]$/.test(text));
  if (wrong !== undefined) throw new MqttError("USAGE", { detail: `--qos must be 0, 1 or 2, not "${wrong}"` });
  const groups = new Map<QoS, string[]>();
  for (const [i, filter] of filters.entries()) {
    const own = Number(qos[i] ?? qos[0] ?? 0) as QoS;
    groups.set(own, [...(groups.get(own) ?? []), filter]);
  }
  return groups;
}

async function printerOf(line: CommandLine): Promise<MessagePrinter> {
  if (!line.flag("watch")) return messagePrinter(line);
  if (!process.stdout.isTTY) throw new MqttError("USAGE", { detail: "--watch needs a terminal" });
  const { watchPrinter } = await import("../messages/watch-printer.ts");
  const isShaped = line.flag("json") || line.text("print") !== undefined;
  return watchPrinter(await messagePrinter(line.over(isShaped ? {} : { verbose: true })), process.stdout);
}

function propertiesOf(line: CommandLine): Properties | undefined {
  const identifier = line.number("subscription-identifier", 1, 268_435_455);
  const userProperties = userPropertiesOf(line, "subscribe-property");
  if (identifier !== undefined && line.list("topic").length > 1)
    throw new MqttError("USAGE", { detail: "--subscription-identifier takes one filter: run one command for each" });
  if (identifier === undefined && userProperties.length === 0) return undefined;
  return {
    ...(identifier === undefined ? {} : { subscriptionIdentifiers: [identifier] }),
    ...(userProperties.length === 0 ? {} : { userProperties }),
  };
}

function wanted(line: CommandLine): Order["isWanted"] {
  const excluded = line.list("filter-out");
  const fault = excluded.map((filter) => validateTopicFilter(filter)).find((each) => each !== undefined);
  if (fault !== undefined) throw new MqttError("FILTER_INVALID", { detail: fault.message });
  const noRetained = line.flag("no-retained");
  const share = shareOf(line.text("sample") ?? "100");
  return (message) =>
    !(noRetained && message.retain) &&
    !excluded.some((filter) => matches(filter, message.topicName)) &&
    (share === 1 || Math.random() < share);
}
