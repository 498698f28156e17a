import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { authorizerEvent } from "../request/authorizer-event.ts";
import { HttpsFunction } from "./https-function.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(handle: RequestListener): Promise<string> {
  server = createServer(handle);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/authorize`;
}

const event = authorizerEvent({ connectionId: "1", clientId: "c1" });

test("the event is posted, and the answer read", async () => {
  const url = await listen((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => response.end(JSON.stringify({ got: JSON.parse(body) as unknown, with: request.headers["x-key"] })));
  });
  const remote = new HttpsFunction(url, { headers: { "x-key": "k" } });
  expect(await remote.call(event)).toEqual({ got: event, with: "k" });
});

test.each<[string, RequestListener, string]>([
  ["another status", (_, response) => response.writeHead(500).end("{}"), "it answered with status 500"],
  ["no JSON", (_, response) => response.end("<html>"), "its answer is no JSON"],
  ["a redirection", (_, response) => response.writeHead(302, { location: "/" }).end(), "it cannot be reached"],
  ["too much", (_, response) => response.end("x".repeat(70_000)), "its answer is longer than 65536 bytes"],
  ["nothing", () => undefined, "it did not answer within 300 ms"],
])("%s refuses", async (_, handle, words) => {
  const remote = new HttpsFunction(await listen(handle), { timeoutMs: 300 });
  await expect(remote.call(event)).rejects.toThrow(words);
});

test("nobody there refuses; after the end nothing is asked", async () => {
  const url = await listen(() => undefined);
  await new Promise((resolve) => server?.close(resolve));
  const remote = new HttpsFunction(url);
  await expect(remote.call(event)).rejects.toThrow("it cannot be reached: ECONNREFUSED");
  await remote.close();
  await expect(remote.call(event)).rejects.toThrow("AWS_AUTHORIZER_LAMBDA");
});

test("passwords do not go in the clear off the machine", () => {
  expect(() => new HttpsFunction("http://example.com/")).toThrow("must be https://");
  expect(() => new HttpsFunction("nonsense")).toThrow("must be https://");
});
