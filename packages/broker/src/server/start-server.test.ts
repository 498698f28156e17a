import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { get, request, type RequestOptions } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { Client } from "@bowline/client";
import { localServers } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import { metaOperation, write } from "../storage/lmdb/build-store.ts";
import { LmdbStore } from "../storage/lmdb/lmdb-store.ts";
import { formatVersion } from "../storage/lmdb/store-format.ts";
import type { Server } from "./start-server.ts";

const servers = localServers({ listen: ["mqtts://localhost:0"], metrics: {} });

function client(server: Server, username?: string, password?: string, url: string = server.listeners[0] ?? ""): Client {
  const tls = { ca: server.localCa?.certificate ?? "" };
  return servers.client({ credentials: { username, password }, tls, session: { expiryInterval: 0 } }, url);
}

interface Answer {
  status: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

function fetchFrom(server: Server, path: string, options: RequestOptions = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.consoleOrigin}${path}`,
      { ca: server.localCa?.certificate, agent: false, ...options },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
      },
    );
    sent.on("error", reject).end(body);
  });
}

test("users log in, and a change of theirs ends their connections", async () => {
  const server = await servers.start();
  await server.users.add("default", "ann", "secret");
  const ann = client(server, "ann", "secret");
  await ann.online();
  await expect(client(server, "ann", "wrong").online()).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
  await expect(client(server).online()).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  const lost = new Promise((resolve) => {
    ann.on("connectionLost", resolve);
  });
  await server.users.setPassword("default", "ann", "other");
  expect(await lost).toMatchObject({ reasonCode: 0x87 });
  await client(server, "ann", "other").online();
});

test("anonymous clients come in only when that is configured", async () => {
  const server = await servers.start({ anonymous: true, listen: ["mqtt://127.0.0.1:0"] });
  expect(server.localCa).toBeUndefined();
  await client(server).online();
  await expect(client(server, "ann", "secret").online()).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
});

test("the console's origin serves the page, the API behind its sign-in, and MQTT for the token it gives", async () => {
  const files = join(servers.folder, "site");
  await mkdir(files);
  await writeFile(join(files, "index.html"), "<!doctype html>");
  const server = await servers.start({ console: "https://localhost:0", consoleFiles: files });
  expect(await fetchFrom(server, "/")).toMatchObject({ status: 200, text: "<!doctype html>" });
  expect((await fetchFrom(server, "/api/v1/status")).status).toBe(401);

  const link = new URL(server.signInLink() ?? "");
  expect(link.origin).toBe(server.consoleOrigin);
  const signedIn = await fetchFrom(server, link.pathname + link.search);
  expect(signedIn.status).toBe(303);
  const cookie = String(signedIn.headers["set-cookie"]).split(";")[0] ?? "";
  const status = await fetchFrom(server, "/api/v1/status", { headers: { cookie } });
  expect(JSON.parse(status.text)).toMatchObject({ version: "1.2.3", listeners: server.listeners, storage: { state: "ok" } });

  const { csrf } = JSON.parse((await fetchFrom(server, "/api/v1/session", { headers: { cookie } })).text) as { csrf: string };
  const headers = { cookie, "x-bowline-csrf": csrf, origin: server.consoleOrigin };
  const token = JSON.parse((await fetchFrom(server, "/api/v1/token", { method: "POST", headers })).text) as {
    username: string;
    password: string;
  };
  const page = client(server, token.username, token.password, `${server.consoleOrigin?.replace("https:", "wss:")}/mqtt`);
  await page.online();
  const connections = JSON.parse((await fetchFrom(server, "/api/v1/connections", { headers: { cookie } })).text) as {
    connections: unknown[];
  };
  expect(connections.connections).toMatchObject([
    {
      owner: expect.stringMatching(/^\$console-[0-9a-f]{12}$/),
      transport: "wss",
      protocolVersion: 5,
      remoteAddress: expect.stringMatching(/127\.0\.0\.1|::1/),
    },
  ]);
});

test("closing ends readers of the rate stream too, within 2 s", async () => {
  const server = await servers.start({ console: "https://localhost:0" });
  const link = new URL(server.signInLink() ?? "");
  const cookie = String((await fetchFrom(server, link.pathname + link.search)).headers["set-cookie"]).split(";")[0] ?? "";
  const sent = get(`${server.consoleOrigin}/api/v1/metrics/stream`, {
    ca: server.localCa?.certificate,
    agent: false,
    headers: { cookie },
  });
  sent.on("error", () => {});
  const [response] = (await once(sent, "response")) as [{ on(name: "error", listener: () => void): unknown; resume(): void }];
  response.on("error", () => {});
  response.resume();
  const before = performance.now();
  await servers.close(server);
  expect(performance.now() - before).toBeLessThan(2_000);
});

test("a start that fails leaves nothing behind: the next one finds folder, store and ports free", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const free = await servers.start();
  const first = free.listeners[0] ?? "";
  await servers.close(free);
  await expect(servers.start({ listen: [first, `mqtts://127.0.0.1:${port}`] })).rejects.toMatchObject({ code: "PORT_IN_USE" });
  const withConsole = servers.start({ listen: [first], console: `https://127.0.0.1:${port}` });
  await expect(withConsole).rejects.toThrow(`another program listens on port ${port} of the console`);
  await servers.start({ listen: [first] });
  taken.close();
});

test("a first start that finds its port taken makes no data folder", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const data = join(servers.folder, "never-made");
  for (const wanted of [{ listen: [`mqtts://127.0.0.1:${port}`] }, { console: `https://127.0.0.1:${port}` }])
    await expect(servers.start({ data, ...wanted })).rejects.toMatchObject({ code: "PORT_IN_USE" });
  expect(existsSync(data)).toBe(false);
  taken.close();
});

test("two listeners of one configuration at the same place are named, and no other program is", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  taken.close();
  const listen = `mqtt://127.0.0.1:${port}`;
  const twice = `PORT_IN_USE.*${listen} and ${listen} of this configuration`;
  await expect(servers.start({ listen: [listen, listen] })).rejects.toThrow(new RegExp(twice));
  const admin = { listen: `http://127.0.0.1:${port}` };
  await expect(servers.start({ listen: [listen], admin })).rejects.toThrow("the admin listener and mqtt://");
});

test.each([
  ["/proc/bowline", "no folder can be made there (ENOENT)"],
  ["/dev/null", "it is no folder (EEXIST)"],
  ["/dev/null/bowline", "a part of the path is no folder (ENOTDIR)"],
])("a data folder that cannot be, %s, is told in words", async (data, words) => {
  await expect(servers.start({ data })).rejects.toThrow(`${data}: ${words}`);
});

test("a store of a newer version is refused and left as it is", async () => {
  const server = await servers.start();
  await server.users.add("default", "ann", "secret");
  await servers.close(server);
  const setFormat = async (format: number): Promise<void> => {
    const store = LmdbStore.open(server.folder.store, { create: false });
    await write(store, [metaOperation({ format, nextMessageId: 1, nextSessionId: 1 })]);
    await store.close();
  };
  await setFormat(formatVersion + 1);
  await expect(servers.start()).rejects.toMatchObject({ code: "STORE_NEWER" });
  await setFormat(formatVersion);
  expect((await servers.start()).users.list("default")).toMatchObject([{ username: "ann" }]);
});

test("a certificate of the configuration takes the place of the local authority's", async () => {
  const first = await servers.start();
  const { privateKey, certificate } = (await first.localCa?.issue(["localhost"])) ?? { privateKey: "", certificate: "" };
  await servers.close(first);
  await writeFile(join(servers.folder, "cert.pem"), certificate);
  await writeFile(join(servers.folder, "key.pem"), privateKey);
  const server = await servers.start({ anonymous: true, tls: { certificate: "cert.pem", key: "key.pem" } });
  expect(server.localCa).toBeUndefined();
  const ca = first.localCa?.certificate ?? "";
  await servers.online({ tls: { ca } });
});

test.each(["10.0.0.0/33", "host", "10.0.0.0/x", ""])("%j is no range of trusted proxies", async (range) => {
  await expect(servers.start({ proxyProtocol: true, trustedProxies: [range] })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("the console's origin hands out the local authority's certificate to whoever asks, and none that is not in use", async () => {
  const server = await servers.start({ console: "https://localhost:0" });
  const { status, headers, text } = await fetchFrom(server, "/ca.crt");
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "content-type": "application/x-x509-ca-cert",
    "content-disposition": 'attachment; filename="bowline-ca.crt"',
  });
  expect(new X509Certificate(text).fingerprint256).toBe(new X509Certificate(server.localCa?.certificate ?? "").fingerprint256);
  expect((await fetchFrom(server, "/ca.crt", { method: "HEAD" })).status).toBe(200);

  const { certificate, privateKey } = await server.localCa!.issue(["localhost"]);
  await writeFile(join(servers.folder, "cert.pem"), certificate);
  await writeFile(join(servers.folder, "key.pem"), privateKey);
  const ca = server.localCa!.certificate;
  const tls = { certificate: "cert.pem", key: "key.pem" };
  await server.reload(await servers.config({ console: "https://localhost:0", tls }));
  expect((await fetchFrom(server, "/ca.crt", { ca })).status).toBe(404);
});
