import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectTcp, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, type PeerCertificate, type SecureVersion, type TLSSocket } from "node:tls";
import { clientHello } from "@bowline/testkit/security";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CertificateMaterial } from "./certificate-files.ts";
import { type LocalCa, openLocalCa, openLocalCertificate, openNamedCertificate } from "./local-ca.ts";
import { TenantTable } from "./tenant-directory.ts";
import { type InnerProtocol, TenantTls } from "./tenant-tls.ts";

let folder: string;
let ca: LocalCa;
let device: CertificateMaterial;
const servers: Server[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-tenant-"));
  ca = await openLocalCa({ folder });
  device = await ca.issue(["device.localhost"], "client");
});
afterAll(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the server's side saw of one handshake. */
interface Seen {
  readonly isReused: boolean;
  readonly isAuthorized: boolean;
  readonly peerName: string | undefined;
}

interface Running {
  readonly tenant: TenantTls;
  readonly port: number;
  readonly seen: Seen[];
}

async function run(tenant: TenantTls, protocol: InnerProtocol = "mqtt"): Promise<Running> {
  const seen: Seen[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    tenant.take(socket, protocol, {
      secured(secure) {
        const { subject } = secure.getPeerCertificate() ?? {};
        seen.push({
          isReused: secure.isSessionReused(),
          isAuthorized: secure.authorized,
          peerName: subject?.CN as string | undefined,
        });
        secure.on("error", () => {});
        secure.end("hello");
      },
      handshakeFailed: () => seen.push({ isReused: false, isAuthorized: false, peerName: "failed" }),
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { tenant, port: (server.address() as AddressInfo).port, seen };
}

async function newTenant(name: string): Promise<Running> {
  // One certificate for both, so that nothing but the tenant can tell them apart.
  return run(new TenantTls({ tenant: name, material: shared, clientCa: ca.certificate }));
}
let shared: CertificateMaterial;
beforeAll(async () => {
  shared = await ca.issue(["localhost"]);
});

/** Unlike `once`, this does not reject when an error comes first. */
function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

/** Connects and gives the last session ticket that came before the close. */
async function visit(port: number, options: ConnectionOptions): Promise<Buffer | undefined> {
  const socket: TLSSocket = connect({ port, host: "127.0.0.1", servername: "localhost", ca: ca.certificate, ...options });
  let session: Buffer | undefined;
  socket.on("session", (ticket) => {
    session = ticket;
  });
  socket.on("error", () => {});
  socket.resume();
  await closed(socket);
  return session;
}

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "a %s session of one tenant is a stranger at another",
  async (version: SecureVersion) => {
    const a = await newTenant("a");
    const b = await newTenant("b");
    const settings = { minVersion: version, maxVersion: version };
    const session = await visit(a.port, { ...settings, cert: device.certificate, key: device.privateKey });
    expect(a.seen).toEqual([{ isReused: false, isAuthorized: true, peerName: "device.localhost" }]);
    expect(session).toBeDefined();

    // The control: at its own tenant the ticket is worth what it says, certificate included.
    await visit(a.port, { ...settings, session });
    expect(a.seen[1]).toEqual({ isReused: true, isAuthorized: true, peerName: "device.localhost" });

    await visit(b.port, { ...settings, session });
    expect(b.seen).toEqual([{ isReused: false, isAuthorized: false, peerName: undefined }]);
  },
);

test.each(["mqtt", "http"] as const)(
  "on the %s side who asks for a machine's name is shown that name alone, others all names, and both are remembered",
  async (protocol) => {
    const named = await openNamedCertificate(ca, { folder, machineName: "localhost" });
    const material = await openLocalCertificate(ca, { folder, machineName: "localhost" });
    const { port, seen } = await run(new TenantTls({ tenant: "named", material, named }), protocol);
    const all = "DNS:localhost, DNS:*.localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1";
    for (const [servername, names] of [
      ["localhost", "DNS:localhost"],
      ["a.localhost", all],
      ["", all],
    ] as const) {
      let shown: string | undefined;
      // Node itself accepts no wildcard below a single label.
      const checkServerIdentity = (_host: string, peer: PeerCertificate): undefined => {
        shown ??= peer.subjectaltname;
      };
      const session = await visit(port, { servername, checkServerIdentity });
      expect(shown).toBe(names);
      await visit(port, { servername, checkServerIdentity, session });
    }
    expect(seen.map(({ isReused }) => isReused)).toEqual([false, true, false, true, false, true]);
  },
);

test("clients of TLS 1.1 are refused", async () => {
  const { port, seen } = await newTenant("old");
  await visit(port, { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" });
  expect(seen).toMatchObject([{ peerName: "failed" }]);
});

test("a peer that goes silent in the middle of its handshake is closed", async () => {
  const { port, seen } = await run(new TenantTls({ tenant: "slow", material: shared, handshakeTimeoutMs: 50 }));
  const socket = connectTcp({ port, host: "127.0.0.1" });
  socket.write(await clientHello());
  await once(socket.resume(), "close");
  expect(seen).toMatchObject([{ peerName: "failed" }]);
});

test.each([
  ["mqtt", ["mqtt"], "mqtt"],
  ["mqtt", undefined, false],
  ["mqtt", ["h2"], "failed"],
  ["http", ["h2", "http/1.1"], "http/1.1"],
] as const)("on the %s side a client that offers %j gets %j", async (protocol, offered, expected) => {
  const { port, seen } = await run(new TenantTls({ tenant: "alpn", material: shared }), protocol);
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: ca.certificate,
    ...(offered === undefined ? {} : { ALPNProtocols: [...offered] }),
  });
  let outcome: unknown = "failed";
  socket.on("secureConnect", () => {
    outcome = socket.alpnProtocol;
  });
  socket.on("error", () => {});
  socket.resume();
  await closed(socket);
  expect(outcome).toBe(expected);
  expect(seen).toHaveLength(1);
});

test("a client without certificate is refused where one is required", async () => {
  const { port, seen } = await run(
    new TenantTls({ tenant: "strict", material: shared, clientCa: ca.certificate, requiresClientCertificate: true }),
  );
  await visit(port, {});
  expect(seen).toMatchObject([{ peerName: "failed" }]);
  await visit(port, { cert: device.certificate, key: device.privateKey });
  expect(seen[1]).toMatchObject({ isAuthorized: true });
});

test("a replaced certificate serves the next handshake", async () => {
  const { tenant, port } = await newTenant("renewing");
  const renewed = await ca.issue(["localhost", "renewed.localhost"]);
  tenant.replace({ material: renewed });
  const socket = connect({ port, host: "127.0.0.1", servername: "renewed.localhost", ca: ca.certificate });
  await once(socket, "secureConnect");
  expect(socket.getPeerCertificate().subjectaltname).toContain("renewed.localhost");
  socket.destroy();
});

test("the table finds tenants by exact name and by one wildcard label", () => {
  const [main, acme, wild] = ["default", "acme", "wild"].map((tenant) => new TenantTls({ tenant, material: shared })) as [
    TenantTls,
    TenantTls,
    TenantTls,
  ];
  const table = new TenantTable(main, ["broker.example.com"]);
  table.add(acme, ["acme.example.com"]);
  table.add(wild, ["*.example.com"]);
  expect(table.byServerName("broker.example.com")).toBe(main);
  expect(table.byServerName("acme.example.com")).toBe(acme);
  expect(table.byServerName("other.example.com")).toBe(wild);
  expect(table.byServerName("a.b.example.com")).toBeUndefined();
  expect(table.byServerName("example.com")).toBeUndefined();
  table.remove("acme");
  expect(table.byServerName("acme.example.com")).toBe(wild);
  expect(table.byTenant("acme")).toBeUndefined();
});
