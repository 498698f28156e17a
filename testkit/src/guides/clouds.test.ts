import { type AddressInfo, connect as connectSocket } from "node:net";
import type { Client } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import { PasswordServer } from "../scenarios/password-server.ts";
import { importExample } from "./example-broker.ts";

// What the examples send, seen by a server of our own in the cloud's place.

const expiresAt = Date.now() + 3_600_000;
let server: PasswordServer;
let front: WebSocketServer;
let address: string;
/** Of each upgrade. */
let asked: URL[];
let client: Client | undefined;

beforeEach(async () => {
  server = await PasswordServer.start();
  asked = [];
  front = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "mqtt" });
  await new Promise((resolve) => front.once("listening", resolve));
  address = `ws://127.0.0.1:${(front.address() as AddressInfo).port}`;
  front.on("connection", (socket, request) => {
    asked.push(new URL(request.url ?? "", address));
    const stream = createWebSocketStream(socket);
    const upstream = connectSocket(Number(new URL(server.url).port), "127.0.0.1");
    stream.pipe(upstream).pipe(stream);
    for (const end of [stream, upstream]) end.on("error", () => {});
  });
});
afterEach(async () => {
  await client?.abort();
  front.close();
  await server.close();
});

interface AwsExample {
  connectWithAuthorizer(url: string, authorizer: string, fetchToken: () => Promise<object>): Client;
  connectPresigned(url: string, fetchSigned: () => Promise<object>): Client;
}
interface SstExample {
  connectToRealtime(endpoint: string, authorizer: string, fetchToken: () => Promise<object>): Client;
}

test("AWS IoT: name, token and signature of a custom authorizer travel in the query", async () => {
  server.password = "";
  const example = await importExample<AwsExample>("aws-iot.js");
  client = example.connectWithAuthorizer(`${address}/mqtt`, "mine", async () => ({ token: "t", signature: "a+b/c==", expiresAt }));
  await client.online();
  expect(asked[0]?.pathname).toBe("/mqtt");
  expect(asked[0]?.search).toContain("x-amz-customauthorizer-signature=a%2Bb%2Fc%3D%3D");
  expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({
    "x-amz-customauthorizer-name": "mine",
    "x-amz-customauthorizer-signature": "a+b/c==",
    token: "t",
  });
});

test("AWS IoT: a signed URL is used as it is", async () => {
  server.password = "";
  const example = await importExample<AwsExample>("aws-iot.js");
  const signed = "/mqtt?X-Amz-Signature=abc&X-Amz-Security-Token=d%2Fe%3D";
  client = example.connectPresigned(`${address}/mqtt`, async () => ({ url: `${address}${signed}`, expiresAt }));
  await client.online();
  expect(asked.map(({ pathname, search }) => pathname + search)).toEqual([signed]);
});

test("SST Realtime: the authorizer's name in the query, an empty user name, the token as password", async () => {
  server.password = "token";
  const example = await importExample<SstExample>("sst.js");
  client = example.connectToRealtime(address, "mine", async () => ({ token: "token", expiresAt }));
  await client.online();
  expect(asked.map(({ pathname, search }) => pathname + search)).toEqual(["/mqtt?x-amz-customauthorizer-name=mine"]);
  expect(server.accepted.map(({ connect }) => connect?.username)).toEqual([""]);
});
