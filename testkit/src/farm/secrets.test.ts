import { mkdtemp, rm } from "node:fs/promises";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { examine } from "@bowline/doctor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingPrograms } from "../system/missing-programs.ts";
import { TestServer } from "../proxy/test-server.ts";
import { type Material, OpensslAuthority } from "../failures/openssl-certificates.ts";
import { serveFake } from "./fake-broker.ts";

// What a server hears of the doctor that did not prove who it is.

const missing = missingPrograms("openssl");
const secrets = ["hunter2", "token-in-query", "token-in-header", "secret-user"];

let folder: string;
let material: Material;
let ca: string;
let heard = "";
const servers: TestServer[] = [];

beforeAll(async () => {
  if (missing !== "") return;
  folder = await mkdtemp(join(tmpdir(), "bowline-secrets-"));
  const authority = await OpensslAuthority.make(folder);
  ca = authority.cert;
  material = await authority.issue({ names: ["DNS:localhost"] });
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  if (missing === "") await rm(folder, { recursive: true });
});

async function listening(server: net.Server): Promise<number> {
  const one = new TestServer(server);
  servers.push(one);
  await one.listen();
  heard = "";
  return one.port;
}

function listen(socket: net.Socket): void {
  socket.on("data", (chunk) => {
    heard += chunk.toString("latin1");
  });
  serveFake(socket);
}

const told = { username: "secret-user", password: "hunter2", headers: { authorization: "Bearer token-in-header" } };
const expectNothingHeard = (): void => expect(secrets.filter((secret) => heard.includes(secret))).toEqual([]);

describe.skipIf(missing !== "")(`secrets${missing && ` (${missing})`}`, () => {
  test.each(["mqtts", "wss"])("%s: an unverified server is told none", async (scheme) => {
    const port = await listening(tls.createServer(material, listen));
    const report = await examine(`${scheme}://localhost:${port}/mqtt?token=token-in-query`, told);
    expect(report.findings[0]?.id).toBe("TLS_UNKNOWN_CA");
    expect(heard).not.toBe("");
    expectNothingHeard();
    expect(JSON.stringify(report)).not.toMatch(/hunter2|token-in/);
  });

  test.each([
    "user:hunter2@localhost:1883",
    "mqtt://mqtts://user:hunter2@localhost:1883",
    "mqtt://user:hunter2@local host:1883",
    "mqtt://user:hunter2@localhost:99999",
    "gopher://user:hunter2@localhost",
  ])("%s: what is wrong with it is said without the password", async (url) => {
    const report = await examine(url);
    expect(report.healthy).toBe(false);
    expect(JSON.stringify(report)).not.toContain("hunter2");
  });

  test("a verified server is told what it must know, and so is any that the caller insists on", async () => {
    const port = await listening(tls.createServer(material, listen));
    await examine(`mqtts://localhost:${port}`, { ...told, ca });
    expect(heard).toContain("hunter2");
    heard = "";
    await examine(`mqtts://localhost:${port}`, { ...told, insecure: true });
    expect(heard).toContain("hunter2");
  });

  test.each(["mqtts", "wss"])("%s: a port that speaks without TLS is told none", async (scheme) => {
    const port = await listening(net.createServer(listen));
    const report = await examine(`${scheme}://localhost:${port}/mqtt?token=token-in-query`, { ...told, ca });
    expect(report.healthy).toBe(false);
    expect(heard).not.toBe("");
    expectNothingHeard();
  });
});
