import { localServers, lossOf } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import { createLogger } from "../log/logger.ts";
import type { AuthRequest } from "./authenticator.ts";

/* A function that says who a client is, in a broker within a program. */

const servers = localServers({ memory: true });

const as = (username: string, password = "right") => ({ credentials: { username, password } });

test("names the owner, with rights of its own; what it leaves alone is for the next", async () => {
  const seen: AuthRequest[] = [];
  const server = await servers.start({
    rules: [{ permission: "allow", action: "both", topics: ["own/${client_attrs.site}"] }],
    authentication: [
      {
        kind: "function",
        authenticate: async (request) => {
          seen.push(request);
          await Promise.resolve();
          if (request.username === "ann" && Buffer.from(request.password ?? "").toString() === "right")
            return { owner: "ann-1", attributes: { site: "x" }, acl: [{ permission: "allow", action: "pub", topic: "granted" }] };
          return request.username === "bob" ? "ignore" : "deny";
        },
      },
      { kind: "password" },
    ],
  });
  await server.users.add("default", "bob", "right");
  const ann = await servers.online(as("ann"));
  for (const topic of ["granted", "own/x"]) await ann.publish(topic, "x", { qos: 1 });
  await expect(ann.publish("own/y", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
  await servers.online(as("bob"));
  await expect(servers.online(as("ann", "wrong"))).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  const owners = [...server.broker.connections()].map(({ session }) => session?.owner);
  expect(owners).toEqual(expect.arrayContaining(["ann-1", "bob"]));
  expect(seen[0]).toMatchObject({ tenant: "default", username: "ann", transport: "tcp", remoteAddress: "127.0.0.1" });
});

test.each<[string, () => unknown]>([
  ["throws", () => Promise.reject(new Error("no luck"))],
  ["is not done in time", () => new Promise(() => {})],
  ["answers neither", () => true],
  ["answers nothing", () => undefined],
  ["answers a key that is mistyped", () => ({ owner: "ann", expireAt: 0 })],
  ["answers an end that is no time", () => ({ owner: "ann", expiresAt: Number.NaN })],
])("one that %s refuses, is logged, and is no fault of the client", async (_, authenticate) => {
  const lines: string[] = [];
  const logger = createLogger({ level: "error", format: "json", destination: { write: (line) => void lines.push(line) } });
  const link = { kind: "function", authenticate: authenticate as () => "deny", timeoutMs: 20 } as const;
  const server = await servers.start({ logger, authentication: [link, { kind: "password" }] });
  await server.users.add("default", "ann", "right");
  for (let i = 0; i < 12; i++) await expect(servers.online(as("ann"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(lines).toHaveLength(12);
  expect(lines[0]).toContain("authentication failed inside");
  expect(server.broker.counters.loginsUnavailable).toBe(12);
});

test.each([
  ["an owner of the broker's", { owner: "$console" }],
  ["no owner", {}],
  ["rules that cannot be understood", { owner: "ann", acl: [{ permission: "maybe" }] }],
])("a login with %s is refused", async (_, login) => {
  await servers.start({ authentication: [{ kind: "function", authenticate: () => login as { owner: string } }] });
  await expect(servers.online(as("ann"))).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
});

test("its login ends when it says", async () => {
  let seconds = 0.2;
  const authenticate = () => ({ owner: "ann", expiresAt: Date.now() + seconds * 1_000 });
  await servers.start({ authentication: [{ kind: "function", authenticate }] });
  const client = await servers.online(as("ann"));
  expect(await lossOf(client)).toMatchObject({ reasonCode: 0x87 });
  seconds = -1;
  await expect(servers.online(as("ann"))).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
});

test("text in its place is refused in words", async () => {
  const authentication = [{ kind: "function" as const, authenticate: "mine.ts" as never }];
  await expect(servers.start({ authentication })).rejects.toThrow(
    '"authentication.0.authenticate" must be a function: only a configuration in TypeScript or JavaScript can have one',
  );
});
