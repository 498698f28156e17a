import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { type BanKind, banSchema } from "../auth/ban-list.ts";
import type { KickRequest } from "../tenants/deployment.ts";
import { pageOf, searchOf } from "./page-of.ts";
import { readBody } from "./read-json.ts";
import type { TenantApp } from "./tenant-env.ts";

const kickSchema: z.ZodType<KickRequest> = z.strictObject({
  kind: z.enum(["user", "client", "address"]),
  value: z.string().min(1),
});

/** Bans of a tenant, and the end of its connections at somebody's wish. */
export function addBanRoutes(app: TenantApp): void {
  app.get("/bans", (c) => {
    const has = searchOf(c);
    const bans = c.get("deployment").bans.list();
    const { items, meta } = pageOf(
      c,
      bans.filter(({ value, reason = "" }) => has(value, reason)),
    );
    return c.json({ bans: items, meta });
  });
  app.post("/bans", async (c) => {
    const ban = await readBody(c, banSchema);
    await c.get("deployment").bans.add(ban);
    return c.json({ connections: c.get("deployment").kick(ban) }, 201);
  });
  app.delete("/bans/:kind/:value", async (c) => {
    const kind = c.req.param("kind") as BanKind;
    if (await c.get("deployment").bans.lift(kind, c.req.param("value"))) return c.body(null, 204);
    throw new MqttError("USER_UNKNOWN", { detail: "there is no such ban", remedy: "Look at bowline user bans." });
  });
  app.post("/kick", async (c) => {
    const whom = await readBody(c, kickSchema);
    // Checked as a ban is: a wrong address would end nobody's connection and say so.
    const fault = banSchema.safeParse(whom);
    if (!fault.success) throw new MqttError("OPTION_INVALID", { detail: fault.error.issues[0]?.message ?? "value" });
    return c.json({ connections: c.get("deployment").kick(whom) });
  });
}
