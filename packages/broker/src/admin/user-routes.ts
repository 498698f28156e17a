import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import type { TenantUsers } from "../tenants/deployment.ts";
import { importCsv, userCsv } from "./user-csv.ts";
import { type Caller, SOCKET } from "./caller.ts";
import { readBody } from "./read-json.ts";
import { pageOf, searchOf } from "./page-of.ts";
import type { TenantApp, TenantContext } from "./tenant-env.ts";

const newUser = z.strictObject({ username: z.string(), password: z.string() });
const importedUsers = z.strictObject({
  users: z.array(z.strictObject({ username: z.string(), passwordHash: z.string() })),
});
const newPassword = z.strictObject({ password: z.string() });
/** 50,000 users, each of some 250 bytes. */
const IMPORT_BYTES_MAX = 12 * 1024 * 1024;

/** The users of a tenant, and short-lived passwords for the console. */
export function addUserRoutes(app: TenantApp): void {
  app.get("/users", (c) => {
    const has = searchOf(c);
    const { items, meta } = pageOf(
      c,
      usersOf(c)
        .list()
        .filter(({ username }) => has(username)),
    );
    return c.json({ users: items, meta });
  });
  app.post("/users", async (c) => {
    const { username, password } = await readBody(c, newUser);
    return c.json(await usersOf(c).add(username, password), 201);
  });
  app.post("/users/import", async (c) => {
    const file = await readBody(c, z.union([importedUsers, userCsv]), IMPORT_BYTES_MAX);
    if ("csv" in file) return c.json(await importCsv(usersOf(c), file, c.req.raw.signal), 201);
    await usersOf(c).importAll(file.users);
    return c.json({ users: file.users.length, superusers: [] }, 201);
  });
  // Over the network nobody gets a hash, whatever key it has.
  app.get("/users/export", (c) => {
    if (callerOf(c)?.by !== SOCKET.by)
      throw new MqttError("ADMIN_REFUSED", { detail: "hashes are told at the admin socket alone" });
    return c.json({ users: usersOf(c).hashes() });
  });
  app.put("/users/:username/password", async (c) => {
    const { password } = await readBody(c, newPassword);
    await usersOf(c).setPassword(nameIn(c), password);
    return c.body(null, 204);
  });
  app.put("/users/:username/disabled", async (c) => {
    await usersOf(c).setDisabled(nameIn(c), true);
    return c.body(null, 204);
  });
  app.delete("/users/:username/disabled", async (c) => {
    await usersOf(c).setDisabled(nameIn(c), false);
    return c.body(null, 204);
  });
  app.delete("/users/:username", async (c) => {
    await usersOf(c).remove(nameIn(c));
    return c.body(null, 204);
  });
  app.post("/token", async (c) => {
    const { signIn } = callerOf(c) ?? {};
    const { username, token, expiresAt } = await c.get("deployment").issueToken(signIn);
    return c.json({ username, password: token.reveal(), expiresAt }, 201);
  });
}

/** An administrator comes with its request, since its routes stand behind those that asked who it is. */
function callerOf(c: TenantContext): Caller | undefined {
  const env = c.env as { caller?: Caller } | undefined;
  return (c.get("caller") as Caller | undefined) ?? env?.caller;
}

function usersOf(c: TenantContext): TenantUsers {
  return c.get("deployment").users;
}

function nameIn(c: TenantContext): string {
  return c.req.param("username") ?? "";
}
