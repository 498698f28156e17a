import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Authentication, type AttemptFailure, type Client, connect } from "@bowline/client";
import type { EnhancedMethod } from "@bowline/broker";
import { AuthenticatorChain, silentLogger } from "@bowline/broker/internal";
import { BrokerWorld } from "../broker/index.ts";
import { describe, expect, test } from "vitest";

// Our client and our broker prove themselves to each other: a nonce of the server, the client's HMAC of it, and the server's of that.

const METHOD = "HMAC-CHALLENGE";
const hmac = (key: string, data: Uint8Array): Buffer => createHmac("sha256", key).update(data).digest();
const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** The server's side; `prove` is what it shows the client at the end. */
function method(key: string, prove: (data: Uint8Array) => Uint8Array): EnhancedMethod {
  return {
    name: METHOD,
    begin: () => {
      const nonce = randomBytes(16);
      let isAsked = false;
      return {
        next: (data = new Uint8Array(0)) => {
          const expected = hmac(key, nonce);
          if (isAsked && equal(data, expected)) return { allowed: true, owner: "ada", data: prove(expected) };
          if (isAsked) return { allowed: false, reasonCode: 0x86, reason: "wrong proof" };
          isAsked = true;
          return { continueWith: nonce };
        },
      };
    },
  };
}

/** The client's side, which checks the server's proof too. */
function withKey(key: string): Authentication {
  let shown: Uint8Array = new Uint8Array(0);
  return {
    method: METHOD,
    step: async ({ kind, data = new Uint8Array(0) }) => {
      if (kind === "begin") return "ada";
      if (kind === "continue") return (shown = hmac(key, data));
      if (!equal(data, hmac(key, shown))) throw new Error("this is not the server");
      return undefined;
    },
  };
}

interface Met {
  readonly world: BrokerWorld;
  readonly client: Client;
  readonly failures: AttemptFailure[];
}

/** The client's promises take turns of the event loop, which the virtual clock does not count. */
async function settle(world: BrokerWorld): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    await world.settle();
  }
}

async function meet(
  serverKey: string,
  clientKey: string,
  prove = (data: Uint8Array): Uint8Array => hmac(serverKey, data),
): Promise<Met> {
  const authenticator = new AuthenticatorChain([], silentLogger, [method(serverKey, prove)]);
  const world = await BrokerWorld.start({ authenticator });
  const client = connect("mqtt://broker", {
    clock: world.clock,
    transport: world.network.dialer(),
    credentials: () => ({ authentication: withKey(clientKey) }),
    reconnect: false,
  });
  const failures: AttemptFailure[] = [];
  client.on("attemptFailed", (failure) => failures.push(failure));
  client.on("connectionLost", (failure) => failures.push(failure));
  // Its code is loaded on demand.
  for (let i = 0; i < 100 && client.status.state === "connecting"; i++) await settle(world);
  return { world, client, failures };
}

describe("enhanced authentication", () => {
  test("both sides know the key: online, and proved again on the same connection", async () => {
    const { world, client, failures } = await meet("key", "key");
    expect(client.status.state).toBe("online");
    let isProved = false;
    void client.reauthenticate().then(() => (isProved = true));
    // Its code, too, is loaded on demand.
    for (let i = 0; i < 100 && !isProved; i++) await settle(world);
    expect(isProved).toBe(true);
    const published = client.publish("t", "x", { qos: 1 });
    await settle(world);
    await published;
    expect(failures).toEqual([]);
    void client.close();
    await settle(world);
  });

  test("the client does not know it: refused, classified, and not tried again", async () => {
    const { client, failures } = await meet("key", "other");
    expect(failures).toMatchObject([{ code: "BAD_CREDENTIALS", reasonCode: 0x86 }]);
    expect(client.status.state).toBe("failed");
  });

  test("the server does not know it: the client leaves", async () => {
    const { world, client, failures } = await meet("key", "key", () => new Uint8Array(32));
    await settle(world);
    expect(failures).toMatchObject([{ code: "AUTH_FAILED", error: { cause: { message: "this is not the server" } } }]);
    expect(client.status.state).toBe("failed");
  });
});
