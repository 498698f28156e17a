import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@bowline/client";
import { localServers } from "@bowline/testkit/broker";
import { beforeEach, expect, test } from "vitest";
import { type LocalCa, openLocalCa } from "../tls/local-ca.ts";
import type { AuthRequest } from "./authenticator.ts";
import { CertificateMethod, firstAlternativeName } from "./certificate-method.ts";

const servers = localServers({ memory: true });
let authority: LocalCa;
beforeEach(async () => {
  authority = await openLocalCa({ folder: join(servers.folder, "ca") });
});

const request = (peerCertificate?: Uint8Array): AuthRequest => ({
  tenant: "default",
  username: "somebody",
  password: undefined,
  clientIdentifier: "c",
  transport: "tls",
  remoteAddress: "192.0.2.1",
  ...(peerCertificate === undefined ? {} : { peerCertificate }),
});

test("the owner is the Common Name, or an alternative name; the login ends with the certificate", async () => {
  const { certificate } = await authority.issue(["device.localhost", "other.localhost"], "client");
  const { raw, validTo } = new X509Certificate(certificate);
  const allowed = { allowed: true, owner: "device.localhost", expiresAt: Date.parse(validTo) };
  expect(new CertificateMethod("commonName").answerNow(request(raw))).toEqual(allowed);
  expect(new CertificateMethod("dns").answerNow(request(raw))).toEqual(allowed);
  expect(new CertificateMethod("email").answerNow(request(raw))).toMatchObject({ allowed: false, reasonCode: 0x87 });
  expect(await new CertificateMethod("uri").answer(request(raw))).toMatchObject({ allowed: false, reasonCode: 0x87 });
});

test("no part of a name in quotes is a name: CVE-2021-44532", () => {
  const odd = 'DNS:"a, email:root@example.com, b\\"c", URI:urn:x, DNS:second, email:ann@example.com';
  expect(firstAlternativeName(odd, "email")).toBe("ann@example.com");
  expect(firstAlternativeName(odd, "URI")).toBe("urn:x");
  expect(firstAlternativeName(odd, "DNS")).toBeUndefined();
  expect(firstAlternativeName("DNS:a, IP Address:127.0.0.1", "IP Address")).toBe("127.0.0.1");
  for (const nothing of ["", "email:", 'odd"text', "DNS:a"]) expect(firstAlternativeName(nothing, "email") ?? "").toBe("");
});

test("of a certificate that a proxy has verified the Common Name may be all that is told", () => {
  const named = { ...request(), peerCommonName: "device" };
  expect(new CertificateMethod("commonName").answerNow(named)).toEqual({ allowed: true, owner: "device" });
  expect(new CertificateMethod("dns").answerNow(named)).toMatchObject({ allowed: false, reasonCode: 0x87 });
  const empty = { ...named, peerCommonName: "" };
  expect(new CertificateMethod("commonName").answerNow(empty)).toMatchObject({ allowed: false, reasonCode: 0x87 });
});

test("a client without a certificate is left to the others", () => {
  expect(new CertificateMethod("commonName").answerNow(request())).toBe("abstain");
});

test("over real sockets: with a certificate as its owner, without one by password", async () => {
  const own = await authority.issue(["localhost"]);
  await writeFile(join(servers.folder, "cert.pem"), own.certificate);
  await writeFile(join(servers.folder, "key.pem"), own.privateKey);
  await writeFile(join(servers.folder, "clients.pem"), authority.certificate);
  const server = await servers.start({
    listen: ["mqtts://localhost:0"],
    tls: { certificate: "cert.pem", key: "key.pem", clientCa: "clients.pem" },
    authentication: [{ kind: "certificate" }, { kind: "password" }],
  });
  await server.users.add("default", "ann", "secret");
  const device = await authority.issue(["device.localhost"], "client");
  const stranger = await (await openLocalCa({ folder: join(servers.folder, "strangers") })).issue(["device.localhost"], "client");
  const dial = (tls: object, credentials: { username?: string; password?: string } = {}): Client =>
    servers.client({ tls: { ca: authority.certificate, ...tls }, credentials });
  const certified = dial({ cert: device.certificate, key: device.privateKey });
  await certified.online();
  await dial({}, { username: "ann", password: "secret" }).online();
  const owners = [...server.broker.connections()].map(({ session }) => session?.owner);
  expect(owners.sort()).toEqual(["ann", "device.localhost"]);
  const code = "NOT_AUTHORIZED";
  await expect(dial({}).online()).rejects.toMatchObject({ code });
  await expect(dial({ cert: stranger.certificate, key: stranger.privateKey }).online()).rejects.toMatchObject({ code });
});
