import { localServers, lossOf } from "@bowline/testkit/broker";
import type { Client, ConnectOptions } from "@bowline/client";
import { beforeEach, expect, test } from "vitest";

/* What becomes of the connections, Sessions and wills of a user who is removed or disabled, over real sockets. */

const servers = localServers();

beforeEach(async () => {
  const { users } = await servers.start();
  for (const username of ["ann", "bob"]) await users.add("default", username, `secret of ${username}`);
});

function client(username: string, clientId: string, options: ConnectOptions = {}): Client {
  const credentials = { username, password: `secret of ${username}` };
  return servers.client({ credentials, session: { clientId, expiryInterval: 3_600 }, ...options });
}

async function subscriber(clientId: string): Promise<Client> {
  const made = client("ann", clientId);
  await made.online();
  await made.subscribe("news/#", { qos: 1 }).ready;
  return made;
}

const sessionsOf = (): number => servers.server.broker.sessionCount;

test("a removed user is told 0x98, and its sessions go with it: a later user of that name finds none", async () => {
  const [stays, away] = [await subscriber("here"), await subscriber("away")];
  await away.close();
  const lost = lossOf(stays);
  const bob = client("bob", "bob");
  await bob.online();
  expect(sessionsOf()).toBe(3);
  await servers.server.users.remove("default", "ann");
  expect(await lost).toMatchObject({ reasonCode: 0x98 });
  expect(sessionsOf()).toBe(1);
  await bob.publish("news/1", "for nobody", { qos: 1 });
  await expect(client("ann", "here").online()).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
  await servers.server.users.add("default", "ann", "secret of ann");
  const again = client("ann", "away");
  expect((await again.online()).sessionPresent).toBe(false);
  await servers.close();
  await servers.start();
  expect(sessionsOf()).toBe(2);
});

test("a disabled user is told 0x98 and refused, and finds its session and what waits in it when it is enabled again", async () => {
  const made = await subscriber("here");
  const lost = lossOf(made);
  await servers.server.users.setDisabled("default", "ann", true);
  expect(await lost).toMatchObject({ reasonCode: 0x98 });
  await expect(client("ann", "here").online()).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  const bob = client("bob", "bob");
  await bob.online();
  await bob.publish("news/1", "kept", { qos: 1 });
  // It holds over a restart.
  await servers.close();
  await servers.start();
  expect(servers.server.users.list("default")).toMatchObject([
    { username: "ann", disabled: true },
    { username: "bob", disabled: false },
  ]);
  await expect(client("ann", "here").online()).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  await servers.server.users.setDisabled("default", "ann", false);
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
  if (what === "removed") await servers.server.users.remove("default", "ann");
  else await servers.server.users.setDisabled("default", "ann", true);
  await lost;
  await bob.publish("wills/end", "end", { qos: 1 });
  for await (const message of wills) {
    expect(message.topicName).toBe("wills/end");
    break;
  }
});
