import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connect } from "../connect.ts";
import type { SessionStore } from "./session-store.ts";
import { rejection } from "../testing/client-on-script.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import { turn, VirtualClock } from "../testing/virtual-clock.ts";

let folder: string;
const before = process.cwd();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-reliable-"));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

test("[F6 client scripted] `reliable: true` is a session of a day, resumed, in a folder of its own for each server and client", async () => {
  const server = new ScriptedServer();
  const clientId = "Gerät 7/../*";
  const client = connect("mqtts://one.test:8883", { reliable: true, session: { clientId }, transport: server.dial });
  await client.online();
  expect(server.connects[0]).toMatchObject({
    cleanStart: false,
    clientIdentifier: clientId,
    properties: { sessionExpiryInterval: 86_400 },
  });
  const other = connect("mqtts://two.test:8883", { reliable: true, session: { clientId }, transport: server.dial });
  await other.online();
  await client.close();
  await other.close();
  const name = "Ger%C3%A4t%207%2F..%2F%2A%40";
  expect(readdirSync(".bowline-sessions").toSorted()).toEqual([`${name}one.test%3A8883`, `${name}two.test%3A8883`]);
});

test("[F6 client scripted] without a client identifier it is one client for each server, and a second one is told so", async () => {
  const server = new ScriptedServer();
  const first = connect("mqtt://one.test", { reliable: true, transport: server.dial });
  const { clientId } = await first.online();
  const second = connect("mqtt://one.test", { reliable: true, transport: server.dial });
  second.on("attemptFailed", () => undefined);
  expect(await rejection(second.online())).toMatchObject({
    code: "STORE_IN_USE",
    message: expect.stringContaining("default%40one.test"),
  });
  await second.close();
  await first.close();
  const third = connect("mqtt://one.test", { reliable: true, transport: server.dial });
  expect((await third.online()).clientId).toBe(clientId);
  await third.close();
});

test("a name that no file system takes is a digest", async () => {
  const server = new ScriptedServer();
  const client = connect("mqtt://one.test", { reliable: true, session: { clientId: "x".repeat(300) }, transport: server.dial });
  await client.online();
  await client.close();
  expect(readdirSync(".bowline-sessions")).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
});

test("a store that does not open in time is a failed attempt, and is let go when it opens after all", async () => {
  const clock = new VirtualClock();
  let open = (): void => undefined;
  let closed = 0;
  const store: SessionStore = {
    name: "slow",
    open: () => new Promise((resolve) => (open = () => resolve([]))),
    write: async () => undefined,
    close: async () => void closed++,
  };
  const client = connect("mqtt://one.test", { session: { clientId: "c", store }, transport: new ScriptedServer().dial, clock });
  const failures: string[] = [];
  client.on("attemptFailed", ({ code, stage }) => failures.push(`${stage} ${code}`));
  while (clock.pending === 0) {
    // oxlint-disable-next-line no-await-in-loop -- The keeper is loaded in its own time.
    await turn();
  }
  await clock.advance(30_000);
  expect([failures, client.status.state, closed]).toEqual([["storage STORE_FAILED"], "waiting", 0]);
  open();
  await turn();
  await turn();
  expect(closed).toBe(1);
  await client.close();
});
