import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig, openLocalCa, parseMosquittoUsers, type Server, silentLogger, startServer } from "@bowline/broker/internal";
import { missingPrograms } from "../system/missing-programs.ts";
import { ForeignProgram } from "./foreign-program.ts";

/* mosquitto_pub logs in at one chain of authenticators: with a certificate, a token, what a webhook says, and an imported password. */

const missing = missingPrograms("mosquitto_pub", "mosquitto_passwd");
const SECRET = "a shared secret that is long enough!";
/** mosquitto_pub ends with the Reason Code. */
const REFUSED = 0x86;

function token(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

describe.skipIf(missing !== "")(`logins of mosquitto's clients${missing && ` (${missing})`}`, () => {
  let folder = "";
  let server: Server;
  let webhook: HttpServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bowline-logins-"));
    webhook = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => (body += part));
      request.on("end", () => {
        const { username } = JSON.parse(body) as { username?: string };
        const result = username === "hook" ? "allow" : username === "enemy" ? "deny" : "ignore";
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ result, acl: { pub: ["hook/#"] } }));
      });
    });
    await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve));
    const authority = await openLocalCa({ folder: join(folder, "ca") });
    const files = { own: await authority.issue(["localhost"]), device: await authority.issue(["device.localhost"], "client") };
    for (const [name, { certificate, privateKey }] of Object.entries(files)) {
      await writeFile(join(folder, `${name}.pem`), certificate);
      await writeFile(join(folder, `${name}-key.pem`), privateKey);
    }
    await writeFile(join(folder, "ca.pem"), authority.certificate);
    await writeFile(join(folder, "secret"), SECRET);
    await writeFile(
      join(folder, "bowline.yaml"),
      `listen: ["mqtts://localhost:0"]
memory: true
console: false
data: data
tls: { certificate: own.pem, key: own-key.pem, clientCa: ca.pem }
authentication:
  - kind: certificate
  - { kind: jwt, secret: { file: secret } }
  - { kind: webhook, url: "http://127.0.0.1:${(webhook.address() as AddressInfo).port}/" }
  - kind: scram
  - kind: password
`,
    );
    const config = await loadConfig({ file: join(folder, "bowline.yaml") });
    server = await startServer({ config, logger: silentLogger, version: "1" });
    await new ForeignProgram("mosquitto_passwd", ["-b", "-c", join(folder, "passwd"), "ann", "secret"]).ended;
    await server.users.importAll("default", parseMosquittoUsers(await readFile(join(folder, "passwd"), "utf8"), "passwd"));
  });
  afterAll(async () => {
    await server?.close();
    webhook?.closeAllConnections();
    webhook?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function publish(topic: string, ...login: string[]): Promise<number | string> {
    const { port } = new URL(server.listeners[0]!);
    const where = [
      "-h",
      "localhost",
      "-p",
      port,
      "--cafile",
      join(folder, "ca.pem"),
      "-V",
      "mqttv5",
      "-q",
      "1",
      "-t",
      topic,
      "-m",
      "x",
    ];
    return (await new ForeignProgram("mosquitto_pub", [...where, ...login]).ended).code;
  }
  const inAnHour = (): number => Math.floor(Date.now() / 1_000) + 3_600;

  test("a certificate, whatever the user name beside it", async () => {
    expect(await publish("a", "--cert", join(folder, "device.pem"), "--key", join(folder, "device-key.pem"), "-u", "enemy")).toBe(
      0,
    );
  });

  test("a token, within its rules", async () => {
    const login = (claims: object): string[] => ["-u", "any", "-P", token({ sub: "tess", ...claims })];
    expect(await publish("a", ...login({ exp: inAnHour() }))).toBe(0);
    expect(await publish("a", ...login({ exp: 1 }))).toBe(REFUSED);
    expect(await publish("a", ...login({}))).toBe(REFUSED);
    expect(server.broker.counters.loginsBadCredentials).toBe(2);
  });

  test("what the webhook says", async () => {
    expect(await publish("hook/1", "-u", "hook", "-P", "x")).toBe(0);
    expect(await publish("a", "-u", "enemy", "-P", "x")).not.toBe(0);
  });

  test("an imported password, which is hashed anew, with SCRAM keys", async () => {
    expect(await publish("a", "-u", "ann", "-P", "wrong")).toBe(REFUSED);
    expect(await publish("a", "-u", "ann", "-P", "secret")).toBe(0);
    expect(server.users.find("default", "ann")?.passwordHash).toMatch(/^\$argon2id\$\S+ SCRAM-SHA-256\$10000:/);
    expect(await publish("a", "-u", "ann", "-P", "secret")).toBe(0);
  });
});
