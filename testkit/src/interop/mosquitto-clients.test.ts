import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, connect, type Message, type SubscribeOptions } from "@bowline/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess, type FirstUser } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { ForeignProgram, type ProgramEnd } from "./foreign-program.ts";

/* mosquitto_pub, mosquitto_sub and mosquitto_rr against our broker. Those of Debian (2.0.11) speak no WebSocket. */

const missing = missingPrograms("mosquitto_pub", "mosquitto_sub", "mosquitto_rr");
const VERSIONS = ["mqttv31", "mqttv311", "mqttv5"] as const;

describe.skipIf(missing !== "")(`mosquitto's clients at our broker${missing && ` (${missing})`}`, () => {
  let broker: BowlineProcess;
  let user: FirstUser;
  let client: Client;
  const running = new Set<ForeignProgram>();

  beforeAll(async () => {
    const listen = ["mqtt://localhost:0", "mqtts://localhost:0"].flatMap((url) => ["--listen", url]);
    broker = await BowlineProcess.start(...listen, "--listen", "unix:mqtt.sock", "--no-console");
    user = await broker.user();
    const reconnect = { firstDelayMs: 50, baseDelayMs: 100 };
    client = connect(broker.urls[0]!, { credentials: user, session: { clientId: "ours" }, reconnect });
    client.on("attemptFailed", () => {});
  });
  afterEach(async () => {
    for (const program of running) await program.kill();
  });
  afterAll(async () => {
    await client?.close();
    await broker?.remove();
  });

  function where(scheme: string): string[] {
    if (scheme === "unix") return ["--unix", join(broker.folder, "mqtt.sock")];
    const { port } = new URL(broker.urls.find((url) => url.startsWith(`${scheme}:`))!);
    return ["-h", "localhost", "-p", port, ...(scheme === "mqtts" ? ["--cafile", join(broker.dataFolder, "ca.pem")] : [])];
  }
  const login = (): string[] => ["-u", user.username, "-P", user.password];
  const start = (name: string, args: string[], input?: string): ForeignProgram => {
    const program = new ForeignProgram(name, args, input);
    running.add(program);
    void program.ended.then(() => running.delete(program));
    return program;
  };
  /** Publishes and expects that to work. */
  async function pub(args: string[], scheme = "mqtt", input?: string): Promise<void> {
    const end = await start("mosquitto_pub", [...where(scheme), ...login(), ...args], input).ended;
    expect(end).toEqual({ code: 0, stdout: "", stderr: "" });
  }
  /** Resolves once the broker has its subscription. */
  async function sub(id: string, args: string[], scheme = "mqtt"): Promise<ForeignProgram> {
    const program = start("mosquitto_sub", [...where(scheme), ...login(), "-i", id, ...args]);
    await broker.connectionsAre((all) => all.some((one) => one.clientIdentifier === id && one.subscriptions > 0));
    return program;
  }
  const printed = (...lines: string[]): ProgramEnd => ({ code: 0, stdout: lines.map((line) => `${line}\n`).join(""), stderr: "" });

  /** What our client gets until a message on `stop`, which comes last. */
  async function collect(filter: string, stop: string, options: SubscribeOptions = {}): Promise<{ all: Promise<Message[]> }> {
    const subscription = client.subscribe([filter, stop], { qos: 2, maximumMessages: 10_000, ...options });
    await subscription.ready;
    const all = async (): Promise<Message[]> => {
      const messages: Message[] = [];
      for await (const message of subscription) {
        if (message.topicName === stop) break;
        messages.push(message);
      }
      return messages;
    };
    return { all: all() };
  }

  const ways = VERSIONS.flatMap((version) => ["mqtt", "mqtts", "unix"].map((scheme) => [version, scheme] as const));
  test.each(ways)("%s over %s: each QoS from them to them, by wildcards", async (version, scheme) => {
    const receiving = await sub(
      `${version}-${scheme}`,
      ["-V", version, "-q", "2", "-t", "w/+/x", "-t", "v/#", "-F", "%t %q %p", "-C", "4"],
      scheme,
    );
    await pub(["-V", version, "-t", "w/none", "-m", "elsewhere"], scheme);
    for (const qos of ["0", "1", "2"]) await pub(["-V", version, "-t", `w/${qos}/x`, "-q", qos, "-m", `QoS ${qos}`], scheme);
    await pub(["-V", version, "-t", "v", "-q", "1", "-m", "parent"], scheme);
    // QoS 2 takes one more exchange, so that a later message may be printed before it.
    const { stdout, ...end } = await receiving.ended;
    expect(end).toEqual({ code: 0, stderr: "" });
    expect(stdout.trim().split("\n").toSorted()).toEqual(["v 1 parent", "w/0/x 0 QoS 0", "w/1/x 1 QoS 1", "w/2/x 2 QoS 2"]);
  });

  test.each(VERSIONS)("%s: 1,000 messages of each QoS to our client, in order and each once", async (version) => {
    const lines = Array.from({ length: 1_000 }, (_, i) => String(i));
    for (const qos of ["0", "1", "2"]) {
      const received = await collect(`bulk/${qos}`, "bulk/end");
      await pub(["-V", version, "-t", `bulk/${qos}`, "-q", qos, "-l"], "mqtts", `${lines.join("\n")}\n`);
      await pub(["-V", version, "-t", "bulk/end", "-q", "2", "-n"]);
      const messages = await received.all;
      expect(messages.map((message) => message.text())).toEqual(lines);
      expect(new Set(messages.map((message) => message.qos))).toEqual(new Set([Number(qos)]));
    }
  });

  test.each(VERSIONS)("%s: 1,000 messages of each QoS from our client, in order and each once", async (version) => {
    const receiving = await sub("bulk", ["-V", version, "-q", "2", "-t", "from/ours/#", "-F", "%t %q %p", "-C", "3000"], "mqtts");
    const lines: string[] = [];
    for (const qos of [0, 1, 2] as const) {
      const underway = [];
      for (let i = 0; i < 1_000; i++) {
        underway.push(client.publish(`from/ours/${qos}`, String(i), { qos }));
        lines.push(`from/ours/${qos} ${qos} ${i}`);
      }
      await Promise.all(underway);
    }
    expect(await receiving.ended).toEqual(printed(...lines));
  });

  test("payloads are bytes: all values, none at all, and 3 MB", async () => {
    const file = join(broker.folder, "payload");
    const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const payload of [everyByte, randomBytes(3_000_000)]) {
      await writeFile(file, payload);
      const received = await collect("bytes", "bytes/end");
      await pub(["-t", "bytes", "-q", "1", "-f", file]);
      await pub(["-t", "bytes", "-q", "1", "-n"]);
      await pub(["-t", "bytes/end", "-q", "2", "-n"]);
      const [full, empty, ...rest] = await received.all;
      expect(Buffer.from(payload).equals(full!.payload)).toBe(true);
      expect(empty?.payload).toHaveLength(0);
      expect(rest).toEqual([]);

      const receiving = await sub("bytes", ["-t", "bytes", "-q", "1", "-F", "%l %x", "-C", "2"]);
      await client.publish("bytes", payload, { qos: 1 });
      await client.publish("bytes", "", { qos: 1 });
      const { stdout } = await receiving.ended;
      expect(stdout === `${payload.length} ${Buffer.from(payload).toString("hex")}\n0 \n`).toBe(true);
    }
  });

  test.each(VERSIONS)("%s: a retained message is kept, replaced and removed", async (version) => {
    const topic = `state/${version}`;
    for (const text of ["old", "new"]) await pub(["-V", version, "-t", topic, "-r", "-q", "1", "-m", text]);
    const receiving = await start("mosquitto_sub", [
      ...where("mqtt"),
      ...login(),
      "-V",
      version,
      "-t",
      topic,
      "-F",
      "%r %p",
      "-C",
      "1",
    ]).ended;
    expect(receiving).toEqual(printed("1 new"));
    await pub(["-V", version, "-t", topic, "-r", "-q", "1", "-n"]);
    const received = await collect(topic, "state/end");
    await pub(["-t", "state/end", "-q", "2", "-n"]);
    expect(await received.all).toEqual([]);
  });

  test.each(VERSIONS)("%s: the will comes when the client dies, and not when it says goodbye", async (version) => {
    const will = ["--will-topic", "will/x", "--will-payload", "gone", "--will-qos", "1"];
    const received = await collect("will/x", "will/end");
    const leaving = await sub("leaving", ["-V", version, "-t", "wait", "-C", "1", ...will]);
    await client.publish("wait", "", { qos: 1 });
    expect(await leaving.ended).toMatchObject({ code: 0 });
    const dying = await sub("dying", ["-V", version, "-t", "wait", ...will]);
    await dying.kill();
    await broker.connectionsAre((all) => all.every((one) => one.clientIdentifier !== "dying"));
    await client.publish("will/end", "", { qos: 2 });
    expect((await received.all).map((message) => [message.qos, message.text()])).toEqual([[1, "gone"]]);
  });

  test.each(VERSIONS)(
    "%s: a session kept with -c gets what came while it was away, the broker killed meanwhile",
    async (version) => {
      const id = `keeps-${version}`;
      const args = [...where("mqtt"), ...login(), "-V", version, "-c", "-i", id, "-t", "kept/#", "-q", "2", "-F", "%t %q %p"];
      expect(await start("mosquitto_sub", [...args, "-E"]).ended).toMatchObject({ code: 0 });
      await client.publish(`kept/${version}`, "ours 1", { qos: 1 });
      await pub(["-V", version, "-t", `kept/${version}`, "-q", "1", "-m", "theirs"]);
      // The last one: theirs hands a QoS 2 message over at PUBREL, and so after later ones of QoS 1.
      await client.publish(`kept/${version}`, "ours 2", { qos: 2 });
      await broker.kill();
      await broker.startAgain();
      const topic = `kept/${version}`;
      expect(await start("mosquitto_sub", [...args, "-C", "3"]).ended).toEqual(
        printed(`${topic} 1 ours 1`, `${topic} 1 theirs`, `${topic} 2 ours 2`),
      );
      // Ends the session, so that the next version's messages are not kept for it too.
      await start("mosquitto_sub", [...where("mqtt"), ...login(), "-V", version, "-i", id, "-t", "x", "-E"]).ended;
      await client.online();
    },
  );

  test("MQTT 5.0 properties arrive at ours as they were given", async () => {
    const received = await collect("properties", "properties/end");
    const properties = [
      ["content-type", "text/plain"],
      ["response-topic", "answer/here"],
      ["correlation-data", "id 1"],
      ["message-expiry-interval", "100"],
      ["payload-format-indicator", "1"],
      ["user-property", "name", "ü"],
      ["user-property", "name", "again"],
    ].flatMap((words) => ["-D", "publish", ...words]);
    await pub(["-V", "mqttv5", "-t", "properties", "-q", "1", "-m", "text", ...properties]);
    await pub(["-t", "properties/end", "-q", "2", "-n"]);
    const [message] = await received.all;
    expect(message?.properties).toEqual({
      contentType: "text/plain",
      responseTopic: "answer/here",
      correlationData: Buffer.from("id 1"),
      messageExpiryInterval: 100,
      payloadFormatIndicator: 1,
      userProperties: [
        ["name", "ü"],
        ["name", "again"],
      ],
    });
  });

  test("MQTT 5.0 properties arrive at theirs as we gave them, and are left out for 3.1.1", async () => {
    const modern = await sub("modern", ["-V", "mqttv5", "-t", "properties", "-F", "%C|%R|%D|%E|%F|%P|%p", "-C", "1"]);
    const old = await sub("old", ["-V", "mqttv311", "-t", "properties", "-C", "1"]);
    await client.publish("properties", "text", {
      qos: 1,
      contentType: "a/b",
      responseTopic: "r",
      correlationData: new TextEncoder().encode("c"),
      messageExpiryInterval: 100,
      payloadFormatIndicator: 1,
      userProperties: [["k", "v"]],
    });
    expect(await modern.ended).toEqual(printed("a/b|r|c|100|1|k:v|text"));
    expect(await old.ended).toEqual(printed("text"));
  });

  test("mosquitto_rr is answered by our client, and its answer is ours", async () => {
    const service = client.subscribe("service", { qos: 1 }, (message) => {
      const { responseTopic, correlationData } = message.properties;
      client.publish(responseTopic!, `${message.text()}!`, { qos: 1, ...(correlationData && { correlationData }) });
    });
    await service.ready;
    const asking = [
      "-V",
      "mqttv5",
      "-t",
      "service",
      "-e",
      "answers/1",
      "-q",
      "1",
      "-m",
      "hello",
      "-D",
      "publish",
      "correlation-data",
      "7",
      "-F",
      "%D %p",
    ];
    expect(await start("mosquitto_rr", [...where("mqtts"), ...login(), ...asking]).ended).toEqual(printed("7 hello!"));
    await service.close();
  });

  test.each([
    ["mqttv31", 4, /bad user name or password/i],
    ["mqttv311", 4, /bad user name or password/i],
    ["mqttv5", 134, /bad user name or password/i],
  ] as const)("%s: a wrong password is told as exit code %i and text", async (version, code, text) => {
    const args = ["-V", version, "-u", user.username, "-P", "wrong", "-t", "a", "-m", "b"];
    const end = await start("mosquitto_pub", [...where("mqtts"), ...args]).ended;
    expect(end).toEqual({ code, stdout: "", stderr: expect.stringMatching(text) });
  });

  test.each([
    ["mqttv311", 5, /not authori[sz]ed/i],
    ["mqttv5", 135, /not authori[sz]ed/i],
  ] as const)("%s: nobody is let in without a user: exit code %i", async (version, code, text) => {
    const end = await start("mosquitto_pub", [...where("mqtt"), "-V", version, "-t", "a", "-m", "b"]).ended;
    expect(end).toEqual({ code, stdout: "", stderr: expect.stringMatching(text) });
  });

  test("a client that trusts another authority, and one that speaks TLS to a plain port, fail and harm nobody", async () => {
    const other = join(broker.folder, "other.pem");
    await start("openssl", [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "/dev/null",
      "-out",
      other,
      "-subj",
      "/CN=other",
    ]).ended;
    const [, , , plain = ""] = where("mqtt");
    const [, , , tls = ""] = where("mqtts");
    for (const port of [tls, plain]) {
      const end = await start("mosquitto_pub", ["-p", port, "--cafile", other, ...login(), "-t", "a", "-m", "b"]).ended;
      expect(end.code).not.toBe(0);
      expect(end.stderr).toMatch(/TLS|protocol|lost/i);
    }
    await pub(["-t", "a", "-m", "b"], "mqtts");
  });
});
