import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect, type Message } from "@bowline/client";
import { LocalServers } from "@bowline/testkit/broker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EndedCommand, runInProcess } from "../testing/run-in-process.ts";

/* pub, sub and rpc against a real broker, and a client of the test on the other side. */

const servers = new LocalServers({
  memory: true,
  anonymous: true,
  listen: ["mqtt://127.0.0.1:0", "mqtts://localhost:0", "ws://127.0.0.1:0/mqtt", "wss://localhost:0/mqtt"],
});
let url = "";
let client: Client;
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bowline-pub-sub-"));
  await servers.begin();
  await servers.start();
  url = urlOf("mqtt");
  client = connect(url);
});
afterAll(async () => {
  await client.close();
  await servers.end();
  rmSync(folder, { recursive: true });
});

const urlOf = (scheme: string): string => servers.server.listeners.find((each) => each.startsWith(`${scheme}:`)) ?? "";
const pub = (...args: string[]): Promise<EndedCommand> => runInProcess("pub", url, ...args);
const sub = (...args: string[]): Promise<EndedCommand> => runInProcess("sub", url, ...args);

/** What the test's client receives while the command runs. */
async function received(filter: string, count: number, command: () => Promise<EndedCommand>): Promise<Message[]> {
  const subscription = client.subscribe(filter, { qos: 2, retainAsPublished: true });
  await subscription.ready;
  expect(await command()).toMatchObject({ code: 0, stderr: "" });
  const messages: Message[] = [];
  for await (const message of subscription) if (messages.push(message) === count) break;
  return messages;
}

/** Publishes retained messages, which a subscription finds whenever it begins. */
async function retain(...messages: readonly (readonly [topic: string, payload: string | Uint8Array])[]): Promise<void> {
  for (const [topic, payload] of messages) await client.publish(topic, payload, { qos: 1, retain: true });
}

describe("pub", () => {
  test("a message takes every property that was given", async () => {
    const properties = ["--content-type", "text/plain", "-e", "60", "--utf8", "--property", "k=v=w", "--property", "k=2"];
    const answer = ["--response-topic", "r", "--correlation-data", "c"];
    const [message] = await received("p/1", 1, () => pub("-t", "p/1", "-m", "hi", "-q", "2", "-r", ...properties, ...answer));
    expect(message).toMatchObject({ qos: 2, retain: true });
    expect(message?.text()).toBe("hi");
    expect(message?.properties).toMatchObject({
      contentType: "text/plain",
      payloadFormatIndicator: 1,
      responseTopic: "r",
      userProperties: [
        ["k", "v=w"],
        ["k", "2"],
      ],
    });
    expect(Buffer.from(message?.properties.correlationData ?? []).toString()).toBe("c");
  });

  test("QoS is 1 unless it is said", async () => {
    const [message] = await received("p/2", 1, () => pub("-t", "p/2", "-m", "x"));
    expect(message?.qos).toBe(1);
  });

  test("files, nothing, random bytes, formats and templates are messages", async () => {
    writeFileSync(join(folder, "bytes"), Buffer.from([0, 255, 10]));
    const payloads = async (...args: string[]): Promise<Buffer> => {
      const [message] = await received("p/3", 1, () => pub("-t", "p/3", ...args));
      return Buffer.from(message?.payload ?? []);
    };
    expect(await payloads("-f", join(folder, "bytes"))).toEqual(Buffer.from([0, 255, 10]));
    expect(await payloads("-n")).toEqual(Buffer.alloc(0));
    expect(await payloads("--size", "2KiB")).toHaveLength(2_048);
    expect(await payloads("-m", "00ff", "--format", "hex")).toEqual(Buffer.from([0, 255]));
    expect(await payloads("-m", '{"n":{{counter}}}', "--template", "--format", "msgpack")).toEqual(Buffer.from("81a16e01", "hex"));
  });

  test("messages of a schema come out as they went in, and what is none of it ends the command", async () => {
    const schema = join(folder, "knot.proto");
    writeFileSync(schema, 'syntax = "proto3"; message Knot { string name = 1; int32 turns = 2; }');
    const avro = join(folder, "knot.avsc");
    writeFileSync(avro, '{"type":"record","name":"Knot","fields":[{"name":"name","type":"string"}]}');
    const knots = '{"name":"bowline","turns":1}';
    expect(await pub("-t", "k/p", "-m", knots, "-r", "--schema", schema)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await pub("-t", "k/a", "-m", '{"name":"hitch"}', "-r", "--schema", avro)).toEqual({ code: 0, stdout: "", stderr: "" });
    const read = (topic: string, ...args: string[]): Promise<EndedCommand> => sub("-t", topic, "-C", "1", "-W", "10", ...args);
    expect(await read("k/p", "--format", "hex")).toMatchObject({ stdout: "0a07626f776c696e651001\n" });
    expect(await read("k/p", "--schema", schema)).toEqual({ code: 0, stdout: `${knots}\n`, stderr: "" });
    const record = JSON.parse((await read("k/a", "--schema", avro, "--json")).stdout) as unknown;
    expect(record).toMatchObject({ payload: { name: "hitch" }, encoding: "avro" });
    expect(await read("k/p", "--schema", avro)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining('to "k/p"') });
    for (const wrong of ['{"name":1}', '{"nick":"x"}', "{"])
      for (const file of [schema, avro])
        expect(await pub("-t", "k/p", "-m", wrong, "--schema", file)).toMatchObject({
          code: 2,
          stderr: expect.stringContaining("--format"),
        });
  });

  test("repeated messages are counted, in the topic too", async () => {
    const command = (): Promise<EndedCommand> =>
      pub("-t", "p/4/{{counter}}", "-m", "n {{counter}}", "--template", "--repeat", "3", "--delay", "0.001");
    const messages = await received("p/4/#", 3, command);
    expect(messages.map((message) => `${message.topicName} ${message.text()}`)).toEqual(["p/4/1 n 1", "p/4/2 n 2", "p/4/3 n 3"]);
  });

  test("--json prints what the broker said, and --packets what passed", async () => {
    const ended = await pub("-t", "p/5", "-m", "x", "--json", "--packets", "-i", "watched");
    expect(JSON.parse(ended.stdout)).toEqual({ v: 1, type: "published", topic: "p/5", qos: 1, retain: false, reasonCode: 0 });
    const lines = ended.stderr.trim().split("\n");
    expect(lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "> CONNECT",
      "< CONNACK",
      "> PUBLISH",
      "< PUBACK",
      "> DISCONNECT",
    ]);
    expect(lines[2]).toContain('"payload":"1 bytes"');
  });

  test.each([
    [["-m", "x"], "the topic is missing"],
    [["-t", "a"], "give the message with one of"],
    [["-t", "a", "-m", "x", "-n"], "give the message with one of"],
    [["-t", "a", "-l", "--password-stdin"], "-l and --password-stdin both read"],
    [["-t", "a", "-f", "-", "--password-stdin"], "-f - and --password-stdin both read"],
    [["-t", "a", "--size", "2 potatoes"], "--size must be"],
    [["-t", "a", "-m", "x", "--format", "xml"], "--format must be text, json, hex, base64, cbor, msgpack, protobuf or avro"],
    [["-t", "a", "-m", "x", "--property", "novalue"], "--property must be KEY=VALUE"],
    [["-t", "a", "-m", "x", "--will-qos", "1"], "--will-topic is missing"],
    [["-t", "a", "-m", "x", "--header", "A: b"], "--header belongs to ws://"],
    [["-t", "a", "-m", "x", "--ipv4", "--ipv6"], "exclude each other"],
    [["-t", "a", "-m", "{{no}}", "--template"], "{{no}} is not known"],
    [["-t", "a", "--size", "3", "--template"], "exclude each other"],
    [["-t", "a", "-m", "x", "--delay", "soon"], "--delay must be a number of seconds"],
    [["-t", "a", "-m", "x", "--auth-method", "SCRAM-SHA-256"], "needs a user name and a password"],
  ])("%j is wrong usage", async (args, text) => {
    expect(await pub(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(text) });
  });
});

describe("sub", () => {
  test("formats, fields and files", async () => {
    await retain(["f/1", "one"], ["f/2", new Uint8Array([0xff, 0])], ["f/3", Buffer.from("a16161f5", "hex")]);
    const print = (topic: string, ...args: string[]): Promise<EndedCommand> => sub("-t", topic, "-C", "1", "-W", "10", ...args);
    expect(await print("f/1")).toEqual({ code: 0, stdout: "one\n", stderr: "" });
    expect(await print("f/1", "-v")).toMatchObject({ stdout: "f/1 one\n" });
    expect(await print("f/1", "-N")).toMatchObject({ stdout: "one" });
    expect(await print("f/1", "-F", "%r %q [%p]\\t")).toMatchObject({ stdout: "1 0 [one]\t\n" });
    expect(await print("f/2", "--format", "hex")).toMatchObject({ stdout: "ff00\n" });
    expect(await print("f/3", "--format", "cbor")).toMatchObject({ stdout: '{"a":true}\n' });
    const record = JSON.parse((await print("f/3", "--format", "cbor", "--json")).stdout) as unknown;
    expect(record).toMatchObject({ v: 1, topic: "f/3", payload: { a: true }, encoding: "cbor", retain: true });
    expect(JSON.parse((await print("f/2", "--json")).stdout)).toMatchObject({ payload: "/wA=", encoding: "base64" });
    for (let i = 0; i < 2; i++) await print("f/2", "--save", join(folder, "saved"));
    expect(readdirSync(join(folder, "saved"))).toEqual(["000001-f_2", "000002-f_2"]);
    expect(readFileSync(join(folder, "saved/000002-f_2"))).toEqual(Buffer.from([0xff, 0]));
  });

  test("a message that is not of its format is told, and fails the command", async () => {
    await retain(["w/1", "{"], ["w/2", "{}"]);
    const ended = await sub("-t", "w/#", "-C", "2", "-W", "10", "--format", "json");
    expect(ended).toMatchObject({ code: 1, stdout: "{}\n", stderr: expect.stringContaining('a message to "w/1"') });
    expect(ended.stderr).toContain("1 of 2 messages were not what --format says");
  });

  test("topics and retained messages are left out as was asked", async () => {
    await retain(["r/a", "a"], ["r/b", "b"], ["r/c", "c"]);
    const ended = await sub("-t", "r/#", "-T", "r/b", "-C", "2", "-W", "10");
    expect(ended.stdout.split("\n").sort()).toEqual(["", "a", "c"]);
    expect(await sub("-t", "r/#", "-R", "-W", "0.2")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await sub("-t", "r/#", "--retain-handling", "never", "-W", "0.2")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await sub("-t", "r/#", "-E")).toMatchObject({ code: 0, stderr: "" });
    expect(await sub("-t", "r/#", "--remove-retained", "-C", "3", "-W", "10")).toMatchObject({ code: 0 });
    expect(await sub("-t", "r/#", "-C", "1", "-W", "0.2")).toMatchObject({
      code: 1,
      stderr: "only 0 of 1 messages came within 0.2 s\n",
    });
  });

  test("retained messages alone end at the first that is not", async () => {
    await retain(["o/1", "kept"]);
    const ending = sub("-t", "o/#", "--retained-only", "-W", "20");
    const ticking = setInterval(() => void client.publish("o/2", "new", { qos: 1 }), 50);
    expect(await ending).toEqual({ code: 0, stdout: "kept\n", stderr: "" });
    clearInterval(ticking);
  });

  test("an identifier and User Properties of the SUBSCRIBE reach the broker", async () => {
    await retain(["i/1", "x"]);
    const args = ["--subscription-identifier", "77", "--subscribe-property", "k=v", "--packets"];
    const ended = await sub("-t", "i/1", "-C", "1", "-W", "10", "-F", "%S", ...args);
    expect(ended).toMatchObject({ code: 0, stdout: "77\n" });
    expect(ended.stderr).toMatch(/> SUBSCRIBE .*"userProperties":\[\["k","v"\]\]/);
    expect(await sub("-t", "a", "-t", "b", "--subscription-identifier", "1")).toMatchObject({ code: 2 });
  });

  test("each filter may have a quality of service of its own, and a message of several filters is printed once", async () => {
    await retain(["g/1", "one"], ["g/2", "two"]);
    const ended = await sub("-t", "g/1", "-q", "0", "-t", "g/+", "-q", "1", "-C", "2", "-W", "10", "-F", "%t %q", "--packets");
    expect(ended.code).toBe(0);
    // A broker may send one copy for each Subscription, so that only what came is known.
    expect(ended.stdout.split("\n").filter((line) => !/^g\/[12] [01]$/.test(line))).toEqual([""]);
    expect(ended.stderr.match(/> SUBSCRIBE .*/g)?.join("")).toMatch(/"g\/1".*"qos":0[\s\S]*"g\/\+".*"qos":1/);
    await client.publish("g/1", "", { retain: true, qos: 1 });
    const ending = sub("-t", "g/2", "-q", "0", "-t", "#", "-q", "1", "-R", "-C", "2", "-W", "20", "-F", "%t %p");
    const ticking = setInterval(() => void client.publish("g/3", "new", { qos: 1 }), 50);
    expect((await ending).stdout).toBe("g/3 new\ng/3 new\n");
    clearInterval(ticking);
  });

  test("a session is kept, resumed, and gives a filter up", async () => {
    const session = ["-i", "keeper", "-x", "60", "-q", "1"];
    expect(await sub("-t", "s/1", "-E", ...session)).toMatchObject({ code: 0 });
    await client.publish("s/1", "while away", { qos: 1 });
    expect(await sub("-t", "s/1", "-C", "1", "-W", "10", ...session)).toMatchObject({ code: 0, stdout: "while away\n" });
    expect(await sub("-U", "s/1", ...session)).toMatchObject({ code: 0, stdout: "" });
    await client.publish("s/1", "for nobody", { qos: 1 });
    expect(await sub("-t", "s/2", "-C", "1", "-W", "0.2", ...session)).toMatchObject({ code: 1, stdout: "" });
  });

  test.each([
    [[], "the topic filter is missing"],
    [["-t", "a", "-v", "--json"], "exclude each other"],
    [["-t", "a", "-R", "--retained-only"], "exclude each other"],
    [["-t", "a", "-F", "%?"], "--print has no %?"],
    [["-t", "a", "-T", "b/#/c"], "FILTER_INVALID"],
    [["-t", "a", "--sample", "101"], "--sample must be a number from 0.1 to 100"],
    [["-t", "a", "-q", "3"], "--qos must be 0, 1 or 2"],
    [["-t", "a", "-t", "b", "-t", "c", "-q", "0", "-q", "1"], "give -q once, or once for each -t"],
    [["-t", "a", "--watch"], "--watch needs a terminal"],
    [["-t", "a", "--pretty"], "--pretty belongs to"],
    [["-t", "a", "--retain-handling", "maybe"], "--retain-handling must be always, new or never"],
  ])("%j is wrong usage", async (args, text) => {
    expect(await sub(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(text) });
  });
});

describe("rpc", () => {
  /** Answers requests as a service of the test, until the command has ended. */
  async function served(filter: string, command: () => Promise<EndedCommand>): Promise<EndedCommand> {
    const service = client.subscribe(filter, { qos: 1 }, (request) => {
      const { responseTopic = "answers", correlationData } = request.properties;
      // One that belongs to somebody else comes first.
      void client.publish(responseTopic, "not yours", { correlationData: Buffer.from("?") });
      void client.publish(responseTopic, `${request.text()}!`, correlationData === undefined ? {} : { correlationData });
    });
    await service.ready;
    const ended = await command();
    await service.close();
    return ended;
  }

  test("the answer with our Correlation Data is printed", async () => {
    const ended = await served("q/1", () => runInProcess("rpc", url, "-t", "q/1", "-m", "hello", "-W", "10"));
    expect(ended).toEqual({ code: 0, stdout: "hello!\n", stderr: "" });
    const timed = await served("q/1", () => runInProcess("rpc", url, "-t", "q/1", "-m", "hello", "-W", "10", "--latency"));
    expect(timed).toMatchObject({ code: 0, stdout: "hello!\n", stderr: expect.stringMatching(/^answered after \d+\.\d{3} ms\n$/) });
  });

  test("requests and answers may be of types of their own", async () => {
    const schema = join(folder, "time.proto");
    writeFileSync(schema, 'syntax = "proto3"; message Ask { string zone = 1; } message Told { int64 at = 1; }');
    const service = client.subscribe("q/5", { qos: 1 }, ({ payload, properties }) => {
      expect(Buffer.from(payload).toString("hex")).toBe("0a0143");
      const { responseTopic = "", correlationData = Buffer.alloc(0) } = properties;
      void client.publish(responseTopic, Buffer.from("0807", "hex"), { correlationData });
    });
    await service.ready;
    const types = ["--schema", schema, "--schema-type", "Ask", "--answer-type", "Told"];
    const ended = await runInProcess("rpc", url, "-t", "q/5", "-m", '{"zone":"C"}', "-W", "10", ...types);
    expect(ended).toEqual({ code: 0, stdout: '{"at":"7"}\n', stderr: "" });
    await service.close();
  });

  test("before MQTT 5 whatever comes to the response topic is the answer", async () => {
    const args = ["-t", "q/2", "-m", "hello", "-W", "10", "-V", "3.1.1"];
    const ended = await served("q/2", () => runInProcess("rpc", url, ...args, "--response-topic", "answers", "-C", "2"));
    expect(ended).toEqual({ code: 0, stdout: "not yours\nhello!\n", stderr: "" });
    expect(await runInProcess("rpc", url, ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining("--response-topic") });
  });

  test("no answer in time fails", async () => {
    const ended = await runInProcess("rpc", url, "-t", "q/3", "-m", "x", "-W", "0.2");
    expect(ended).toMatchObject({ code: 1, stdout: "", stderr: "only 0 of 1 answers came within 0.2 s\n" });
  });

  test("--serve answers requests", async () => {
    const serving = runInProcess("rpc", url, "-t", "q/4", "--serve", "-m", "noon", "-C", "1", "-W", "20");
    for (;;) {
      const answer = await client.request("q/4", "time?", { timeoutMs: 100 }).catch(() => undefined);
      if (answer === undefined) continue;
      expect(answer.text()).toBe("noon");
      break;
    }
    expect(await serving).toEqual({ code: 0, stdout: "time?\n", stderr: "" });
  });
});

describe("connecting", () => {
  test("WebSocket, TLS and an address of this machine", async () => {
    writeFileSync(join(folder, "ca.pem"), servers.server.localCa?.certificate ?? "");
    const message = ["-t", "c/1", "-m", "x"];
    const ways: string[][] = [
      [urlOf("ws"), "--header", "X-Test: yes", "--bind", "127.0.0.1", "--ipv4"],
      [urlOf("mqtts"), "--ca", join(folder, "ca.pem"), "--alpn", "mqtt"],
      [urlOf("wss"), "--insecure"],
    ];
    for (const way of ways) expect(await runInProcess("pub", ...way, ...message)).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("the CONNECT says what was asked for, and the will is published", async () => {
    const limits = ["--receive-maximum", "7", "--topic-alias-maximum", "3", "--maximum-packet-size", "9000", "-k", "9"];
    const will = [
      "--will-topic",
      "gone",
      "--will-message",
      "bye",
      "--will-qos",
      "1",
      "--will-delay",
      "2",
      "--will-property",
      "a=b",
    ];
    const more = ["--no-problem-information", "--request-response-information", "--connect-property", "c=d", "-x", "5", "-i", "me"];
    const ended = await pub("-t", "c/2", "-m", "x", "--packets", ...limits, ...will, ...more);
    expect(ended.code).toBe(0);
    const packet = JSON.parse(/> CONNECT \d+ bytes (.*)/.exec(ended.stderr)?.[1] ?? "{}") as Record<string, unknown>;
    expect(packet).toMatchObject({
      clientIdentifier: "me",
      cleanStart: false,
      keepAlive: 9,
      will: { topicName: "gone", qos: 1, payload: "3 bytes", properties: { willDelayInterval: 2, userProperties: [["a", "b"]] } },
      properties: {
        receiveMaximum: 7,
        topicAliasMaximum: 3,
        maximumPacketSize: 9000,
        sessionExpiryInterval: 5,
        requestProblemInformation: 0,
        requestResponseInformation: 1,
        userProperties: [["c", "d"]],
      },
    });
  });

  test("by SCRAM the password is proven and not told", async () => {
    const own = new LocalServers({ memory: true, authentication: [{ kind: "scram" }, { kind: "password" }] });
    await own.begin();
    const server = await own.start();
    await server.users.add("default", "ann", "correct horse battery staple");
    writeFileSync(join(folder, "right"), "correct horse battery staple");
    writeFileSync(join(folder, "wrong"), "incorrect");
    const log = (file: string): Promise<EndedCommand> => {
      const login = ["-u", "ann", "--password-file", join(folder, file), "--auth-method", "SCRAM-SHA-256"];
      return runInProcess("pub", server.listeners[0] ?? "", ...login, "-t", "a", "-m", "b", "--packets");
    };
    const right = await log("right");
    expect(right).toMatchObject({ code: 0, stderr: expect.stringMatching(/^< AUTH [\s\S]*^< PUBACK /m) });
    expect(right.stderr).not.toContain("battery");
    expect(await log("wrong")).toMatchObject({ code: 4, stderr: expect.stringContaining("BAD_CREDENTIALS") });
    await own.end();
  });
});
