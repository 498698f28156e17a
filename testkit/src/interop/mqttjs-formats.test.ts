import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createContext, runInContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { BowlineProcess } from "../system/bowline-process.ts";

// The built drop-in as programs load it: require, import, and a script in a page.

const root = fileURLToPath(new URL("../../..", import.meta.url));
let broker: BowlineProcess;
let tcp: string;
let ws: string;

beforeAll(async () => {
  broker = await BowlineProcess.start(
    "--listen",
    "mqtt://127.0.0.1:0",
    "--listen",
    "ws://127.0.0.1:0/mqtt",
    "--anonymous",
    "--no-console",
  );
  [tcp, ws] = broker.urls as [string, string];
});
afterAll(() => broker.remove());

/** Runs a program in a Node of its own, where nothing of the test's resolution applies, and answers its output. */
async function output(type: "commonjs" | "module", program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [`--input-type=${type}`, "-e", program, tcp], {
    cwd: root,
    env: { PATH: process.env["PATH"] },
    timeout: 15_000,
  });
  return stdout;
}

/** Prints what it hears, and ends by itself. */
const exchange = `
  client.on("connect", () => client.subscribe("format", () => client.publish("format", "Hello mqtt")));
  client.on("message", (topic, message) => {
    console.log(topic, Buffer.isBuffer(message), message.toString());
    client.end();
  });
`;

test("require gives the API itself, with default and __esModule", async () => {
  const program = `const mqtt = require("@bowline/mqttjs");
    console.log(mqtt.__esModule, mqtt.default.connect === mqtt.connect, typeof mqtt.MqttClient, mqtt.Client === mqtt.MqttClient);
    const client = mqtt.connect(process.argv[1]); ${exchange}`;
  expect(await output("commonjs", program)).toBe("true true function true\nformat true Hello mqtt\n");
});

test("import gives default and named exports", async () => {
  const program = `import mqtt, { connect, MqttClient } from "@bowline/mqttjs";
    import * as all from "@bowline/mqttjs";
    console.log(mqtt.connect === connect, all.default === mqtt);
    const client = connect(process.argv[1]); console.log(client instanceof MqttClient); ${exchange}`;
  expect(await output("module", program)).toBe("true true\ntrue\nformat true Hello mqtt\n");
});

test("the condition browser gives a CommonJS file to require", async () => {
  const path = fileURLToPath(new URL("../../../packages/mqttjs/dist/browser.cjs", import.meta.url));
  const program = `const mqtt = require(${JSON.stringify(path)}); console.log(typeof mqtt.connect, mqtt.default.connect === mqtt.connect);`;
  expect(await output("commonjs", program)).toBe("function true\n");
});

/** What a page has, without Buffer and process. Byte arrays are those of the test, as those of a page's WebSocket are the page's. */
function page(): Record<string, unknown> {
  const sockets = { WebSocket, ArrayBuffer, Uint8Array };
  const texts = { TextEncoder, TextDecoder, URL, URLSearchParams, btoa };
  const time = { setTimeout, clearTimeout, queueMicrotask, performance };
  const scope: Record<string, unknown> = {
    ...sockets,
    ...texts,
    ...time,
    console,
    AbortController,
    location: { href: "https://page.test/" },
  };
  return createContext(Object.assign(scope, { self: scope, window: scope }));
}

interface PageResult {
  text: string;
  equal: boolean;
  slice: string;
  json: string;
  isBytes: boolean;
  keys: string[];
}

test("the script makes the global mqtt, with payloads that read like a Buffer", async () => {
  const script = await readFile(new URL("../../../packages/mqttjs/dist/browser.min.js", import.meta.url), "utf8");
  const scope = page();
  runInContext(script, scope);
  const program = `new Promise((resolve, reject) => {
    const client = mqtt.connect(url, { protocolVersion: 5 });
    client.on("error", reject);
    client.on("connect", () => client.subscribe("page/#", { qos: 1 }, () => client.publish("page/a", "grüß dich", { qos: 1 })));
    client.on("message", (topic, payload) => client.end(() => resolve({
      text: payload.toString(), equal: payload.equals(new TextEncoder().encode("grüß dich")), slice: payload.slice(0, 2).toString("hex"),
      json: JSON.stringify(payload), isBytes: payload instanceof Uint8Array, keys: Object.keys(mqtt),
    })));
  })`;
  const result = (await runInContext(program, Object.assign(scope, { url: ws }))) as PageResult;
  expect(result).toMatchObject({
    text: "grüß dich",
    equal: true,
    slice: "6772",
    json: JSON.stringify(Buffer.from("grüß dich")),
    isBytes: true,
  });
  expect(result.keys).toContain("connectAsync");
});

test("in a page mqtt and tcp URLs go over WebSockets, as with MQTT.js", async () => {
  const script = await readFile(new URL("../../../packages/mqttjs/dist/browser.min.js", import.meta.url), "utf8");
  const scope = page();
  runInContext(script, scope);
  const opened: string[] = [];
  scope["WebSocket"] = function fake(url: string): never {
    opened.push(url);
    throw new Error("not here");
  };
  const program = `Promise.all(["mqtt://h:9001", "mqtts://h", "tcp://h:5/x", "wss://h/mqtt", "/mqtt"].map((url) => new Promise((resolve) => {
    const client = mqtt.connect(url, { reconnectPeriod: 0 });
    client.on("error", () => {}).on("close", resolve);
  })))`;
  await runInContext(program, scope);
  expect(opened).toEqual(["ws://h:9001/", "wss://h:443/", "ws://h:5/x", "wss://h:443/mqtt", "wss://page.test:443/mqtt"]);
});
