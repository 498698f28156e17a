import { connect } from "@bowline/client";
import mqtt, { type IClientOptions } from "@bowline/mqttjs";
import { MqttError } from "@bowline/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LocalServer } from "../chaos/local-server.ts";
import { Clients, until } from "./clients.ts";
import { Gate } from "./gate.ts";

/* Options of a wrong type are said at the call, and a password may stand alone on 5.0. */

const text = () => "x";
const wrong: Readonly<Record<string, unknown>>[] = [
  { credentials: { username: text, password: "p" } },
  { credentials: { username: "u", password: text } },
  { credentials: { username: "u", password: 5 } },
  { credentials: "u:p" },
  { credentials: null },
  { credentials: { url: "mqtt://other" } },
  { protocolVersion: 4, credentials: { password: "p" } },
  { protocolVersion: 6 },
  { protocolVersion: "5" },
  { keepAlive: text },
  { keepAlive: -1 },
  { session: { clientId: 5 } },
  { will: "gone" },
  { will: {} },
  { will: { topicName: "a", payload: 5 } },
  { will: { topicName: "a", qos: 3 } },
  { userProperties: { a: "b" } },
];
const wrongForDropIn: Readonly<Record<string, unknown>>[] = [
  { username: text, password: "p" },
  { username: "u", password: text },
  { username: "u", password: 5 },
  { password: "p" },
  { password: "p", protocolVersion: 3 },
  { protocolVersion: 6 },
  { protocolVersion: "5" },
  { keepalive: text },
  { keepalive: -1 },
  { clientId: 5 },
  { clientId: text },
  { will: "gone" },
  { will: {} },
  { will: { topic: "a", payload: 5 } },
  { will: { topic: "a", payload: "x", qos: 3 } },
  { protocolVersion: 5, properties: { sessionExpiryInterval: "x" } },
];

let server: LocalServer;
let gate: Gate;
const clients = new Clients();
beforeAll(async () => {
  server = await LocalServer.start();
  gate = await Gate.before(server.url);
});
afterEach(() => clients.end());
afterAll(async () => {
  await gate.close();
  await server.close();
});

function expectTypeError(make: () => unknown): void {
  let thrown: unknown;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(TypeError);
  expect(MqttError.is(thrown)).toBe(true);
  expect(gate.connections).toEqual([]);
}

describe("what is wrong is a TypeError at connect, and nothing is dialled", () => {
  test.each(wrong)("[A5 client] %o", (options) => expectTypeError(() => connect(gate.url, options)));
  test.each(wrongForDropIn)("[A5 drop-in] %o", (options) =>
    expectTypeError(() => mqtt.connect(gate.url, options as IClientOptions)),
  );
});

test("[E1 client] [E1 drop-in] a password without a user name goes out on 5.0, and our broker takes it", async () => {
  const password = "good";
  const { client } = clients.core(gate.url, { protocolVersion: 5, credentials: { password } });
  const { client: other } = clients.dropIn(gate.url, { protocolVersion: 5, password });
  await client.online();
  await until(() => other.connected);
  expectTypeErrorOf3(password);
});

function expectTypeErrorOf3(password: string): void {
  expect(() => connect(gate.url, { protocolVersion: 4, credentials: { password } })).toThrow(TypeError);
  expect(() => mqtt.connect(gate.url, { protocolVersion: 4, password })).toThrow(TypeError);
}
