import type { AuthenticationStep, Credentials } from "@bowline/client";
import type { WithFailure } from "@bowline/mqttjs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Clients, until } from "./clients.ts";
import { METHOD, ProvingServer } from "./proving-server.ts";

/* Credentials of an enhanced authentication that expire: proved anew on the open connection; the same for the client and the drop-in. */

/** Asked for anew a fifth of it before its end. */
const LIFE_MS = 1500;
const LIMIT_MS = 30_000;

let server: ProvingServer;
const clients = new Clients();
beforeEach(async () => {
  server = await ProvingServer.start();
});
afterEach(async () => {
  await clients.end();
  await server.close();
});

/** Gives out one token after the other, and believes a server that says who it is. */
function tokens(): () => Credentials {
  let given = 0;
  return () => {
    const token = `token ${++given}`;
    const step = ({ kind, data }: AuthenticationStep): string | undefined => {
      if (kind === "begin") return token;
      if (kind === "continue") return "it is me";
      if (new TextDecoder().decode(data) !== "I am the server") throw new Error("this is not the server");
      return undefined;
    };
    return { authentication: { method: METHOD, step }, expiresAt: Date.now() + LIFE_MS };
  };
}

test(
  "[A4 client scripted] they are renewed by AUTH: one connection for three tokens",
  async () => {
    const { client, failures, losses } = clients.core(server.url, { credentials: tokens() });
    await until(() => server.tokens.length >= 3, LIMIT_MS);
    await client.publish("t", "x", { qos: 1 });
    expect(server.tokens.slice(0, 3)).toEqual(["token 1", "token 2", "token 3"]);
    expect([server.connections, server.disconnects, failures.length, losses.length]).toEqual([1, 0, 0, 0]);
  },
  LIMIT_MS,
);

test(
  "[A4 drop-in scripted] they are renewed by AUTH: one connection for three tokens",
  async () => {
    const { client, errors, events } = clients.dropIn(server.url, { protocolVersion: 5, bowline: { credentials: tokens() } });
    await until(() => server.tokens.length >= 3, LIMIT_MS);
    await client.publishAsync("t", "x", { qos: 1 });
    expect(server.tokens.slice(0, 3)).toEqual(["token 1", "token 2", "token 3"]);
    expect([server.connections, server.disconnects, errors]).toEqual([1, 0, []]);
    expect(events).toEqual(["connect"]);
  },
  LIMIT_MS,
);

test("[A4 drop-in scripted] a server that does not prove itself is left before anything is told or sent", async () => {
  server.proof = "I am somebody else";
  const { client, errors, events } = clients.dropIn(server.url, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    bowline: { credentials: tokens() },
  });
  const published = client.publishAsync("t", "x", { qos: 1 }).catch((error: Error) => error.message);
  await until(() => errors.length === 1);
  expect((errors[0] as WithFailure).failure?.code).toBe("AUTH_FAILED");
  await client.endAsync(true);
  expect(events).not.toContain("connect");
  expect(await published).toBe("Connection closed");
});

test(
  "[A4 drop-in scripted] one that does not prove itself anew is left too, and tried again",
  async () => {
    const { client, errors } = clients.dropIn(server.url, {
      protocolVersion: 5,
      reconnectPeriod: 20,
      bowline: { credentials: tokens() },
    });
    await until(() => client.connected);
    server.proof = "I am somebody else";
    await until(() => errors.length > 0, LIMIT_MS);
    expect(server.tokens.slice(0, 2)).toEqual(["token 1", "token 2"]);
    expect((errors[0] as WithFailure).failure?.code).toBe("AUTH_FAILED");
    expect(client.connected).toBe(false);
    server.proof = "I am the server";
    await until(() => client.connected);
  },
  LIMIT_MS,
);
