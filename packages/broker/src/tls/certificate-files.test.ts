import { createPrivateKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CertificateMaterial, readCertificateFiles } from "./certificate-files.ts";
import { openLocalCa } from "./local-ca.ts";

let folder: string;
let material: CertificateMaterial;
let chain: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-files-"));
  const ca = await openLocalCa({ folder });
  chain = ca.certificate;
  material = await ca.issue(["Broker.Example.com", "10.0.0.1"]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

test("reads certificate, chain and key, and tells names and end", async () => {
  const certificateFile = await file("cert.pem", `a comment\n${material.certificate}`);
  const keyFile = await file("key.pem", material.privateKey);
  const chainFile = await file("chain.pem", chain);
  const read = await readCertificateFiles({ certificateFile, keyFile, chainFile });
  expect(read.certificate.match(/BEGIN/g)).toHaveLength(2);
  expect(read.dnsNames).toEqual(["broker.example.com"]);
  expect(read.notAfter).toEqual(material.notAfter);
  expect(read.privateKey).toBe(material.privateKey);
});

test("opens an encrypted key with its passphrase", async () => {
  const certificateFile = await file("cert.pem", material.certificate);
  const encrypted = createPrivateKey(material.privateKey).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "sesame",
  });
  const keyFile = await file("encrypted.pem", encrypted.toString());
  expect((await readCertificateFiles({ certificateFile, keyFile, passphrase: "sesame" })).privateKey).toBe(material.privateKey);
  await expect(readCertificateFiles({ certificateFile, keyFile })).rejects.toMatchObject({
    code: "CERTIFICATE_UNREADABLE",
    message: expect.stringMatching(/encrypted\.pem: its key needs a passphrase/),
  });
  await expect(readCertificateFiles({ certificateFile, keyFile, passphrase: "open" })).rejects.toMatchObject({
    message: expect.stringMatching(/encrypted\.pem: the passphrase is wrong/),
  });
});

test("names the file and what is wrong with it", async () => {
  const certificateFile = await file("cert.pem", material.certificate);
  const keyFile = await file("key.pem", material.privateKey);
  const der = Buffer.from(material.certificate.replace(/-.*-|\s/g, ""), "base64");
  const faults: readonly (readonly [Parameters<typeof readCertificateFiles>[0], RegExp])[] = [
    [{ certificateFile: join(folder, "none.pem"), keyFile }, /none\.pem: there is no such file/],
    [{ certificateFile: folder, keyFile }, /it is a folder/],
    [{ certificateFile: await file("empty.pem", ""), keyFile }, /empty\.pem: it holds no PEM certificate \(it is empty\)/],
    [{ certificateFile: await file("cert.der", der), keyFile }, /it looks like DER/],
    [
      { certificateFile: await file("half.pem", `${material.certificate}\n${material.certificate.slice(0, 300)}`), keyFile },
      /half\.pem: it is cut off: a CERTIFICATE in it has no end/,
    ],
    [{ certificateFile: keyFile, keyFile }, /key\.pem: it holds no PEM certificate \(it holds a PRIVATE KEY\)/],
    [{ certificateFile, keyFile: certificateFile }, /cert\.pem: it holds no PEM private key \(it holds a CERTIFICATE\)/],
    [
      { certificateFile: await file("cut.pem", material.certificate.replace(/\n.{10}/, "\n")), keyFile },
      /cut\.pem: certificate 1 in it is damaged/,
    ],
    [
      { certificateFile, keyFile: await file("cut-key.pem", material.privateKey.replace(/\n.{10}/, "\n")) },
      /cut-key\.pem: the key in it is damaged/,
    ],
  ];
  for (const [files, message] of faults) {
    await expect(readCertificateFiles(files)).rejects.toMatchObject({
      code: "CERTIFICATE_UNREADABLE",
      message: expect.stringMatching(message),
    });
  }
});

test("a key of another certificate is a mismatch", async () => {
  const other = await openLocalCa({ folder: join(folder, "other") });
  const certificateFile = await file("cert.pem", material.certificate);
  const keyFile = await file("other-key.pem", (await other.issue(["localhost"])).privateKey);
  await expect(readCertificateFiles({ certificateFile, keyFile })).rejects.toMatchObject({
    code: "KEY_MISMATCH",
    message: expect.stringContaining("other-key.pem"),
  });
});
