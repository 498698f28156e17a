import { lookup } from "node:dns";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect, type ConnectOptions } from "@bowline/client";
import { type LocalCa, openLocalCa, type Server, silentLogger, startServer, loadConfig } from "@bowline/broker/internal";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { NginxProcess } from "../failures/nginx-process.ts";
import { closedPort } from "../guides/closed-port.ts";
import { ListeningProcess } from "../system/listening-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";

/* Whom the broker takes a client for when a real proxy ends TLS: its tenant by the name it asked for, its owner by its certificate. */

const HEADER = "X-Client-Certificate";
const nginxMissing = missingPrograms("nginx");
const haproxyMissing = missingPrograms("haproxy");

let folder = "";
let authority: LocalCa;
let server: Server;
let device: { cert: string; key: string };
const proxies: { stop(): Promise<void> }[] = [];
const clients = new Set<Client>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-identities-"));
  authority = await openLocalCa({ folder: join(folder, "ca") });
  const { certificate: cert, privateKey: key } = await authority.issue(["device.localhost"], "client");
  device = { cert, key };
  const proxy = await authority.issue(["localhost", "mqtt.localhost", "nobody.localhost"]);
  await writeFile(join(folder, "proxy.pem"), `${proxy.certificate}\n${proxy.privateKey}`);
  await writeFile(join(folder, "clients.pem"), authority.certificate);
  const headers = { forwardedHost: true, forwardedCertificate: HEADER };
  const config = await loadConfig({
    directory: folder,
    overrides: {
      data: "data",
      memory: true,
      anonymous: true,
      console: false,
      admin: { listen: "http://127.0.0.1:0" },
      metrics: { open: true },
      hosts: ["mqtt.localhost"],
      authentication: [{ kind: "certificate" }],
      listen: [
        { url: "ws://127.0.0.1:0/mqtt", ...headers },
        { url: "mqtt://127.0.0.1:0", proxyProtocol: true },
        { url: "ws://127.0.0.1:0/mqtt", ...headers, trustedProxies: ["192.0.2.1"] },
        { url: "ws://127.0.0.1:0/mqtt", proxyProtocol: true, forwardedHost: true },
      ],
    },
  });
  server = await startServer({ config, logger: silentLogger, version: "0.0.0" });
});
afterEach(async () => {
  for (const client of clients) await client.abort();
  clients.clear();
});
afterAll(async () => {
  for (const proxy of proxies) await proxy.stop();
  await server.close();
  await rm(folder, { recursive: true });
});

function portOf(index: number): number {
  return Number(new URL((server.listeners[index] ?? "").replace(/^\w+/, "http")).port);
}

/** The owner as whom a client is in. */
async function ownerAt(url: string, options: ConnectOptions = {}): Promise<string | undefined> {
  const clientId = `c${Math.random()}`;
  const client = connect(url, { reconnect: false, session: { clientId }, ...options });
  client.on("attemptFailed", () => {});
  clients.add(client);
  await client.online();
  return [...server.broker.connections()].find(({ session }) => session?.clientIdentifier === clientId)?.session?.owner;
}

const secured = (tls: object = {}): ConnectOptions => ({
  tls: { ca: authority.certificate, ...tls },
  // Not every resolver knows the names below localhost.
  socket: { lookup: (_name, options, told) => lookup("127.0.0.1", options, told as never) },
});

describe.skipIf(nginxMissing !== "")(`nginx${nginxMissing && ` (${nginxMissing})`}`, () => {
  const ports = { whole: 0, subject: 0, silent: 0 };

  beforeAll(async () => {
    for (const name of ["whole", "subject", "silent"] as const) ports[name] = await closedPort();
    const example = await readFile(join(import.meta.dirname, "../../../examples/nginx-identities.conf"), "utf8");
    // Only ports and places differ from what the guide shows; the other two have other headers.
    const whole = example
      .replace("127.0.0.1:8083", `127.0.0.1:${portOf(0)}`)
      .replace(/\/etc\/ssl\/example\.com\.\w+/g, join(folder, "proxy.pem"))
      .replace("/etc/ssl/devices.pem", join(folder, "clients.pem"));
    const at = (port: number, text: string): string => text.replace("listen 443", `listen 127.0.0.1:${port}`);
    const servers = [
      at(ports.whole, whole),
      at(ports.subject, whole.replace("$ssl_client_escaped_cert", "$ssl_client_s_dn")),
      at(ports.silent, whole.replace("X-Forwarded-Host", "Host").replace("$ssl_client_escaped_cert", '""')),
    ];
    proxies.push(await NginxProcess.start(folder, servers.join("\n"), ports.silent));
  });

  test.each(["whole", "subject"] as const)(
    "a client's certificate (%s) says who it is, and no certificate that it is nobody",
    async (kind) => {
      const url = `wss://localhost:${ports[kind]}/mqtt`;
      expect(await ownerAt(url, secured(device))).toBe("device.localhost");
      expect(await ownerAt(url, secured())).toBe("");
      // What a client writes into the header itself never leaves nginx.
      const forged = { headers: { [HEADER]: "CN=device.localhost" } };
      expect(await ownerAt(url, { ...secured(), ...forged })).toBe("");
    },
  );

  test.each(["whole", "silent"] as const)("the name that the client asked for chooses the tenant (%s)", async (kind) => {
    expect(await ownerAt(`wss://mqtt.localhost:${ports[kind]}/mqtt`, secured())).toBe("");
    await expect(ownerAt(`wss://nobody.localhost:${ports[kind]}/mqtt`, secured())).rejects.toMatchObject({
      code: expect.stringMatching(/^WS_/) as string,
    });
  });
});

describe.skipIf(haproxyMissing !== "")(`haproxy${haproxyMissing && ` (${haproxyMissing})`}`, () => {
  const ports = { mqtt: 0, ws: 0 };

  beforeAll(async () => {
    for (const name of ["mqtt", "ws"] as const) ports[name] = await closedPort();
    const listen = (name: "mqtt" | "ws", target: number, options: string): string[] => [
      `listen ${name}`,
      `  bind 127.0.0.1:${ports[name]} ssl crt ${folder}/proxy.pem ca-file ${folder}/clients.pem verify optional`,
      `  server broker 127.0.0.1:${portOf(target)} ${options}`,
    ];
    const times = ["  mode tcp", "  timeout connect 10s", "  timeout client 60s", "  timeout server 60s"];
    const lines = [
      "defaults",
      ...times,
      ...listen("mqtt", 1, "send-proxy-v2-ssl-cn"),
      ...listen("ws", 3, "send-proxy-v2 proxy-v2-options ssl,cert-cn,authority"),
    ];
    await writeFile(join(folder, "haproxy.cfg"), `${lines.join("\n")}\n`);
    proxies.push(await ListeningProcess.start("haproxy", ["-db", "-f", join(folder, "haproxy.cfg")], ports.ws));
  });

  test("send-proxy-v2-ssl-cn says who a client is, and that it is nobody", async () => {
    const url = `mqtts://localhost:${ports.mqtt}`;
    expect(await ownerAt(url, secured(device))).toBe("device.localhost");
    expect(await ownerAt(url, secured())).toBe("");
  });

  test("the server name that haproxy was asked for chooses the tenant, and Host must agree with it", async () => {
    expect(await ownerAt(`wss://mqtt.localhost:${ports.ws}/mqtt`, secured())).toBe("");
    expect(await ownerAt(`wss://mqtt.localhost:${ports.ws}/mqtt`, secured(device))).toBe("device.localhost");
    await expect(ownerAt(`wss://nobody.localhost:${ports.ws}/mqtt`, secured())).rejects.toThrow(/WS_/);
    const torn = secured({ servername: "mqtt.localhost" });
    await expect(ownerAt(`wss://nobody.localhost:${ports.ws}/mqtt`, torn)).rejects.toMatchObject({
      code: "WS_STATUS",
      message: expect.stringContaining("421") as string,
    });
  });
});

test("a header of somebody who is no trusted proxy makes nobody of him, and is counted", async () => {
  const url = `ws://127.0.0.1:${portOf(2)}/mqtt`;
  const options = { headers: { [HEADER]: "CN=device.localhost" } };
  expect(await ownerAt(url, options)).toBe("");
  const metrics = await (await fetch(`${server.adminOrigin}/metrics`)).text();
  expect(metrics).toMatch(new RegExp(`bowline_listener_identities_ignored_total\\{listener="${url}"\\} 1`));
});
