import type { Hono } from "hono";
import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { type Ban, type BanKind, type BanList, banSchema } from "../auth/ban-list.ts";
import { readBody } from "./read-json.ts";

/** Only this tenant exists for the API until tenants have one of their own. */
const TENANT = "default";

/** Whom the connections that an operator ends belong to. */
export type KickRequest = Pick<Ban, "kind" | "value">;

const kickSchema: z.ZodType<KickRequest> = z.strictObject({
  kind: z.enum(["user", "client", "address"]),
  value: z.string().min(1),
});

/** What bans and kicks act on. */
export interface BanContext {
  readonly bans: BanList;
  /** Ends the connections with DISCONNECT 0x98; answers how many. */
  readonly kick: (tenant: string, whom: KickRequest) => number;
}

/** Bans, and the end of connections at an operator's wish. */
export function addBanRoutes(app: Hono, { bans, kick }: BanContext): void {
  app.get("/api/v1/bans", (c) => c.json({ bans: bans.list(TENANT) }));
  app.post("/api/v1/bans", async (c) => {
    const ban = await readBody(c, banSchema);
    await bans.add(TENANT, ban);
    return c.json({ connections: kick(TENANT, ban) }, 201);
  });
  app.delete("/api/v1/bans/:kind/:value", async (c) => {
    const kind = c.req.param("kind") as BanKind;
    if (await bans.lift(TENANT, { kind, value: c.req.param("value") })) return c.body(null, 204);
    throw new MqttError("USER_UNKNOWN", { detail: "there is no such ban", remedy: "Look at bowline user bans." });
  });
  app.post("/api/v1/kick", async (c) => {
    const whom = await readBody(c, kickSchema);
    // Checked as a ban is: a wrong address would end nobody's connection and say so.
    const fault = banSchema.safeParse(whom);
    if (!fault.success) throw new MqttError("OPTION_INVALID", { detail: fault.error.issues[0]?.message ?? "value" });
    return c.json({ connections: kick(TENANT, whom) });
  });
}
