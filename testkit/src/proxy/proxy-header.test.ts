import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { type Arrival, loadConfig, type Server, startServer } from "@bowline/broker";
import { openLocalCa, silentLogger } from "@bowline/broker/internal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { closedPort } from "../guides/closed-port.ts";
import { ListeningProcess } from "../system/listening-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";

/* Who the broker thinks a client is when a real proxy stands between them: haproxy with PROXY version 2, nginx with version 1. */

/** A loopback address that is nobody else's, so that the proxy's own cannot be taken for it. */
const CLIENT = "127.0.0.77";
/** MQTT 5.0, Clean Start, Keep Alive 60, no properties, and a Client Identifier that the broker makes. */
const CONNECT = Buffer.from("100d00044d5154540502003c000000", "hex");

let folder = "";
let server: Server;
let ca = "";
const processes: ListeningProcess[] = [];
const ports: Record<string, number> = {};

const haproxyMissing = missingPrograms("haproxy");
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";
const nginxMissing = missingPrograms("nginx") + (existsSync(STREAM_MODULE) ? "" : " nginx's stream module");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-proxied-"));
  const proxied = (url: string): { url: string; proxyProtocol: true } => ({ url, proxyProtocol: true });
  const config = await loadConfig({
    directory: folder,
    overrides: {
      data: "data",
      memory: true,
      anonymous: true,
      console: false,
      listen: [proxied("mqtt://127.0.0.1:0"), proxied("mqtts://127.0.0.1:0"), proxied("ws://127.0.0.1:0"), "mqtt://127.0.0.1:0"],
    },
  });
  server = await startServer({ config, logger: silentLogger, version: "0.0.0" });
  ca = server.localCa?.certificate ?? "";
  for (const name of ["plain", "tls", "ws", "ended"]) ports[name] = await closedPort();
  for (const name of ["nginxPlain", "nginxTls", "nginxWs"]) ports[name] = await closedPort();
  if (haproxyMissing === "") await startHaproxy();
  if (nginxMissing === "") await startNginx();
});

afterAll(async () => {
  for (const child of processes) await child.stop();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(haproxyMissing !== "")("haproxy, PROXY version 2", () => {
  test("plain MQTT has the client's address and port", async () => {
    const socket = await mqttOver(await tcp(ports["plain"]));
    expect(arrivalOf(socket)).toMatchObject({ remoteAddress: CLIENT, remotePort: socket.localPort, proxy: { version: 2 } });
    socket.destroy();
  });

  test("TLS that passes through has it too, and the name it asked for", async () => {
    const raw = await tcp(ports["tls"]);
    const socket = await secured(raw, { servername: "localhost" });
    await mqttOver(socket);
    expect(arrivalOf(raw)).toMatchObject({ remoteAddress: CLIENT, transport: "tls", tls: { serverName: "localhost" } });
    socket.destroy();
  });

  test("TLS that ends at the proxy tells its version, and the common name of a certificate the proxy has checked", async () => {
    const authority = await openLocalCa({ folder: join(folder, "data") });
    const device = await authority.issue(["device.localhost"], "client");
    const raw = await tcp(ports["ended"]);
    const socket = await secured(raw, { servername: "localhost", cert: device.certificate, key: device.privateKey });
    await mqttOver(socket);
    const { remoteAddress, proxy } = arrivalOf(raw);
    expect(remoteAddress).toBe(CLIENT);
    expect(proxy).toMatchObject({
      version: 2,
      authority: "localhost",
      tls: { protocol: expect.stringMatching(/^TLSv1\.[23]$/) as string },
    });
    expect(proxy?.tls).toHaveProperty("commonName", "device.localhost");
    socket.destroy();
  });

  test("WebSocket has it too", async () => {
    const socket = await webSocket(ports["ws"]);
    expect([...server.broker.connections()].map(({ arrival }) => [arrival.transport, arrival.remoteAddress])).toContainEqual([
      "ws",
      CLIENT,
    ]);
    socket.terminate();
  });
});

describe.skipIf(nginxMissing !== "")("nginx, PROXY version 1", () => {
  test.each(["nginxPlain", "nginxTls"])("%s has the client's address and port", async (name) => {
    const raw = await tcp(ports[name]);
    const socket = name === "nginxTls" ? await secured(raw, { servername: "localhost" }) : raw;
    await mqttOver(socket);
    expect(arrivalOf(raw)).toMatchObject({ remoteAddress: CLIENT, remotePort: raw.localPort, proxy: { version: 1 } });
    socket.destroy();
  });

  test("WebSocket has it too", async () => {
    const socket = await webSocket(ports["nginxWs"]);
    expect([...server.broker.connections()].map(({ arrival }) => arrival.proxy?.version)).toContain(1);
    socket.terminate();
  });
});

test("a listener that expects a header takes nobody without one, and one that expects none takes nobody with one", async () => {
  const [plain = "", , , open = ""] = server.listeners;
  for (const [url, bytes] of [
    [plain, CONNECT],
    [open, Buffer.concat([Buffer.from("PROXY TCP4 1.2.3.4 127.0.0.1 5 6\r\n"), CONNECT])],
  ] as const) {
    const socket = await tcp(portOf(url));
    socket.write(bytes);
    await once(socket.resume(), "close");
  }
});

function arrivalOf(socket: Socket): Arrival {
  const found = [...server.broker.connections()].find(({ arrival }) => arrival.remotePort === socket.localPort);
  if (found === undefined) throw new Error("the broker knows no such client");
  return found.arrival;
}

async function tcp(port = 0): Promise<Socket> {
  const socket = connectTcp({ port, host: "127.0.0.1", localAddress: CLIENT });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

async function secured(socket: Socket, options: ConnectionOptions): Promise<Socket> {
  const made = connectTls({ socket, ca, ...options });
  made.on("error", () => {});
  await once(made, "secureConnect");
  return made;
}

/** Resolves when the CONNACK came, with success. */
async function mqttOver<T extends Socket>(socket: T): Promise<T> {
  socket.write(CONNECT);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  expect([chunk[0], chunk[3]]).toEqual([0x20, 0]);
  return socket;
}

async function webSocket(port = 0): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, "mqtt", { localAddress: CLIENT });
  socket.on("error", () => {});
  await once(socket, "open");
  socket.send(CONNECT);
  await once(socket, "message");
  return socket;
}

async function startHaproxy(): Promise<void> {
  const authority = await openLocalCa({ folder: join(folder, "data") });
  const { certificate, privateKey } = await authority.issue(["localhost"]);
  await writeFile(join(folder, "haproxy.pem"), `${certificate}\n${privateKey}`);
  await writeFile(join(folder, "clients.pem"), ca);
  const [plain = "", tls = "", ws = ""] = server.listeners;
  const pass = (name: string, bind: string, target: string, options: string): string =>
    [`listen ${name}`, `  bind 127.0.0.1:${ports[name]}${bind}`, `  server broker 127.0.0.1:${portOf(target)} ${options}`].join(
      "\n",
    );
  const text = [
    "defaults",
    "  mode tcp",
    "  timeout connect 10s",
    "  timeout client 60s",
    "  timeout server 60s",
    pass("plain", "", plain, "send-proxy-v2"),
    pass("tls", "", tls, "send-proxy-v2"),
    pass("ws", "", ws, "send-proxy-v2"),
    pass(
      "ended",
      ` ssl crt ${folder}/haproxy.pem ca-file ${folder}/clients.pem verify optional`,
      plain,
      "send-proxy-v2 proxy-v2-options ssl,cert-cn,authority",
    ),
    "",
  ].join("\n");
  await writeFile(join(folder, "haproxy.cfg"), text);
  processes.push(await ListeningProcess.start("haproxy", ["-db", "-f", join(folder, "haproxy.cfg")], ports["ended"] ?? 0));
}

async function startNginx(): Promise<void> {
  const [plain = "", tls = "", ws = ""] = server.listeners;
  const pass = (port: number | undefined, target: string): string =>
    `  server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${portOf(target)}; proxy_protocol on; }`;
  const text = [
    `load_module ${STREAM_MODULE};`,
    "daemon off;",
    "master_process off;",
    `pid ${folder}/nginx.pid;`,
    "events { worker_connections 64; }",
    "stream {",
    pass(ports["nginxPlain"], plain),
    pass(ports["nginxTls"], tls),
    pass(ports["nginxWs"], ws),
    "}",
    "",
  ].join("\n");
  await writeFile(join(folder, "nginx.conf"), text);
  processes.push(
    await ListeningProcess.start("nginx", ["-e", "stderr", "-p", folder, "-c", join(folder, "nginx.conf")], ports["nginxWs"] ?? 0),
  );
}

function portOf(url: string): number {
  return Number(new URL(url.replace(/^\w+/, "http")).port);
}
