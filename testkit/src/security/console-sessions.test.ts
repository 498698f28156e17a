import { Agent, request } from "node:https";
import type { Client, Credentials } from "@bowline/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lossOf, localServers } from "../broker/local-servers.ts";

/* Browsers that are signed in at the console, for the operator or for one tenant: what each reaches, and how long. Rows of OWASP's list of
   API risks (2023) are named API1 to API10. */

const servers = localServers({ console: "https://localhost:0" });

let agent: Agent;
beforeEach(async () => {
  agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const { tenants, users, rules } = await servers.start();
  for (const name of ["acme", "beta"]) {
    await tenants.create({ name });
    await users.add(name, "ann", "secret");
    await rules.add(name, { permission: "allow", action: "both", topics: ["#"] });
  }
});

afterEach(() => agent.destroy());

interface Answer {
  readonly status: number;
  readonly cookie: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** At the console's origin, as a browser asks. */
function ask(method: string, path: string, headers: Record<string, string> = {}, value?: unknown): Promise<Answer> {
  const { consoleOrigin, localCa } = servers.server;
  return new Promise((resolve, reject) => {
    const body = value === undefined ? "" : JSON.stringify(value);
    const own = { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers };
    const options = { ca: localCa?.certificate, agent, method, headers: own };
    const sent = request(new URL(path, consoleOrigin), options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        if (answer.headers["content-type"]?.startsWith("text/event-stream") === true) answer.destroy();
      });
      const cookie = String(answer.headers["set-cookie"] ?? "").split(";")[0] ?? "";
      const done = (): void =>
        resolve({ status: answer.statusCode ?? 0, cookie, body: text.startsWith("{") ? (JSON.parse(text) as never) : {} });
      answer
        .on("end", done)
        .on("close", done)
        .on("error", () => {});
    });
    sent.on("error", reject).end(body);
  });
}

/** A browser that is signed in. */
class Browser {
  readonly cookie: string;
  readonly session: Readonly<Record<string, unknown>>;

  private constructor(cookie: string, session: Readonly<Record<string, unknown>>) {
    this.cookie = cookie;
    this.session = session;
  }

  static async of({ status, cookie }: Answer): Promise<Browser> {
    expect([204, 303]).toContain(status);
    return new Browser(cookie, (await ask("GET", "/api/v1/session", { cookie })).body);
  }

  static async byLink(tenant?: string): Promise<Browser> {
    const path = tenant === undefined ? "sign-in-links" : `tenants/${tenant}/sign-in-links`;
    const { url } = (await servers.admin("POST", path)).body as { url: string };
    return Browser.of(await ask("GET", url));
  }

  static async byKey(key: string): Promise<Browser> {
    return Browser.of(await signIn(key));
  }

  ask(method: string, path: string, value?: unknown): Promise<Answer> {
    return ask(method, `/api/v1/${path}`, { cookie: this.cookie, "x-bowline-csrf": String(this.session["csrf"]) }, value);
  }

  async token(path = "token"): Promise<string> {
    return String((await this.ask("POST", path)).body["password"]);
  }

  /** Its page's MQTT client, once it is online. */
  online(tenant: string, password: string): Promise<Client> {
    const url = `${servers.server.consoleOrigin!.replace("https", "wss")}/mqtt`;
    const credentials = { username: "$console", password, query: { tenant }, headers: { cookie: this.cookie } };
    return servers.online({ credentials, session: { expiryInterval: 0 } }, url);
  }
}

function signIn(key: string): Promise<Answer> {
  return ask("POST", "/api/v1/session", { "x-bowline-csrf": "1" }, { key });
}

interface Key {
  readonly id: string;
  readonly secret: string;
}

async function makeKey(input: object): Promise<Key> {
  return (await servers.admin("POST", "keys", input)).body as Key;
}
const textOf = ({ id, secret }: Key): string => `${id}:${secret}`;

describe("a tenant's administrator", () => {
  test("signs in by a link that works once, or with a key, and is told whose it is", async () => {
    const { url } = (await servers.admin("POST", "tenants/acme/sign-in-links")).body as { url: string };
    const { session } = await Browser.of(await ask("GET", url));
    expect(session).toEqual({ role: "tenant", tenant: "acme", access: "full", csrf: expect.any(String) as string });
    expect((await ask("GET", url)).status).toBe(403);
    expect((await servers.admin("GET", "tenants/acme/audit")).body).toMatchObject({
      entries: [{ by: "session by link", role: "tenant", method: "GET", path: "/api/v1/sign-in", status: 303 }, { by: "socket" }],
    });
    const reader = await Browser.byKey(textOf(await makeKey({ tenant: "acme", access: "read" })));
    expect(reader.session).toMatchObject({ role: "tenant", tenant: "acme", access: "read" });
    expect((await reader.ask("GET", "users")).status).toBe(200);
    expect((await reader.ask("POST", "users", { username: "bob", password: "x" })).status).toBe(403);
    expect((await reader.ask("POST", "token")).status).toBe(403);
    expect((await servers.admin("POST", "tenants/none/sign-in-links")).status).toBe(404);
  });

  test("[API1] [API5] is answered about its own tenant alone, by every operation that there is", async () => {
    const browser = await Browser.byLink("acme");
    const document = (await servers.admin("GET", "openapi.json")).body as { paths: Record<string, Record<string, object>> };
    const own = (await browser.ask("GET", "openapi.json")).body as typeof document;
    expect((await browser.ask("GET", "users")).body).toMatchObject({ users: [{ tenant: "acme" }] });
    expect((await browser.ask("GET", "tenants/acme/users")).status).toBe(200);
    for (const [path, operations] of Object.entries(document.paths)) {
      const isOperators = own.paths[path] === undefined;
      if (!isOperators && !path.includes("{tenant}")) continue;
      for (const method of Object.keys(operations)) {
        for (const tenant of isOperators ? ["acme", "beta"] : ["beta", "default", "none"]) {
          const asked = path
            .replace("/api/v1/", "")
            .replace("{tenant}", tenant)
            .replace(/\{\w+\}/g, "1");
          const { status } = await browser.ask(method.toUpperCase(), asked, method === "get" ? undefined : {});
          expect([404, 429], `${method} ${asked}`).toContain(status);
        }
      }
    }
    const { users, tenants } = servers.server;
    expect([users.list("beta").length, tenants.list().map(({ state }) => state)]).toEqual([1, ["active", "active"]]);
  });

  test("[API2] cannot make links or keys, and leaves when it says so, with its MQTT connections", async () => {
    const browser = await Browser.byLink("acme");
    expect((await browser.ask("POST", "tenants/acme/sign-in-links")).status).toBe(404);
    expect((await browser.ask("POST", "keys", { tenant: "acme" })).status).toBe(404);
    const token = await browser.token();
    const page = await browser.online("acme", token);
    const lost = lossOf(page);
    expect((await ask("DELETE", "/api/v1/session", { cookie: browser.cookie, "x-bowline-csrf": "1" })).status).toBe(403);
    expect((await browser.ask("DELETE", "session")).status).toBe(204);
    expect(await lost).toMatchObject({ reasonCode: 0x98 });
    expect((await browser.ask("GET", "users")).status).toBe(401);
    const other = await Browser.byLink("acme");
    await expect(other.online("acme", token)).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
  });

  test("is signed out when its key has another secret or is gone, and with its tenant", async () => {
    const key = await makeKey({ tenant: "acme" });
    const browser = await Browser.byKey(textOf(key));
    const page = await browser.online("acme", await browser.token());
    const lost = lossOf(page);
    const next = (await servers.admin("POST", `keys/${key.id}/rotate`, {})).body as Key;
    expect(await lost).toMatchObject({ reasonCode: 0x98 });
    expect((await browser.ask("GET", "users")).status).toBe(401);
    expect((await signIn(textOf(key))).status).toBe(401);
    const again = await Browser.byKey(textOf(next));
    const byLink = await Browser.byLink("acme");
    await servers.admin("DELETE", "tenants/acme");
    await servers.server.tenants.create({ name: "acme" });
    expect([(await again.ask("GET", "users")).status, (await byLink.ask("GET", "users")).status]).toEqual([401, 401]);
  });

  test("[API4] wrong keys are slowed down by address", async () => {
    const codes: number[] = [];
    for (let i = 0; i < 25; i++) codes.push((await signIn("a:b")).status);
    expect([codes[0], codes.at(-1)]).toEqual([401, 429]);
  });
});

describe("the console's own MQTT connection", () => {
  test("is at the tenant that is looked at, by a token of that tenant", async () => {
    const [operator, acme] = [await Browser.byLink(), await Browser.byLink("acme")];
    const page = await acme.online("acme", await acme.token());
    const looking = await operator.online("acme", await operator.token("tenants/acme/token"));
    const messages = looking.subscribe("from/page");
    await messages.ready;
    const next = messages.next();
    await page.publish("from/page", "hello", { qos: 1 });
    expect((await next).value?.text()).toBe("hello");
    const { body } = await operator.ask("GET", "tenants/acme/connections");
    expect(body).toMatchObject({ total: 2, connections: [{ transport: "wss" }, { transport: "wss" }] });
    expect((await operator.ask("GET", "connections")).body).toMatchObject({ total: 0 });
  });

  test("takes another token of its browser on the open connection, and of no other's", async () => {
    const [acme, other] = [await Browser.byLink("acme"), await Browser.byLink("acme")];
    let token = await acme.token();
    const step = ({ kind }: { kind: string }): string | undefined => (kind === "begin" ? token : undefined);
    const credentials = (): Credentials => ({
      authentication: { method: "BOWLINE-CONSOLE", step },
      query: { tenant: "acme" },
      headers: { cookie: acme.cookie },
    });
    const url = `${servers.server.consoleOrigin!.replace("https", "wss")}/mqtt`;
    const page = await servers.online({ credentials, session: { expiryInterval: 0 } }, url);
    token = await acme.token();
    await page.reauthenticate();
    token = await other.token();
    const lost = lossOf(page);
    await expect(page.reauthenticate()).rejects.toThrow(/0x87|NOT_AUTHORIZED|135/);
    expect(await lost).toMatchObject({ reasonCode: 0x87 });
  });

  test("[API1] goes nowhere else: neither its URL nor its token leads to another tenant", async () => {
    const [operator, acme] = [await Browser.byLink(), await Browser.byLink("acme")];
    const token = await acme.token();
    await expect(acme.online("beta", token)).rejects.toMatchObject({ code: expect.stringMatching(/^WS_|HTTP/) as string });
    await expect(acme.online("default", token)).rejects.toMatchObject({ code: expect.stringMatching(/^WS_|HTTP/) as string });
    await expect(operator.online("none", await operator.token())).rejects.toMatchObject({
      code: expect.stringMatching(/^WS_|HTTP/) as string,
    });
    // Who may go to both still needs a token of the one where it goes.
    await expect(operator.online("beta", token)).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
    await expect(operator.online("beta", await operator.token())).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
    expect((await acme.ask("POST", "tenants/beta/token")).status).toBe(404);
  });
});
