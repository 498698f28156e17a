import { mkdtemp, rm } from "node:fs/promises";
import { X509Certificate } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLocalCa } from "../tls/local-ca.ts";
import { clientIdentity, identityOfHeader, identityOfProxy } from "./client-identity.ts";

let folder = "";
let certificate: X509Certificate;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-identity-"));
  const { certificate: pem } = await (await openLocalCa({ folder })).issue(["device.localhost"], "client");
  certificate = new X509Certificate(pem);
});
afterAll(() => rm(folder, { recursive: true }));

test("a certificate is read as escaped PEM and as DER in base64", () => {
  const base64 = certificate.raw.toString("base64");
  for (const text of [encodeURIComponent(certificate.toString()), base64, `:${base64}:`, ` ${base64} `])
    expect(identityOfHeader(text)).toEqual({ certificate: certificate.raw });
});

test.each([
  ["CN=device", "device"],
  ["CN=device,OU=plant,O=Example", "device"],
  ["O=Example,CN=device", "device"],
  ["O=Example+CN=device", "device"],
  ["cn=device\\, one,O=Example", "device, one"],
  ["CN=a\\+b\\=c\\\\d", "a+b=c\\d"],
  ["CN=M\\C3\\BCller", "M\u00fcller"],
  // What stands in another attribute is no name.
  ["O=Evil\\,CN=admin,CN=device", "device"],
])("the subject %s has the Common Name %s", (subject, commonName) => {
  expect(identityOfHeader(subject)).toEqual({ commonName });
});

test.each([
  "nonsense",
  "CN=one,CN=two",
  "O=nobody",
  "CN=unended\\",
  "CN=a, b",
  "-----BEGIN%20CERTIFICATE-----",
  "%%%",
  "A".repeat(80),
  "/CN=device",
])("%s is malformed", (text) => {
  expect(identityOfHeader(text)).toBeUndefined();
});

test("no value is a client without a certificate", () => {
  expect(identityOfHeader("")).toEqual({});
});

test("what a proxy says wins over a certificate that we see, which is then the proxy's own", () => {
  const tls = { isAuthorized: true, peerCertificate: () => ({ raw: certificate.raw }) } as never;
  expect(clientIdentity({ tls })).toEqual({ certificate: certificate.raw });
  expect(clientIdentity({ tls, identity: {} })).toEqual({});
  expect(clientIdentity({ tls, identity: { commonName: "device" } })).toEqual({ commonName: "device" });
  const proxy = { version: 2, sourceAddress: undefined, sourcePort: undefined, authority: undefined } as const;
  expect(identityOfProxy({ ...proxy, tls: undefined })).toBeUndefined();
  const ended = { protocol: "TLSv1.3", commonName: undefined };
  expect(identityOfProxy({ ...proxy, tls: ended })).toEqual({});
  expect(identityOfProxy({ ...proxy, tls: { ...ended, commonName: "device" } })).toEqual({ commonName: "device" });
});
