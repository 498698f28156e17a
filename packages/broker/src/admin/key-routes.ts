import type { Hono } from "hono";
import { z } from "zod";
import type { ApiKeys, IssuedKey, KeyInput } from "./api-keys.ts";
import { pageOf } from "./page-of.ts";
import { readBody } from "./read-json.ts";

const newKey: z.ZodType<KeyInput> = z.strictObject({
  /** Without it, the operator's. */
  tenant: z.string().min(1).optional(),
  access: z.enum(["full", "read"]).default("full"),
  name: z.string().max(200).default(""),
  expiresAt: z.number().positive().optional(),
});
const rotation = z.strictObject({ overlapSeconds: z.number().default(0) });

/** Keys to the admin API: the operator's alone, whose tenants get theirs from it. `mustExist` throws TENANT_UNKNOWN. */
export function addKeyRoutes(app: Hono, keys: ApiKeys, mustExist: (tenant: string) => void): void {
  app.get("/api/v1/keys", (c) => {
    const { items, meta } = pageOf(c, keys.list());
    return c.json({ keys: items, meta });
  });
  app.post("/api/v1/keys", async (c) => {
    const input = await readBody(c, newKey);
    if (input.tenant !== undefined) mustExist(input.tenant);
    return c.json(shownOnce(await keys.create(input)), 201);
  });
  app.post("/api/v1/keys/:id/rotate", async (c) => {
    const { overlapSeconds } = await readBody(c, rotation);
    return c.json(shownOnce(await keys.rotate(c.req.param("id"), overlapSeconds)));
  });
  app.delete("/api/v1/keys/:id", async (c) => {
    await keys.remove(c.req.param("id"));
    return c.body(null, 204);
  });
}

function shownOnce({ key, secret }: IssuedKey): object {
  return { ...key, secret: secret.reveal() };
}
