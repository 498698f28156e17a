import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { connect, connectAsync, type IClientOptions, MqttClient } from "@bowline/mqttjs";
import { connect as connectSocket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms, programPath } from "../system/missing-programs.ts";

// What the README of MQTT.js shows, with the drop-in, against our broker and against mosquitto.

/** A broker that takes anonymous clients over plain TCP and WebSocket. */
interface TestBroker {
  readonly tcp: string;
  readonly ws: string;
  remove(): Promise<void>;
}

async function startBowline(): Promise<TestBroker> {
  const listen = ["--listen", "mqtt://127.0.0.1:0", "--listen", "ws://127.0.0.1:0/mqtt"];
  const broker = await BowlineProcess.start(...listen, "--anonymous", "--no-console");
  const [tcp, ws] = broker.urls as [string, string];
  return { tcp, ws, remove: () => broker.remove() };
}

/** mosquitto has no port 0, so ports are asked for before. */
async function startMosquitto(): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), "bowline-mosquitto-"));
  const [tcpPort, wsPort] = await freePorts(2);
  const file = join(folder, "mosquitto.conf");
  const lines = [`listener ${tcpPort} 127.0.0.1`, `listener ${wsPort} 127.0.0.1`, "protocol websockets", "allow_anonymous true"];
  await writeFile(file, `${lines.join("\n")}\n`);
  const child: ChildProcess = spawn(programPath("mosquitto")!, ["-c", file, "-v"], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  await new Promise<void>((resolve, reject) => {
    child.stderr!.on("data", (chunk: Buffer) => chunk.includes(" running") && resolve());
    void exited.then(() => reject(new Error("mosquitto ended")));
  });
  return {
    tcp: `mqtt://127.0.0.1:${tcpPort}`,
    ws: `ws://127.0.0.1:${wsPort}/mqtt`,
    remove: async () => {
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

const brokers = [
  { name: "Bowline", start: startBowline, missing: "" },
  { name: "mosquitto", start: startMosquitto, missing: missingPrograms("mosquitto") },
];

describe.each(brokers)("against $name", ({ start, missing }) => {
  let broker: TestBroker;
  beforeAll(async () => {
    if (missing === "") broker = await start();
  });
  afterAll(() => broker?.remove());

  /** Tests that cannot run here say why. */
  const check = test.skipIf(missing !== "");

  check("the first example: subscribe on connect, publish, end on the message", async () => {
    const client = mqtt.connect(broker.tcp);
    const ended = new Promise<void>((resolve) => client.on("end", resolve));
    client.on("connect", () => {
      client.subscribe("presence", (err) => {
        if (!err) client.publish("presence", "Hello mqtt");
      });
    });
    const text = await new Promise<string>((resolve) => {
      client.on("message", (_topic, message) => {
        resolve(message.toString());
        client.end();
      });
    });
    expect(text).toBe("Hello mqtt");
    await ended;
    expect(client.connected).toBe(false);
  });

  check("named import, and every QoS", async () => {
    const client = connect(broker.tcp);
    const got: string[] = [];
    const all = new Promise<void>((resolve) =>
      client.on("message", (topic, payload, packet) => {
        got.push(`${topic} ${payload} ${packet.qos}`);
        if (got.length === 3) resolve();
      }),
    );
    await client.subscribeAsync("qos/+", { qos: 2 });
    for (const qos of [0, 1, 2] as const) await client.publishAsync(`qos/${qos}`, Buffer.from("x"), { qos });
    await all;
    expect(got.sort()).toEqual(["qos/0 x 0", "qos/1 x 1", "qos/2 x 2"]);
    await client.endAsync();
  });

  check.each([3, 4, 5] as const)("protocolVersion %d over TCP and WebSocket", async (protocolVersion) => {
    for (const url of [broker.tcp, broker.ws]) {
      const client = await connectAsync(url, { protocolVersion, ...(protocolVersion === 3 ? { protocolId: "MQIsdp" } : {}) });
      const grants = await client.subscribeAsync({ [`v${protocolVersion}/a`]: { qos: 1 }, [`v${protocolVersion}/b`]: { qos: 0 } });
      expect(grants.map(({ qos }) => qos)).toEqual([1, 0]);
      const message = new Promise<string>((resolve) => client.once("message", (_topic, payload) => resolve(payload.toString())));
      await client.publishAsync(`v${protocolVersion}/a`, "hello", { qos: 1 });
      expect(await message).toBe("hello");
      await client.endAsync();
    }
  });

  check("transformWsUrl refreshes the options and the URL at each attempt, also asynchronously", async () => {
    const seen: string[] = [];
    const names: string[] = [];
    const options: IClientOptions = {
      reconnectPeriod: 10,
      transformWsUrl: async (url, _options, client) => {
        seen.push(url);
        client.options.clientId = `refreshed${seen.length}`;
        await Promise.resolve();
        return `${url}?token=${seen.length}`;
      },
    };
    const client = await connectAsync(broker.ws, options);
    client.on("packetsend", (packet) => packet.cmd === "connect" && names.push(packet.clientId));
    const again = new Promise<unknown>((resolve) => client.once("connect", resolve));
    client.reconnect();
    await again;
    expect(seen).toEqual([broker.ws, broker.ws]);
    expect(names).toEqual(["refreshed2"]);
    await client.endAsync();
  });

  check("createWebsocket makes the socket", async () => {
    const asked: [string, string[]][] = [];
    const client = await connectAsync(broker.ws, {
      createWebsocket: (url, websocketSubProtocols) => {
        asked.push([url, websocketSubProtocols]);
        return new WebSocket(url, [websocketSubProtocols[0]!]);
      },
    });
    const message = new Promise<string>((resolve) => client.once("message", (_topic, payload) => resolve(payload.toString())));
    await client.subscribeAsync("own/socket");
    await client.publishAsync("own/socket", "through it");
    expect(await message).toBe("through it");
    expect(asked).toEqual([[broker.ws, ["mqtt"]]]);
    await client.endAsync(true);
  });

  check("a client made with a stream builder", async () => {
    const { port } = new URL(broker.tcp);
    const client = new MqttClient(() => connectSocket(Number(port), "127.0.0.1"), { clientId: "streamed", keepalive: 10 });
    const message = new Promise<string>((resolve) => client.once("message", (_topic, payload) => resolve(payload.toString())));
    await client.subscribeAsync("streamed");
    await client.publishAsync("streamed", "x".repeat(100_000), { qos: 1 });
    expect((await message).length).toBe(100_000);
    await client.endAsync();
  });

  check("options in place of a URL, and servers in turn", async () => {
    const { hostname: host, port } = new URL(broker.tcp);
    const first = await mqtt.connectAsync({ protocol: "mqtt", host, port: Number(port) });
    await first.endAsync();
    const client = mqtt.connect({
      servers: [
        { host, port: 1 },
        { host, port: Number(port) },
      ],
      reconnectPeriod: 5,
    });
    const failed = new Promise<Error>((resolve) => client.once("error", resolve));
    await new Promise<unknown>((resolve) => client.once("connect", resolve));
    expect(await failed).toMatchObject({ code: "ECONNREFUSED", failure: { code: "TCP_REFUSED" } });
    await client.endAsync();
  });

  check("handleMessage holds the next message and the acknowledgement back", async () => {
    const client = connect(broker.tcp);
    const order: string[] = [];
    let release: (() => void) | undefined;
    client.handleMessage = (packet, callback) => {
      order.push(`handle ${packet.payload.toString()}`);
      release = () => callback();
    };
    client.on("message", (_topic, payload) => order.push(`message ${payload}`));
    client.on("packetsend", (packet) => packet.cmd === "puback" && order.push("acknowledged"));
    await client.subscribeAsync("slow", { qos: 1 });
    await client.publishAsync("slow", "1", { qos: 1 });
    await client.publishAsync("slow", "2", { qos: 1 });
    // The answer to a round trip proves that both had come.
    await client.subscribeAsync("other");
    expect(order).toEqual(["message 1", "handle 1"]);
    release?.();
    await client.unsubscribeAsync("other");
    expect(order).toEqual(["message 1", "handle 1", "acknowledged", "message 2", "handle 2"]);
    release?.();
    await client.endAsync();
  });

  check("a will is sent when the client is cut, and a retained message when somebody comes", async () => {
    const watcher = await connectAsync(broker.tcp);
    await watcher.subscribeAsync("dropin/will");
    const will = new Promise<string>((resolve) => watcher.once("message", (_topic, payload) => resolve(payload.toString())));
    const doomed = await connectAsync(broker.tcp, {
      will: { topic: "dropin/will", payload: Buffer.from("gone"), qos: 1, retain: true },
    });
    await doomed.endAsync(true);
    expect(await will).toBe("gone");
    const late = connect(broker.tcp);
    const retained = new Promise<boolean>((resolve) => late.once("message", (_topic, _payload, packet) => resolve(packet.retain)));
    late.subscribe("dropin/will");
    expect(await retained).toBe(true);
    await late.publishAsync("dropin/will", "", { retain: true });
    await Promise.all([late.endAsync(), watcher.endAsync()]);
  });

  check("a kept session gives what came meanwhile", async () => {
    const options: IClientOptions = { clean: false, clientId: "kept-by-dropin" };
    const first = await connectAsync(broker.tcp, options);
    await first.subscribeAsync("kept", { qos: 1 });
    await first.endAsync();
    const other = await connectAsync(broker.tcp);
    await other.publishAsync("kept", "meanwhile", { qos: 1 });
    const second = connect(broker.tcp, options);
    const message = new Promise<string>((resolve) => second.once("message", (_topic, payload) => resolve(payload.toString())));
    const [connack] = await once(second as unknown as NodeJS.EventEmitter, "connect");
    expect(connack).toMatchObject({ sessionPresent: true });
    expect(await message).toBe("meanwhile");
    await Promise.all([second.unsubscribeAsync("kept"), other.endAsync()]);
    await second.endAsync();
    const last = await connectAsync(broker.tcp, { ...options, clean: true });
    await last.endAsync();
  });
});
