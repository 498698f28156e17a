import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, connect, type ConnectOptions, type Message } from "@bowline/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { missingPrograms } from "../system/missing-programs.ts";
import { ForeignProgram } from "./foreign-program.ts";
import { MosquittoProcess, type MosquittoScheme } from "./mosquitto-process.ts";

/* Our client and our command at a mosquitto broker: what the specification says is all that they need of each other. */
// covers: [v3 MQTT-7.0.0-2] [v3 MQTT-7.1.2-1]

const COUNT = 500;
const command = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const missing = missingPrograms("mosquitto", "mosquitto_passwd");

const VERSIONS = [3, 4, 5] as const;
const SCHEMES: readonly MosquittoScheme[] = ["mqtt", "mqtts", "ws", "wss"];

/**
 * Before MQTT 5.0 a server cannot say how many messages it takes at once, and mosquitto 2.0.11 acknowledges QoS 2 messages beyond
 * 20 (max_inflight_messages) and drops them, from its own mosquitto_pub too.
 */
const WINDOW_BEFORE_5 = 20;

async function publishAll(publishOne: (i: number) => PromiseLike<unknown>, protocolVersion: 3 | 4 | 5): Promise<void> {
  const window = protocolVersion === 5 ? COUNT : WINDOW_BEFORE_5;
  const underway: PromiseLike<unknown>[] = [];
  for (let i = 0; i < COUNT; i++) {
    if (i >= window) await underway[i - window];
    underway.push(publishOne(i));
  }
  await Promise.all(underway);
}

describe.skipIf(missing !== "")(`our client at mosquitto${missing && ` (${missing})`}`, () => {
  let mosquitto: MosquittoProcess;
  const clients: Client[] = [];

  beforeAll(async () => {
    mosquitto = await MosquittoProcess.start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
  });
  afterAll(() => mosquitto?.remove());

  function open(scheme: MosquittoScheme, options: ConnectOptions = {}): Client {
    const reconnect = { firstDelayMs: 50, baseDelayMs: 100 };
    const client = connect(mosquitto.url(scheme), {
      credentials: mosquitto.user,
      tls: { ca: mosquitto.ca },
      reconnect,
      ...options,
    });
    client.on("attemptFailed", () => {});
    clients.push(client);
    return client;
  }

  /** What comes until a message on the topic `end`, which comes last. */
  async function collect(client: Client, filter: string): Promise<{ all: Promise<Message[]> }> {
    const subscription = client.subscribe([filter, "end"], { qos: 2, maximumMessages: 10_000 });
    await subscription.ready;
    const all = async (): Promise<Message[]> => {
      const messages: Message[] = [];
      for await (const message of subscription) {
        if (message.topicName === "end") break;
        messages.push(message);
      }
      return messages;
    };
    return { all: all() };
  }

  const ways = VERSIONS.flatMap((protocolVersion) => SCHEMES.map((scheme) => ({ protocolVersion, scheme })));
  test.each(ways)(
    "version $protocolVersion over $scheme: messages of each QoS, in order and each once",
    async ({ protocolVersion, scheme }) => {
      const publisher = open(scheme, { protocolVersion });
      const received = await collect(open(scheme, { protocolVersion }), "m/#");
      for (const qos of [0, 1, 2] as const) {
        const publishOne = (i: number): PromiseLike<unknown> => publisher.publish(`m/${qos}/${i % 100}`, String(i), { qos });
        await publishAll(publishOne, protocolVersion);
      }
      await publisher.publish("end", "", { qos: 2 });
      const messages = await received.all;
      const numbers = Array.from({ length: COUNT }, (_, i) => String(i));
      for (const qos of [0, 1, 2] as const) {
        const ofQos = messages.filter((message) => message.qos === qos);
        expect(ofQos.map((message) => message.text())).toEqual(numbers);
        expect(ofQos.every((message, i) => message.topicName === `m/${qos}/${i % 100}`)).toBe(true);
      }
    },
  );

  test.each(VERSIONS)("version %i: retained messages, and a will when the connection is cut", async (protocolVersion) => {
    const watcher = open("mqtt", { protocolVersion });
    await watcher.publish("r/a", "kept", { qos: 1, retain: true });
    const retained = await collect(watcher, "r/+");
    const willCame = new Promise<void>((resolve) => {
      watcher.on("message", ({ topicName }) => topicName === "r/will" && resolve());
    });
    const dying = open("ws", { protocolVersion, will: { topicName: "r/will", payload: "gone", qos: 2 } });
    await dying.online();
    const leaving = open("mqtts", { protocolVersion, will: { topicName: "r/will", payload: "never", qos: 1 } });
    await leaving.online();
    await leaving.close();
    await dying.abort();
    await willCame;
    await watcher.publish("r/a", "", { qos: 1, retain: true });
    await watcher.publish("end", "", { qos: 2 });
    const seen = (await retained.all).map(({ topicName, retain, qos, payload }) => [
      topicName,
      retain,
      qos,
      Buffer.from(payload).toString(),
    ]);
    expect(seen).toEqual([
      ["r/a", true, 1, "kept"],
      ["r/will", false, 2, "gone"],
      ["r/a", false, 1, ""],
    ]);
  });

  test.each(VERSIONS)(
    "version %i: a session outlives mosquitto's restart, and publications wait for it",
    async (protocolVersion) => {
      const session = { clientId: `keeps-${protocolVersion}`, expiryInterval: 3600, cleanStart: false };
      const receiver = open("wss", { protocolVersion, session });
      const publisher = open("mqtt", { protocolVersion, session: { ...session, clientId: `sends-${protocolVersion}` } });
      await publisher.online();
      const received = await collect(receiver, "s");
      const lost = new Promise((resolve) => receiver.once("connectionLost", resolve));
      let restarted: Promise<void> | undefined;
      const publishOne = (i: number): PromiseLike<unknown> => {
        if (i === COUNT / 2) restarted = mosquitto.stop().then(() => mosquitto.startAgain());
        // QoS 1: of what it had half received of QoS 2 before the restart mosquitto 2.0.11 loses some.
        return publisher.publish("s", String(i), { qos: 1 });
      };
      await publishAll(publishOne, protocolVersion);
      await restarted;
      await lost;
      await publisher.publish("end", "", { qos: 2 });
      const texts = (await received.all).map((message) => message.text());
      expect(new Set(texts).size).toBe(COUNT);
      // A CONNACK of MQTT 3.1 cannot say it.
      expect(receiver.status).toMatchObject({ state: "online", sessionPresent: protocolVersion !== 3 });
    },
  );

  test("its limits of MQTT 5.0 are known, and properties come back as they were given", async () => {
    const client = open("mqtts");
    const { properties } = await client.online();
    expect(properties).toMatchObject({ receiveMaximum: 20, topicAliasMaximum: 10 });
    const subscription = client.subscribe("p", { qos: 1 });
    await subscription.ready;
    const given = {
      contentType: "a/b",
      responseTopic: "r",
      correlationData: Buffer.from([0, 1, 255]),
      messageExpiryInterval: 100,
      payloadFormatIndicator: 1 as const,
      userProperties: [["k", "v"] as const, ["k", "w"] as const],
    };
    await client.publish("p", "text", { qos: 1, ...given });
    const { value } = await subscription.next();
    expect(value?.properties).toEqual(given);
    const service = client.subscribe("service", { qos: 1 }, ({ properties: { responseTopic, correlationData } }) => {
      client.publish(responseTopic!, "answer", { qos: 1, ...(correlationData && { correlationData }) });
    });
    await service.ready;
    expect((await client.request("service", "question", { timeoutMs: 5_000 })).text()).toBe("answer");
  });

  test.each(VERSIONS)("version %i: a wrong password is told by its reason code", async (protocolVersion) => {
    const credentials = { username: mosquitto.user.username, password: "wrong" };
    const client = open("mqtts", { protocolVersion, credentials });
    const failed = new Promise((resolve) => client.once("attemptFailed", resolve));
    expect(await failed).toMatchObject({ stage: "authz", code: "NOT_AUTHORIZED", reasonCode: 0x87 });
    expect(client.status.state).toBe("failed");
  });

  test.each(["3.1.1", "5"])("`bowline pub` and `bowline sub` with --mqtt %s", async (version) => {
    const passwordFile = join(mosquitto.folder, "password");
    await writeFile(passwordFile, mosquitto.user.password);
    const login = ["-u", mosquitto.user.username, "--password-file", passwordFile, "--ca", mosquitto.caFile, "--mqtt", version];
    const bowline = (...args: string[]): ForeignProgram => new ForeignProgram(process.execPath, [command, ...args, ...login]);
    for (const scheme of ["mqtts", "wss"] as const) {
      const url = mosquitto.url(scheme);
      const message = ["-t", `cli/${scheme}`, "-q", "2", "--retain", "-m", "hello"];
      expect(await bowline("pub", url, ...message).ended).toEqual({ code: 0, stdout: "", stderr: "" });
      const receiving = bowline("sub", url, "-t", `cli/${scheme}`, "-q", "2", "-v", "-C", "1", "-W", "10");
      expect(await receiving.ended).toEqual({ code: 0, stdout: `cli/${scheme} hello\n`, stderr: "" });
    }
  });
});
