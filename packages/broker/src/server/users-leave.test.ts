import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, startServer } from "./start-server.ts";

/* What becomes of the connections, Sessions and wills of a user who is removed or disabled, over real sockets. */

let folder = "";
let server: Server;
const clients = new Set<Client>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-users-"));
  await start();
  await server.users.add("default", "ann", "secret of ann");
  await server.users.add("default", "bob", "secret of bob");
});
afterEach(async () => {
  for (const each of clients) void each.abort();
  clients.clear();
  await server.close();
  await rm(folder, { recursive: true });
});

async function start(): Promise<void> {
  const overrides = { data: "data", console: false as const, listen: ["mqtt://127.0.0.1:0"], metrics: { sysInterval: 0 } };
  server = await startServer({
    config: await loadConfig({ directory: folder, overrides }),
    logger: silentLogger,
    version: "1.2.3",
  });
}

function client(username: string, clientId: string, options: Parameters<typeof connect>[1] = {}): Client {
  const made = connect(server.listeners[0] ?? "", {
    reconnect: false,
    credentials: { username, password: `secret of ${username}` },
    session: { clientId, expiryInterval: 3_600 },
    ...options,
  });
  made.on("attemptFailed", () => {});
  clients.add(made);
  return made;
}

async function subscriber(clientId: string): Promise<Client> {
  const made = client("ann", clientId);
  await made.online();
  await made.subscribe("news/#", { qos: 1 }).ready;
  return made;
}

function lossOf(made: Client): Promise<{ reasonCode?: number | undefined }> {
  return new Promise((resolve) => {
    made.on("connectionLost", resolve);
  });
}

const sessionsOf = (): number => server.broker.sessionCount;

test("a removed user is told 0x98, and its sessions go with it: a later user of that name finds none", async () => {
  const [stays, away] = [await subscriber("here"), await subscriber("away")];
  await away.close();
  const lost = lossOf(stays);
  const bob = client("bob", "bob");
  await bob.online();
  expect(sessionsOf()).toBe(3);
  await server.users.remove("default", "ann");
  expect(await lost).toMatchObject({ reasonCode: 0x98 });
  expect(sessionsOf()).toBe(1);
  await bob.publish("news/1", "for nobody", { qos: 1 });
  await expect(client("ann", "here").online()).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
  await server.users.add("default", "ann", "secret of ann");
  const again = client("ann", "away");
  expect((await again.online()).sessionPresent).toBe(false);
  await server.close();
  await start();
  expect(sessionsOf()).toBe(2);
});

test("a disabled user is told 0x98 and refused, and finds its session and what waits in it when it is enabled again", async () => {
  const made = await subscriber("here");
  const lost = lossOf(made);
  await server.users.setDisabled("default", "ann", true);
  expect(await lost).toMatchObject({ reasonCode: 0x98 });
  await expect(client("ann", "here").online()).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  const bob = client("bob", "bob");
  await bob.online();
  await bob.publish("news/1", "kept", { qos: 1 });
  // It holds over a restart.
  await server.close();
  await start();
  expect(server.users.list("default")).toMatchObject([
    { username: "ann", disabled: true },
    { username: "bob", disabled: false },
  ]);
  await expect(client("ann", "here").online()).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  await server.users.setDisabled("default", "ann", false);
  const again = client("ann", "here");
  const messages = again.subscribe("news/#", { qos: 1 });
  expect((await again.online()).sessionPresent).toBe(true);
  for await (const message of messages) {
    expect(message.text()).toBe("kept");
    break;
  }
});

test.each(["removed", "disabled"] as const)("the will of a user that is %s is not published", async (what) => {
  const bob = client("bob", "bob");
  await bob.online();
  const wills = bob.subscribe("wills/#", { qos: 1 });
  await wills.ready;
  const made = client("ann", "here", { will: { topicName: "wills/ann", payload: "gone" } });
  await made.online();
  const lost = lossOf(made);
  if (what === "removed") await server.users.remove("default", "ann");
  else await server.users.setDisabled("default", "ann", true);
  await lost;
  await bob.publish("wills/end", "end", { qos: 1 });
  for await (const message of wills) {
    expect(message.topicName).toBe("wills/end");
    break;
  }
});
