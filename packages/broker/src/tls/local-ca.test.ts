import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:tls";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLocalCa, openLocalCertificate } from "./local-ca.ts";

const DAY_MS = 86_400_000;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-ca-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function openssl(...args: string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" });
}

test("openssl accepts the certificate under the authority for each of its names", async () => {
  const ca = await openLocalCa({ folder, machineName: "box7" });
  await openLocalCertificate(ca, { folder, machineName: "box7" });
  const leaf = join(folder, "server.pem");
  for (const check of [
    ["-verify_hostname", "localhost"],
    ["-verify_hostname", "box7"],
    ["-verify_ip", "127.0.0.1"],
    ["-verify_ip", "::1"],
  ]) {
    expect(openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca.certificateFile, ...check, leaf)).toContain(
      "OK",
    );
  }
  const text = openssl("x509", "-in", ca.certificateFile, "-noout", "-text");
  expect(text).toMatch(
    /Name Constraints: critical\s+Permitted:\s+DNS:localhost\s+DNS:box7\s+IP:127.0.0.0\/255.0.0.0\s+IP:0:0:0:0:0:0:0:1/,
  );
  expect(text).toContain("CA:TRUE, pathlen:0");
});

test("openssl refuses what the authority signs for names outside its constraints", async () => {
  const ca = await openLocalCa({ folder, machineName: "box7" });
  for (const name of ["example.com", "box8", "10.0.0.1"]) {
    const file = join(folder, "evil.pem");
    await writeFile(file, (await ca.issue([name])).certificate);
    expect(() => openssl("verify", "-CAfile", ca.certificateFile, file)).toThrow(/permitted subtree violation/);
  }
  const inside = join(folder, "inside.pem");
  await writeFile(inside, (await ca.issue(["acme.localhost", "127.8.9.1"])).certificate);
  expect(openssl("verify", "-CAfile", ca.certificateFile, inside)).toContain("OK");
});

test("Node's TLS client trusts localhost, 127.0.0.1 and the machine's name, and nothing else", async () => {
  const ca = await openLocalCa({ folder, machineName: "box7" });
  const material = await openLocalCertificate(ca, { folder, machineName: "box7" });
  const server = createServer({ key: material.privateKey, cert: material.certificate }, (socket) => socket.end());
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const outcome = async (servername?: string): Promise<string> => {
    const socket = connect({ port, host: "127.0.0.1", ca: ca.certificate, ...(servername === undefined ? {} : { servername }) });
    const result = await once(socket, "secureConnect").then(
      () => "ok",
      (error: { code: string }) => error.code,
    );
    socket.destroy();
    return result;
  };
  expect(await outcome("localhost")).toBe("ok");
  expect(await outcome("box7")).toBe("ok");
  expect(await outcome()).toBe("ok");
  expect(await outcome("other")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  server.close();
});

test("a restart loads the same authority and certificate", async () => {
  const first = await openLocalCa({ folder });
  const firstLeaf = await openLocalCertificate(first, { folder });
  const again = await openLocalCa({ folder });
  const againLeaf = await openLocalCertificate(again, { folder });
  expect(again.certificate).toBe(first.certificate);
  expect(againLeaf).toEqual(firstLeaf);
  for (const name of ["ca-key.pem", "server.pem"]) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
});

test("a certificate is made anew when fewer than 30 days remain or the names changed, never valid for more than 397 days", async () => {
  const start = Date.now();
  const ca = await openLocalCa({ folder, machineName: "box7", now: () => start });
  const first = await openLocalCertificate(ca, { folder, machineName: "box7", now: () => start });
  const { validFrom, validTo } = new X509Certificate(first.certificate);
  expect(Date.parse(validTo) - Date.parse(validFrom)).toBeLessThanOrEqual(397 * DAY_MS);
  const kept = await openLocalCertificate(ca, { folder, machineName: "box7", now: () => start + 365 * DAY_MS });
  expect(kept.certificate).toBe(first.certificate);
  const renewed = await openLocalCertificate(ca, { folder, machineName: "box7", now: () => start + 367 * DAY_MS });
  expect(renewed.certificate).not.toBe(first.certificate);
  const renamed = await openLocalCertificate(ca, { folder, machineName: "box8", now: () => start + 368 * DAY_MS });
  expect(renamed.dnsNames).toEqual(["localhost", "*.localhost"]);
});

test("damaged or missing files are named, and nothing is overwritten", async () => {
  const ca = await openLocalCa({ folder });
  await openLocalCertificate(ca, { folder });
  const caKey = await readFile(join(folder, "ca-key.pem"), "utf8");
  await writeFile(join(folder, "server.pem"), "nonsense");
  await expect(openLocalCertificate(ca, { folder })).rejects.toMatchObject({
    code: "CERTIFICATE_UNREADABLE",
    message: expect.stringContaining("server.pem"),
  });
  expect(await readFile(join(folder, "server.pem"), "utf8")).toBe("nonsense");
  await rm(join(folder, "server.pem"));
  await writeFile(join(folder, "ca-key.pem"), caKey.replace(/\n[A-Za-z0-9+/]{20}/, "\nAAAAAAAAAAAAAAAAAAAA"));
  await expect(openLocalCertificate(ca, { folder })).rejects.toMatchObject({
    code: "CERTIFICATE_UNREADABLE",
    message: expect.stringContaining("ca-key.pem"),
  });
  const other = await openLocalCa({ folder: join(folder, "other") });
  await writeFile(join(folder, "ca-key.pem"), await readFile(join(folder, "other", "ca-key.pem")));
  await expect(openLocalCertificate(ca, { folder })).rejects.toMatchObject({
    code: "KEY_MISMATCH",
    message: expect.stringContaining("ca-key.pem"),
  });
  await writeFile(join(folder, "ca.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  await expect(openLocalCa({ folder })).rejects.toMatchObject({
    code: "CERTIFICATE_UNREADABLE",
    message: expect.stringContaining("ca.pem"),
  });
  expect(other.certificate).toContain("BEGIN CERTIFICATE");
});
