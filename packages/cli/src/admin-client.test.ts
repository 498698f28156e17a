import { createBroker } from "@bowline/broker";
import { expect, test } from "vitest";
import { AdminClient } from "./admin-client.ts";

test("a broker that is not trusted is told from one that does not run", async () => {
  const broker = await createBroker({ memory: true, listen: ["mqtt://127.0.0.1:0"], console: "https://localhost:0" });
  const target = { origin: broker.consoleOrigin ?? "", authorization: "Bearer x" };
  const untrusted = { code: "TLS_UNKNOWN_CA", message: expect.stringContaining(new URL(target.origin).host) as string };
  await expect(new AdminClient(target).request("GET", "/api/v1/users")).rejects.toMatchObject(untrusted);
  await expect(new AdminClient(target).lines("/api/v1/trace", AbortSignal.timeout(5_000)).next()).rejects.toMatchObject(untrusted);
  const trusting = new AdminClient({ ...target, ca: broker.localCa?.certificate });
  await expect(trusting.request("GET", "/api/v1/users")).rejects.toMatchObject({
    code: expect.stringMatching(/^ADMIN_/) as string,
  });
  await broker.close();
  await expect(trusting.request("GET", "/api/v1/users")).rejects.toMatchObject({ code: "ADMIN_UNREACHABLE" });
});

test("a list that is longer than one answer is had whole", async () => {
  const broker = await createBroker({ memory: true, listen: ["mqtt://127.0.0.1:0"], console: false });
  const hash = "$2b$04$" + "a".repeat(53);
  await broker.users.importAll(
    "default",
    Array.from({ length: 10_001 }, (_, i) => ({ username: `user-${i}`, passwordHash: hash })),
  );
  const users = await new AdminClient(broker.folder.adminSocket).list<{ username: string }>("/api/v1/users", "users");
  expect(new Set(users.map(({ username }) => username)).size).toBe(10_001);
  await broker.close();
});
