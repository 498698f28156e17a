import { webcrypto, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, type SecureVersion, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BrokerConfigInput } from "../config/broker-config.ts";
import { loadConfig } from "../config/load-config.ts";
import { createLogger, silentLogger } from "../log/logger.ts";
import type { CertificateMaterial } from "../tls/certificate-files.ts";
import { type LocalCa, openLocalCa } from "../tls/local-ca.ts";
import { type Server, startServer } from "./start-server.ts";

/* Which client certificates a running broker takes, when its authorities and revocation lists change under it. */

/** MQTT 5.0, Clean Start, no Client Identifier. */
const CONNECT = Buffer.from("100d00044d5154540502003c000000", "hex");

let folder = "";
let server: Server;
let authority: LocalCa;
let device: CertificateMaterial;
const sockets = new Set<TLSSocket>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-trust-"));
  authority = await openLocalCa({ folder: join(folder, "first") });
  device = await authority.issue(["device.localhost"], "client");
  const own = await authority.issue(["localhost"]);
  await writeFile(join(folder, "cert.pem"), own.certificate);
  await writeFile(join(folder, "key.pem"), own.privateKey);
  await writeFile(join(folder, "clients.pem"), authority.certificate);
  await writeFile(join(folder, "crl.pem"), await revocationList([]));
  server = await startServer({ config: await config(), logger: silentLogger, version: "0.0.0" });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await server.close();
  await rm(folder, { recursive: true });
});

function config(tls: BrokerConfigInput["tls"] = {}): ReturnType<typeof loadConfig> {
  return loadConfig({
    directory: folder,
    overrides: {
      data: "data",
      memory: true,
      anonymous: true,
      console: false,
      listen: ["mqtts://127.0.0.1:0"],
      tls: {
        certificate: "cert.pem",
        key: "key.pem",
        clientCa: "clients.pem",
        crl: "crl.pem",
        clientCertificate: "required",
        reloadSeconds: 0,
        ...tls,
      },
    },
  });
}

/** A list of the first authority, or another one, with the serial numbers of these certificates. */
async function revocationList(revoked: readonly CertificateMaterial[], issuer = authority, name = "first"): Promise<string> {
  // It demands this one to be there when it is loaded.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto as never);
  const pem = await readFile(join(folder, name, "ca-key.pem"), "utf8");
  const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
  const signingKey = await webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pem), algorithm, false, ["sign"]);
  const certificate = new x509.X509Certificate(issuer.certificate);
  const list = await x509.X509CrlGenerator.create({
    issuer: certificate.subject,
    // All local authorities of a machine have one name: the key tells whose list it is.
    extensions: [await x509.AuthorityKeyIdentifierExtension.create(certificate)],
    thisUpdate: new Date(Date.now() - 60_000),
    nextUpdate: new Date(Date.now() + 3_600_000),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    signingKey,
    entries: revoked.map((one) => ({
      serialNumber: new x509.X509Certificate(one.certificate).serialNumber,
      revocationDate: new Date(Date.now() - 30_000),
      reason: x509.X509CrlReason.keyCompromise,
    })),
  });
  // The label of RFC 7468, which OpenSSL insists on.
  return x509.PemConverter.encode(list.rawData, "X509 CRL");
}

interface Visit {
  /** Whether a CONNACK came. */
  readonly isIn: boolean;
  readonly isReused: boolean;
  readonly session: Buffer | undefined;
  readonly socket: TLSSocket;
}

async function visit(who: CertificateMaterial, options: ConnectionOptions = {}): Promise<Visit> {
  const port = Number(new URL((server.listeners[0] ?? "").replace("mqtts", "http")).port);
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: authority.certificate,
    cert: who.certificate,
    key: who.privateKey,
    ...options,
  });
  sockets.add(socket);
  let session: Buffer | undefined;
  socket.on("session", (ticket) => (session = ticket));
  socket.on("error", () => {});
  socket.write(CONNECT);
  const isIn = await new Promise<boolean>((resolve) => {
    socket.once("data", () => resolve(true)).once("close", () => resolve(false));
  });
  return { isIn, isReused: socket.isSessionReused(), session: session ?? socket.getSession(), socket };
}

const VERSIONS: readonly SecureVersion[] = ["TLSv1.2", "TLSv1.3"];

test.each(VERSIONS)(
  "%s: a certificate that is revoked is out from the reload on, tickets of it too; connections stay",
  async (version) => {
    const only = { minVersion: version, maxVersion: version };
    const first = await visit(device, only);
    expect(first.isIn).toBe(true);
    // The ticket works while nothing has changed, also over a reload that changes nothing.
    await server.reload(await config());
    const { session } = first;
    expect(session).toBeDefined();
    expect(await visit(device, { ...only, session })).toMatchObject({ isIn: true, isReused: true });

    await writeFile(join(folder, "crl.pem"), await revocationList([device]));
    await server.reload(await config());
    expect(await visit(device, only)).toMatchObject({ isIn: false });
    expect(await visit(device, { ...only, session })).toMatchObject({ isIn: false });
    expect(await visit(await authority.issue(["other.localhost"], "client"), only)).toMatchObject({ isIn: true });
    expect(first.socket.destroyed).toBe(false);
  },
);

test("another client authority takes the place of the old one", async () => {
  const second = await openLocalCa({ folder: join(folder, "second") });
  const stranger = await second.issue(["device.localhost"], "client");
  expect((await visit(stranger)).isIn).toBe(false);
  await writeFile(join(folder, "clients.pem"), second.certificate);
  await server.reload(await config({ crl: undefined }));
  expect((await visit(stranger)).isIn).toBe(true);
  expect((await visit(device)).isIn).toBe(false);
});

test("each authority has its revocation list in the file, and what is revoked says so in the log", async () => {
  const second = await openLocalCa({ folder: join(folder, "second") });
  const [good, bad] = await Promise.all(["good", "bad"].map((name) => second.issue([`${name}.localhost`], "client")));
  const lists = [await revocationList([device]), await revocationList([bad!], second, "second")];
  await writeFile(join(folder, "clients.pem"), `${authority.certificate}\n${second.certificate}`);
  await writeFile(join(folder, "crl.pem"), lists.join("\n"));
  await server.close();
  const lines: string[] = [];
  const logger = createLogger({ level: "info", format: "json", destination: { write: (line) => void lines.push(line) } });
  server = await startServer({ config: await config(), logger, version: "0.0.0" });
  expect((await visit(good!)).isIn).toBe(true);
  for (const who of [device, bad!]) expect((await visit(who)).isIn).toBe(false);
  expect(lines.filter((line) => line.includes("the client's certificate is not accepted (CERT_REVOKED)"))).toHaveLength(2);
  await writeFile(join(folder, "crl.pem"), lists.join("\n").slice(0, -40));
  await expect(server.reload(await config().catch(() => server.config))).rejects.toThrow(/crl\.pem: it is cut off: a X509 CRL/);
});

test.each([
  ["crl.pem", "no list"],
  ["clients.pem", "no certificate"],
  ["key.pem", "no key"],
])("a bad %s leaves all of the old in force", async (name, text) => {
  const good = await config();
  await writeFile(join(folder, name), text);
  await expect(config()).rejects.toMatchObject({ code: "CERTIFICATE_UNREADABLE" });
  await expect(server.reload(good)).rejects.toMatchObject({ code: "CERTIFICATE_UNREADABLE" });
  expect((await visit(device)).isIn).toBe(true);
});

/* The files are looked at by the broker itself. */

/** Starts a broker in place of the first, with these files, and answers what waits for its next word about certificates. */
async function watching(tls: NonNullable<BrokerConfigInput["tls"]>): Promise<(message: RegExp) => Promise<void>> {
  await server.close();
  const lines: string[] = [];
  let heard = (): void => {};
  const write = (line: string): void => {
    if (!line.includes("certificates")) return;
    lines.push(line);
    heard();
  };
  const watched = await config(tls);
  // More often than a file may say, so that the test need not wait for a second each time.
  const often = { ...watched, tls: { ...watched.tls, reloadSeconds: 0.05 } };
  const logger = createLogger({ level: "info", format: "json", destination: { write } });
  server = await startServer({ config: often, logger, version: "0.0.0" });
  return async (message) => {
    while (lines.length === 0) await new Promise<void>((resolve) => (heard = resolve));
    expect(lines.shift()).toMatch(message);
  };
}

const LOADED = /"certificates reloaded"/;
const REFUSED = /the new certificates cannot be used; the old ones stay in force/;

/** What the broker sends beside its own certificate; a client that trusts nobody has no others to fill the chain with. */
async function chainOf(): Promise<string | undefined> {
  const { socket } = await visit(device, { ca: [], rejectUnauthorized: false });
  return socket.getPeerX509Certificate()?.issuerCertificate?.fingerprint256;
}

test("a chain that changes is loaded, a bad one is not", async () => {
  const other = await openLocalCa({ folder: join(folder, "other") });
  const [first, second] = [other, authority].map(({ certificate }) => new X509Certificate(certificate).fingerprint256);
  await writeFile(join(folder, "chain.pem"), other.certificate);
  // Without client authorities, from which OpenSSL would fill the chain.
  const said = await watching({ chain: "chain.pem", clientCa: undefined, crl: undefined, clientCertificate: "optional" });
  expect(await chainOf()).toBe(first);
  await writeFile(join(folder, "chain.pem"), authority.certificate);
  await said(LOADED);
  expect(await chainOf()).toBe(second);
  await writeFile(join(folder, "chain.pem"), "no certificate");
  await said(REFUSED);
  expect(await chainOf()).toBe(second);
});

test("client authorities that change are loaded, bad ones are not", async () => {
  const second = await openLocalCa({ folder: join(folder, "second") });
  const stranger = await second.issue(["device.localhost"], "client");
  const said = await watching({ crl: undefined });
  expect((await visit(stranger)).isIn).toBe(false);
  await writeFile(join(folder, "clients.pem"), `${authority.certificate}\n${second.certificate}`);
  await said(LOADED);
  for (const who of [stranger, device]) expect((await visit(who)).isIn).toBe(true);
  await writeFile(join(folder, "clients.pem"), "no certificate");
  await said(REFUSED);
  for (const who of [stranger, device]) expect((await visit(who)).isIn).toBe(true);
});

test("a revocation list that changes is loaded, a bad one is not", async () => {
  const said = await watching({});
  expect((await visit(device)).isIn).toBe(true);
  await writeFile(join(folder, "crl.pem"), await revocationList([device]));
  await said(LOADED);
  expect((await visit(device)).isIn).toBe(false);
  await writeFile(join(folder, "crl.pem"), "no list");
  await said(REFUSED);
  expect((await visit(device)).isIn).toBe(false);
});

test("key and certificate that change are loaded together, one without the other is not", async () => {
  const said = await watching({});
  const nameOf = async (): Promise<string> => (await visit(device)).socket.getPeerX509Certificate()?.subject ?? "";
  const next = await authority.issue(["127.0.0.1.localhost", "localhost"]);
  await writeFile(join(folder, "key.pem"), next.privateKey);
  await said(REFUSED);
  expect(await nameOf()).toBe("CN=localhost");
  await writeFile(join(folder, "cert.pem"), next.certificate);
  await said(LOADED);
  expect(await nameOf()).toBe("CN=127.0.0.1.localhost");
});
