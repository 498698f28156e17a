import { type Client, connect } from "@bowline/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AuthorizerServer, startAuthorizerServer } from "./authorizer-server.ts";

/* What a handler does to itself is its own call's loss: everybody else, and above all whoever is connected, notices nothing. */

const ALLOWED = JSON.stringify({
  isAuthenticated: true,
  principalId: "p1",
  disconnectAfterInSeconds: 86_400,
  refreshAfterInSeconds: 300,
  policyDocuments: [{ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "iot:*", Resource: "*" }] }],
});

/** What it does is the Client Identifier up to its number. */
const HANDLER = `
const kept = [];
export const handler = async (event) => {
  switch (event.protocolData.mqtt.clientId.split("-")[0]) {
    case "throws": throw new Error("no");
    case "garbage": return "garbage";
    case "hangs": return new Promise(() => {});
    case "loops": for (;;);
    case "exits": process.exit(1);
    case "dies": process.kill(process.pid, "SIGKILL");
    case "eats": for (;;) kept.push(new Array(100_000).fill(0));
  }
  return ${ALLOWED};
};`;

let server: AuthorizerServer;
let friend: Client;
beforeAll(async () => {
  server = await startAuthorizerServer(HANDLER, { timeoutMs: 5_000, memoryMegabytes: 32, processes: 2 });
  friend = client("friend");
  await friend.online();
});
afterAll(async () => {
  void friend.abort();
  await server.close();
});

function client(clientId: string): Client {
  const made = connect(server.mqtt, { reconnect: false, credentials: { username: "", password: "t" }, session: { clientId } });
  made.on("attemptFailed", () => {});
  return made;
}

async function outcome(clientId: string): Promise<string> {
  const one = client(clientId);
  const said = await one.online().then(
    () => "connected",
    (error: Error) => error.message,
  );
  void one.abort();
  return said;
}

test("500 connects a second with a trivial handler, at a tenth of it under load", async () => {
  const count = process.env["BOWLINE_LONG"] === undefined ? 200 : 2_000;
  const began = performance.now();
  for (let i = 0; i < count; i += 50) {
    const said = await Promise.all(Array.from({ length: 50 }, (_, k) => outcome(`good-${i + k}`)));
    expect(new Set(said)).toEqual(new Set(["connected"]));
  }
  const perSecond = count / ((performance.now() - began) / 1_000);
  console.log(`figure: ${Math.round(perSecond)} connects a second, the clients in the same process`);
  expect(perSecond).toBeGreaterThan(50);
});

test.each([
  ["throws", "it threw Error: no"],
  ["garbage", 'the answer is no object but "garbage"'],
  ["hangs", "it did not answer within 5000 ms"],
  ["loops", "AWS_AUTHORIZER_LAMBDA"],
  ["exits", "it ended its process with exit code 1"],
  ["dies", "its process was ended by SIGKILL"],
  ["eats", "its process was ended by"],
])(
  "a handler that %s refuses its own client and says so; others get in meanwhile, and a friend notices nothing",
  async (what, words) => {
    const bad = outcome(`${what}-1`);
    let worst = 0;
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        const began = performance.now();
        await friend.publish("friend/beat", "x", { qos: 1 });
        worst = Math.max(worst, performance.now() - began);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const good = await Promise.all(Array.from({ length: 5 }, (_, i) => outcome(`good-${what}-${i}`)));
    expect(await bad).toContain(words);
    isOver = true;
    await watching;
    expect(good).toEqual(Array.from({ length: 5 }, () => "connected"));
    expect(worst).toBeLessThan(1_000);
    expect(friend.status.state).toBe("online");
  },
);
