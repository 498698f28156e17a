import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBowline } from "bowline";
import { connect } from "@bowline/client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { missingPrograms } from "../system/missing-programs.ts";
import { MosquittoProcess } from "./mosquitto-process.ts";

/* The command and the client at mosquitto: by a shared key, by versions of TLS, and by a certificate under another name. */

const missing = missingPrograms("mosquitto", "mosquitto_passwd");

describe.skipIf(missing !== "")(`TLS of mosquitto${missing && ` (${missing})`}`, () => {
  let byKey: MosquittoProcess;
  let byCertificate: MosquittoProcess;
  let folder = "";
  let said = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bowline-mosquitto-tls-"));
    const keyLines = ["psk_file psk", "psk_hint hint", "use_identity_as_username true"];
    [byKey, byCertificate] = await Promise.all([
      MosquittoProcess.start(...keyLines),
      MosquittoProcess.start("tls_version tlsv1.3"),
    ]);
    writeFileSync(join(folder, "key"), `${byKey.psk.key}\n`);
    writeFileSync(join(folder, "wrong"), "00\n");
    writeFileSync(join(folder, "password"), byCertificate.user.password);
    vi.stubEnv("XDG_CONFIG_HOME", folder);
    vi.stubEnv("DEVICE_KEY", byKey.psk.key);
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      said += String(text);
      return true;
    });
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await Promise.all([byKey.remove(), byCertificate.remove()]);
    rmSync(folder, { recursive: true });
  });

  /** What a command ended with, and what it said. */
  async function bowline(...words: string[]): Promise<{ code: number; said: string }> {
    said = "";
    return { code: await runBowline(words), said };
  }
  const message = ["-t", "a/b", "-m", "x"];
  const file = (name: string): string => join(folder, name);

  describe("shared keys", () => {
    const pub = (...words: string[]): Promise<{ code: number; said: string }> =>
      bowline("pub", byKey.url("mqtts"), ...message, ...words);
    const identity = ["--psk-identity", "device 1"];

    test.each([
      ["a file", ["--psk-file", "key"]],
      ["the environment", ["--psk-env", "DEVICE_KEY"]],
      ["TLS 1.2", ["--psk-file", "key", "--tls-max", "1.2"]],
      ["TLS 1.3", ["--psk-file", "key", "--tls-version", "tlsv1.3"]],
      ["one cipher suite", ["--psk-file", "key", "--tls-max", "1.2", "--ciphers", "PSK-AES128-GCM-SHA256"]],
    ])("by %s", async (_way, words) => {
      expect(await pub(...identity, ...words.map((word) => (word === "key" ? file(word) : word)))).toEqual({ code: 0, said: "" });
    });

    test("a wrong key and an unknown name are no way in, and the error says what to look at", async () => {
      for (const words of [
        [...identity, "--psk-file", file("wrong")],
        [...identity, "--psk-file", file("wrong"), "--tls-max", "1.2"],
        ["--psk-identity", "nobody", "--psk-file", file("key")],
        ["--psk-identity", "nobody", "--psk-file", file("key"), "--tls-max", "1.2"],
      ])
        expect(await pub(...words)).toMatchObject({ code: 3, said: expect.stringContaining("--psk-identity") });
      expect(await pub()).toMatchObject({ code: 3, said: expect.stringMatching(/^error\[TLS_/) });
    });

    test("a profile keeps the key for its owner alone, and shows that it is there", async () => {
      const url = byKey.url("mqtts");
      expect(await bowline("profile", "add", "lab", url, ...identity, "--psk-file", file("key"))).toMatchObject({ code: 0 });
      expect(statSync(file("bowline/profiles/lab.json")).mode & 0o777).toBe(0o600);
      expect(await bowline("pub", "--profile", "lab", ...message)).toEqual({ code: 0, said: "" });
      expect(await bowline("profile", "add", "env", url, ...identity, "--psk-env", "DEVICE_KEY")).toMatchObject({ code: 0 });
      expect(await bowline("pub", "--profile", "env", ...message)).toEqual({ code: 0, said: "" });
      const shown = vi.spyOn(process.stdout, "write").mockReturnValue(true);
      await bowline("profile", "show", "lab");
      await bowline("profile", "show", "env");
      const text = shown.mock.calls.join("");
      shown.mockRestore();
      expect(text).toContain("psk  ***");
      expect(text).toContain("psk-env  DEVICE_KEY");
      expect(text).not.toContain(byKey.psk.key);
    });

    test("without --psk-identity, with a bad key, and with one on the command line it is wrong usage", async () => {
      writeFileSync(file("words"), "open sesame");
      for (const [words, text] of [
        [["--psk-file", file("key")], "--psk-identity is missing"],
        [identity, "the key of --psk-identity is missing"],
        [[...identity, "--psk-file", file("words")], "in hexadecimal"],
        [[...identity, "--psk-file", file("nothing")], "key file"],
        [[...identity, "--psk-env", "NO_KEY"], "no variable NO_KEY"],
        [[...identity, "--psk", "00"], "a key on the command line is readable"],
      ] as const)
        expect(await pub(...words)).toMatchObject({ code: 2, said: expect.stringContaining(text) });
    });
  });

  describe("certificates", () => {
    const login = (): string[] => ["--ca", byCertificate.caFile, "-u", "ann", "--password-file", file("password")];
    const pub = (...words: string[]): Promise<{ code: number; said: string }> =>
      bowline("pub", byCertificate.url("mqtts"), ...message, ...login(), ...words);

    test("versions and cipher suites are those that were asked for", async () => {
      expect(await pub()).toEqual({ code: 0, said: "" });
      expect(await pub("--tls-version", "1.3")).toEqual({ code: 0, said: "" });
      expect(await pub("--tls-max", "1.2")).toMatchObject({ code: 3, said: expect.stringMatching(/^error\[TLS_VERSION/) });
      expect(await pub("--ciphers", "TLS_AES_128_GCM_SHA256", "--groups", "P-256:X25519")).toEqual({ code: 0, said: "" });
      for (const words of [
        ["--tls-version", "1.1"],
        ["--tls-version", "1.3", "--tls-max", "1.2"],
        ["--ciphers", "ROT13"],
        ["--sigalgs", "ROT13"],
        ["--groups", "ROT13"],
      ])
        expect(await pub(...words)).toMatchObject({ code: 2 });
    });

    test("authorities may be a folder's", async () => {
      const folderOf = (name: string): string => {
        mkdirSync(file(name));
        return file(name);
      };
      const authorities = folderOf("authorities");
      cpSync(byCertificate.caFile, join(authorities, "ours.pem"));
      writeFileSync(join(authorities, "README"), "none");
      expect(await pub("--ca", authorities)).toEqual({ code: 0, said: "" });
      expect(await pub("--ca", folderOf("empty"))).toMatchObject({ code: 2, said: expect.stringContaining("no file in it") });
    });

    test("--any-name passes over the names alone, and not over who has signed", async () => {
      const { port } = new URL(byCertificate.url("mqtts"));
      const elsewhere = ["pub", `mqtts://127.0.0.1:${port}`, ...message, "-u", "ann", "--password-file", file("password")];
      expect(await bowline(...elsewhere, "--ca", byCertificate.caFile, "--any-name")).toMatchObject({ code: 0 });
      expect(await bowline(...elsewhere, "--ca", byCertificate.caFile)).toMatchObject({ code: 3 });
      expect(await bowline(...elsewhere, "--any-name")).toMatchObject({ code: 3 });
    });

    test("a server that has a certificate in place of the key must have the right one", async () => {
      const psk = { identity: "device 1", key: Buffer.from(byKey.psk.key, "hex") };
      const client = connect(byCertificate.url("mqtts"), { tls: { psk }, reconnect: false });
      await expect(client.online()).rejects.toMatchObject({ code: expect.stringMatching(/^TLS_/) });
      await client.close();
    });
  });
});
