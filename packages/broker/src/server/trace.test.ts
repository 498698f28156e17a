import { request as httpRequest } from "node:http";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Client } from "@bowline/client";
import { localServers, lossOf } from "@bowline/testkit/broker";
import { beforeEach, expect, test } from "vitest";
import type { TraceEvent } from "@bowline/protocol/internal";
import type { Server } from "./start-server.ts";

/* Live traces, and single connections, as the admin API tells them over its socket and over the network. */

const servers = localServers({ memory: true, anonymous: true, admin: { listen: "http://127.0.0.1:0" } });
let server: Server;
beforeEach(async () => {
  server = await servers.start();
});

const online = (clientId: string): Promise<Client> => servers.online({ session: { clientId } });

/** The lines of a trace on the admin socket. */
async function* lines(query: string): AsyncGenerator<TraceEvent> {
  const response = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    const sent = httpRequest({ socketPath: server.folder.adminSocket, path: `/api/v1/trace?${query}`, agent: false }, resolve);
    sent.on("error", reject).end();
  });
  for await (const line of createInterface({ input: response })) yield JSON.parse(line) as TraceEvent;
}

async function bearer(): Promise<Record<string, string>> {
  return { authorization: `Bearer ${(await readFile(server.folder.operatorKey, "utf8")).trim()}` };
}

test("a trace on the socket is a line for each event, and ends at its number of packets", async () => {
  const stream = lines("client=dash-1&packets=4&payload=3");
  expect((await stream.next()).value).toMatchObject({ kind: "started", connections: 0, packets: 4 });
  const client = await online("dash-1");
  await client.publish("a/b", "hello", { qos: 1 });
  const seen: TraceEvent[] = [];
  for await (const event of stream) seen.push(event);
  const packets = seen.filter((event) => event.kind === "packet");
  expect(packets.map(({ direction, type }) => `${direction} ${type}`)).toEqual([
    "in CONNECT",
    "out CONNACK",
    "in PUBLISH",
    "out PUBACK",
  ]);
  expect(packets[2]).toMatchObject({ remoteAddress: "127.0.0.1", payload: { bytes: 5, text: "hel", isCut: true } });
  expect(seen.at(-1)).toMatchObject({ kind: "end", reason: "packets", dropped: 0 });
});

test("over the network it is the operator's, as server-sent events, and is over when the reader leaves", async () => {
  const url = `${server.adminOrigin}/api/v1/trace?topic=a/%23`;
  expect((await fetch(url)).status).toBe(401);
  const headers = { ...(await bearer()), accept: "text/event-stream" };
  const end = new AbortController();
  const response = await fetch(url, { headers, signal: end.signal });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toMatch(/^event: started\ndata: \{.*\}\n\n$/);
  const client = await online("one");
  await client.publish("a/b", "x");
  expect((await reader.read()).value).toContain('"topicName":"a/b"');
  const [connection] = server.broker.connections();
  const tap = connection!.arrival.channel;
  end.abort();
  // The broker hears of it by the socket's end.
  while (connection!.arrival.channel === tap) await client.publish("a/b", "x", { qos: 1 });
});

test("a wrong query is answered with what is wrong in it", async () => {
  const headers = await bearer();
  const answer = async (query: string): Promise<unknown> =>
    ((await (await fetch(`${server.adminOrigin}/api/v1/trace?${query}`, { headers })).json()) as { error: unknown }).error;
  for (const query of ["topic=a/%23/b", "address=here", "seconds=0", "packets=many", "payload=9000", "clinet=x"]) {
    expect(await answer(query)).toMatchObject({ code: "OPTION_INVALID" });
  }
});

test("one connection in full, and its end", async () => {
  const client = await online("one");
  await client.subscribe(["a/#", "$share/g/b"], { qos: 1 }).ready;
  const headers = await bearer();
  const [connection] = server.broker.connections();
  const url = `${server.adminOrigin}/api/v1/connections/${connection!.id}`;
  expect((await fetch(url)).status).toBe(401);
  expect(await (await fetch(url, { headers })).json()).toMatchObject({
    clientIdentifier: "one",
    subscriptions: 2,
    session: { isPersistent: true, queuedBytes: 0, hasWill: false },
    subscriptionList: [{ topicFilter: "a/#", qos: 1 }, { topicFilter: "$share/g/b" }],
  });
  const lost = lossOf(client);
  expect((await fetch(url, { method: "DELETE" })).status).toBe(401);
  expect((await fetch(url, { method: "DELETE", headers })).status).toBe(204);
  expect(await lost).toMatchObject({ reasonCode: 0x98 });
  expect((await fetch(url, { headers })).status).toBe(404);
});

test("limits in force, and what they cost so far", async () => {
  const response = await fetch(`${server.adminOrigin}/api/v1/limits`, { headers: await bearer() });
  expect(await response.json()).toMatchObject({
    limits: { maximumPacketSize: 16_777_216 },
    counters: { droppedQueueFull: 0, loginsBanned: 0 },
  });
});
