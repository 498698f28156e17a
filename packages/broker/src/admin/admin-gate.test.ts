import { Hono } from "hono";
import { expect, test } from "vitest";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { AdminGate } from "./admin-gate.ts";
import { ApiKeys } from "./api-keys.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Caller } from "./caller.ts";

const NO_AUDIT = { record: () => {} } as unknown as AuditLog;

test("[API4] a browser uses up nobody's rate but its own", async () => {
  const tenantApi = new Hono().get("/*", (c) => c.text("ok"));
  const gate = new AdminGate(new ApiKeys(new MemoryStorage()), NO_AUDIT, tenantApi, () => 0);
  const app = new Hono();
  app.get("/:signIn", (c) => {
    const caller: Caller = { role: "tenant", tenant: "acme", by: "session by link", access: "full", signIn: c.req.param("signIn") };
    return gate.pass(c, caller, () => Promise.resolve());
  });
  const statusOf = async (signIn: string): Promise<number> => (await app.request(`/${signIn}`)).status;
  for (let i = 0; i < 200; i++) expect(await statusOf("one")).toBe(200);
  expect([await statusOf("one"), await statusOf("other")]).toEqual([429, 200]);
});
