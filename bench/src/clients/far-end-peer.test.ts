import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Packet } from "@bowline/protocol";
import { encodeToBytes } from "@bowline/protocol/internal";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseClientRun } from "./client-run-options.ts";
import { FarEndPeer, type FarEndResult } from "./far-end-peer.ts";
import { numberedPayloads, topicOf } from "./numbered-payloads.ts";

/* A far end that overlooks a fault would make a client that loses messages a fast one. */

const payloads = numberedPayloads();
const topic = topicOf(0, 1);
const hello: Packet = { type: 1, protocolVersion: 4, clientIdentifier: "c", cleanStart: true, keepAlive: 0 };
let server: Server;
let socket: Socket;
let result: Promise<FarEndResult>;

async function start(...words: string[]): Promise<void> {
  server = createServer();
  result = new Promise((resolve) => {
    server.once("connection", (accepted) => {
      const peer = new FarEndPeer(accepted, parseClientRun(words));
      accepted.once("close", () => resolve(peer.result));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  send(hello);
}

function send(...packets: Packet[]): void {
  for (const packet of packets) socket.write(encodeToBytes(packet, 4));
}

function publish(number: number, change: { topicName?: string; retain?: boolean; payload?: Uint8Array } = {}): Packet {
  return { type: 3, topicName: topic, payload: payloads[number]!, qos: 0, retain: false, dup: false, ...change };
}

async function ended(): Promise<Pick<FarEndResult, "messages" | "faults">> {
  socket.resume().end();
  const { messages, faults } = await result;
  return { messages, faults };
}

beforeEach(() => start("--direction", "publish", "--qos", "0", "--count", "3"));
afterEach(() => {
  socket.destroy();
  server.close();
});

test("three messages in order are three", async () => {
  send(publish(0), publish(1), publish(2));
  expect(await ended()).toEqual({ messages: 3, faults: 0 });
});

test.each([
  ["a lost one", [publish(0), publish(2)], 1],
  ["a doubled one", [publish(0), publish(0), publish(1), publish(2)], 1],
  ["an order", [publish(1), publish(0), publish(2)], 2],
  ["another topic", [publish(0, { topicName: "bench/topic/x" })], 1],
  ["a cut payload", [publish(0, { payload: payloads[0]!.subarray(0, 63) })], 1],
  ["another end", [publish(0, { payload: Buffer.concat([payloads[0]!.subarray(0, 62), payloads[1]!.subarray(62)]) })], 1],
  ["another flag", [publish(0, { retain: true })], 1],
] as const)("it sees %s", async (_name, packets, faults) => {
  send(...packets);
  expect((await ended()).faults).toBe(faults);
});

test("acknowledgements must come in order", async () => {
  socket.destroy();
  server.close();
  await start("--direction", "receive", "--qos", "1", "--count", "2");
  const request = { topicFilter: topic, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  send({ type: 8, packetIdentifier: 1, subscriptions: [request] });
  // SUBACK and the two messages.
  const expected = 5 + 2 * (2 + 2 + topic.length + 2 + payloads[0]!.length);
  for (let received = 0; received < expected; ) received += ((await once(socket, "data")) as [Buffer])[0].length;
  send({ type: 4, packetIdentifier: 2, reasonCode: 0 }, { type: 4, packetIdentifier: 1, reasonCode: 0 });
  expect((await ended()).faults).toBeGreaterThan(0);
});
