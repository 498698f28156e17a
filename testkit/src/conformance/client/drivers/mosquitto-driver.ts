import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { programPath } from "../../../system/missing-programs.ts";
import type {
  Capability,
  ClientDriver,
  ClientReport,
  ClientSettings,
  ClientUnderTest,
  MessageProperties,
  MessageToSend,
  QoS,
} from "../client-driver.ts";

/* mosquitto_sub and mosquitto_pub, which are libmosquitto from the command line. What they are to do they must know when they
   start, so the one takes messages of all topics and the other sends lines to one topic. */

const both: readonly Capability[] = [
  "will",
  "will properties",
  "credentials",
  "clean start",
  "session",
  "connect limits",
  "user properties in CONNECT",
  "disconnect",
];

const VERSIONS = { 3: "mqttv31", 4: "mqttv311", 5: "mqttv5" } as const;
/** It waits a second before it connects again, and many of them run side by side. */
const PATIENCE_MS = 15_000;

/** Takes all messages at QoS 2. */
export const mosquittoSubDriver: ClientDriver = {
  name: "mosquitto_sub",
  versions: [3, 4, 5],
  capabilities: new Set<Capability>([...both, "receive", "reconnect", "keep alive"]),
  minimumKeepAlive: 5,
  subscribesAtStart: true,
  patienceMs: PATIENCE_MS,
  start: (url, settings, report) => {
    const args = [...connectArguments(url, settings), "-t", "#", "-q", "2", "-F", "%q %r %x %t"];
    return new MosquittoUnderTest("mosquitto_sub", args, report);
  },
};

/** Sends lines that it reads to the topic that the case announces. */
export const mosquittoPubDriver: ClientDriver = {
  name: "mosquitto_pub",
  versions: [3, 4, 5],
  capabilities: new Set<Capability>([...both, "announced publish"]),
  minimumKeepAlive: 5,
  patienceMs: PATIENCE_MS,
  start: (url, settings, report) => {
    const { topicName = "unannounced", qos = 0, retain = false } = settings.announced ?? {};
    const args = [...connectArguments(url, settings), "-l", "-t", topicName, "-q", String(qos), ...(retain ? ["-r"] : [])];
    return new MosquittoUnderTest("mosquitto_pub", args, report);
  },
};

function connectArguments(url: string, settings: ClientSettings): string[] {
  const { hostname, port } = new URL(url);
  const { version, clientId, cleanStart, keepAlive, username, password, will } = settings;
  const args = ["-h", hostname, "-p", port, "-V", VERSIONS[version], "-i", clientId, "-k", String(keepAlive)];
  if (!cleanStart) args.push("-c");
  if (username !== undefined) args.push("-u", username);
  if (password !== undefined) args.push("-P", password);
  if (will !== undefined) {
    args.push("--will-topic", will.topicName, "--will-qos", String(will.qos ?? 0));
    // What is not given is not sent, and its payload is text.
    if (will.payload !== undefined) args.push("--will-payload", Buffer.from(will.payload).toString("utf8"));
    if (will.retain === true) args.push("--will-retain");
  }
  return version === 5 ? [...args, ...propertyArguments(settings)] : args;
}

function propertyArguments({ sessionExpiryInterval, cleanStart, will, ...settings }: ClientSettings): string[] {
  const expiry = sessionExpiryInterval ?? (cleanStart ? undefined : 300);
  return [
    ...(expiry === undefined ? [] : ["-x", String(expiry)]),
    ...property("connect", "receive-maximum", settings.receiveMaximum),
    ...property("connect", "maximum-packet-size", settings.maximumPacketSize),
    ...property("connect", "topic-alias-maximum", settings.topicAliasMaximum),
    ...userProperties("connect", settings.userProperties),
    ...property("will", "will-delay-interval", will?.delayInterval),
    ...messageProperties("will", will?.properties),
  ];
}

function messageProperties(packet: string, given: MessageProperties = {}): string[] {
  return [
    ...property(packet, "payload-format-indicator", given.payloadFormatIndicator),
    ...property(packet, "message-expiry-interval", given.messageExpiryInterval),
    ...property(packet, "content-type", given.contentType),
    ...property(packet, "response-topic", given.responseTopic),
    ...property(packet, "correlation-data", given.correlationData && Buffer.from(given.correlationData).toString("utf8")),
    ...userProperties(packet, given.userProperties),
  ];
}

function property(packet: string, name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : ["-D", packet, name, String(value)];
}

function userProperties(packet: string, pairs: MessageProperties["userProperties"] = []): string[] {
  return pairs.flatMap(([name, value]) => ["-D", packet, "user-property", name, value]);
}

class MosquittoUnderTest implements ClientUnderTest {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<void>;
  private rest = "";

  constructor(program: string, args: readonly string[], report: ClientReport) {
    const child = spawn(programPath(program) ?? program, args);
    this.child = child;
    child.on("error", () => undefined);
    child.stdin.on("error", () => undefined);
    child.stderr.resume();
    this.ended = new Promise((resolve) => child.once("close", () => resolve()));
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.read(text, report));
  }

  async publish({ payload = "" }: MessageToSend): Promise<void> {
    this.child.stdin.write(`${Buffer.from(payload).toString("utf8")}\n`);
    await Promise.resolve();
  }

  subscribe(): Promise<never> {
    return Promise.reject(new Error("it subscribes when it starts"));
  }

  unsubscribe(): Promise<never> {
    return Promise.reject(new Error("it cannot unsubscribe"));
  }

  /** The end of what it reads is its end; the other one waits for a signal. */
  async disconnect(): Promise<void> {
    this.child.stdin.end();
    if (this.child.spawnfile.endsWith("sub")) this.child.kill("SIGTERM");
    await this.ended;
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  private read(text: string, report: ClientReport): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const [qos = "0", retain, hex = ""] = line.split(" ", 3);
      const topicName = line.slice(qos.length + (retain?.length ?? 0) + hex.length + 3);
      report.message({
        topicName,
        payload: Uint8Array.from(Buffer.from(hex, "hex")),
        qos: Number(qos) as QoS,
        retain: retain === "1",
        properties: undefined,
      });
    }
  }
}
