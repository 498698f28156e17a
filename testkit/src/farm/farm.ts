import { mkdtemp, rm } from "node:fs/promises";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Material } from "../failures/openssl-certificates.ts";
import { TenantsServer } from "../failures/tenants-server.ts";
import { HttpProxyServer } from "../proxy/http-proxy-server.ts";
import { TestServer } from "../proxy/test-server.ts";
import { makeCertificates, type MaterialName } from "./certificates.ts";
import { serveFake } from "./fake-broker.ts";
import { serveHttp } from "./http-faults.ts";
import { cloudServer } from "./cloud-server.ts";
import { SilentHole } from "./silent-hole.ts";

/** One server for each fault, on free ports of the loopback. */
export class Farm {
  readonly certificates: Readonly<Record<MaterialName, Material>>;
  private readonly folder: string;
  private readonly servers = new Map<string, TestServer>();
  private hole: SilentHole | undefined;
  private closedPort = 0;

  private constructor(folder: string, certificates: Readonly<Record<MaterialName, Material>>) {
    this.folder = folder;
    this.certificates = certificates;
  }

  static async start(): Promise<Farm> {
    const folder = await mkdtemp(join(tmpdir(), "bowline-farm-"));
    const farm = new Farm(folder, await makeCertificates(folder));
    await farm.addSockets();
    await farm.addTls();
    await farm.addWeb();
    farm.hole = await SilentHole.start();
    return farm;
  }

  port(name: string): number {
    if (name === "closed") return this.closedPort;
    const port = name === "hole" ? this.hole?.port : this.servers.get(name)?.port;
    if (port === undefined) throw new Error(`the farm has no ${name}`);
    return port;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
    await this.hole?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async add(name: string, server: net.Server): Promise<void> {
    const one = new TestServer(server);
    this.servers.set(name, one);
    await one.listen();
  }

  private async addSockets(): Promise<void> {
    await this.add(
      "mqtt",
      net.createServer((socket) => serveFake(socket)),
    );
    await this.add(
      "silent",
      net.createServer((socket) => socket.resume()),
    );
    await this.add(
      "fin",
      net.createServer((socket) => socket.end()),
    );
    await this.add(
      "rst",
      net.createServer((socket) => socket.resetAndDestroy()),
    );
    await this.add(
      "finAfter",
      net.createServer((socket) => socket.once("data", () => socket.end())),
    );
    await this.add(
      "ssh",
      net.createServer((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n")),
    );
    await this.add(
      "smtp",
      net.createServer((socket) => socket.write("220 mail.example ESMTP\r\n")),
    );
    await this.add(
      "nats",
      net.createServer((socket) => socket.write('INFO {"server_id":"x"}\r\n')),
    );
    await this.add(
      "redis",
      net.createServer((socket) => socket.once("data", () => socket.write("-ERR unknown command\r\n"))),
    );
    await this.add(
      "amqp",
      net.createServer((socket) => socket.once("data", () => socket.end("AMQP\0\0\x09\x01", "latin1"))),
    );
    for (const alert of [42, 43, 45, 46, 48, 112]) {
      await this.add(
        `alert${alert}`,
        net.createServer((socket) => socket.once("data", () => socket.end(Uint8Array.of(0x15, 3, 3, 0, 2, 2, alert)))),
      );
    }
    this.closedPort = await closedPort();
    this.servers.set("proxy", await HttpProxyServer.start());
  }

  private async addTls(): Promise<void> {
    const { certificates } = this;
    for (const [name, material] of Object.entries(certificates)) await this.addSecure(name, material);
    const { root, intermediate, oldIntermediate, byIntermediate, good } = certificates;
    const chain = (...parts: readonly Material[]): Material => ({
      cert: parts.map(({ cert }) => cert).join(""),
      key: parts[0]?.key ?? "",
    });
    await this.addSecure("withRoot", chain(good, root));
    await this.addSecure("withIntermediate", chain(byIntermediate, intermediate));
    await this.addSecure("withOldIntermediate", chain(certificates.byOldIntermediate, oldIntermediate));
    await this.addSecure("version", good, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" });
    await this.addSecure("cipher", good, { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" });
    const askCertificate = { requestCert: true, rejectUnauthorized: true, ca: root.cert };
    await this.addSecure("mtls12", good, { ...askCertificate, maxVersion: "TLSv1.2" });
    await this.addSecure("mtls13", good, { ...askCertificate, minVersion: "TLSv1.3" });
    await this.addSecure("alpn", good, { ALPNProtocols: ["x-amzn-mqtt-ca"] });
    const picky = (material: Material): tls.Server =>
      tls.createServer({ ...material, ALPNProtocols: ["x-amzn-mqtt-ca", "mqtt"] }, (socket) =>
        socket.alpnProtocol === false ? socket.end() : serveFake(socket),
      );
    await this.add("alpnNeeded", picky(good));
    await this.add("awsAlpn", picky(certificates.aws));
    this.servers.set("sniAlert", await TenantsServer.start("alert", good, serveFake));
    this.servers.set("sniClose", await TenantsServer.start("close", good, serveFake));
  }

  private async addSecure(name: string, material: Material, options: tls.TlsOptions = {}): Promise<void> {
    const server = tls.createServer({ ...material, ...options }, (socket) => serveFake(socket));
    server.on("tlsClientError", () => undefined);
    await this.add(`tls:${name}`, server);
  }

  private async addWeb(): Promise<void> {
    const { good, aws } = this.certificates;
    await this.add("ws", webServer(http.createServer()));
    await this.add("wss", webServer(https.createServer(good)));
    await this.add("wssAws", webServer(https.createServer(aws)));
    await this.add("clouds", cloudServer(this.certificates));
    await this.add("politeTls", politeTls(this.certificates.foreignLeaf));
    await this.add("politeExpired", politeTls(this.certificates.expired));
    await this.add("h2", webServer(https.createServer({ ...good, ALPNProtocols: ["h2", "http/1.1"] })));
  }
}

/** `/mqtt` is a broker; other paths are faults. */
function webServer<Server extends http.Server | https.Server>(server: Server): Server {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has("mqtt") ? "mqtt" : false) });
  server.on("request", (_request, response) => response.end("<html>hello</html>"));
  server.on("upgrade", (request: http.IncomingMessage, socket: net.Socket, head: Buffer) => {
    socket.on("error", () => undefined);
    if (serveHttp(request, socket)) return;
    sockets.handleUpgrade(request, socket, head, (one) => serveFake(createWebSocketStream(one)));
  });
  return server;
}

/** Complains in HTTP of requests that come without TLS, as nginx and others do. */
function politeTls(material: Material): net.Server {
  const secure = tls.createServer(material, (socket) => serveFake(socket));
  secure.on("tlsClientError", () => undefined);
  return net.createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (first: Buffer) => {
      if (first[0] !== 0x16) {
        socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
      }
      socket.pause();
      socket.unshift(first);
      secure.emit("connection", socket);
    });
  });
}

const closedPortsFrom = 20_000;
const closedPortsMany = 10_000;

/** A port that nobody listens on, from below those that systems hand out: one of these would be another test's a moment later. */
async function closedPort(): Promise<number> {
  for (;;) {
    const port = closedPortsFrom + Math.floor(Math.random() * closedPortsMany);
    const socket = net.connect(port, "127.0.0.1");
    const isClosed = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(false)).once("error", () => resolve(true));
    });
    socket.destroy();
    if (isClosed) return port;
  }
}
