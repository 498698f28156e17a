import { once } from "node:events";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import { afterEach, expect, test } from "vitest";
import { ca, good } from "../testing/certificates.ts";
import type { TlsOptions } from "../tls-options.ts";
import { tlsConnectOptions } from "./tls-options.ts";

const psk = { identity: "device", key: Uint8Array.of(1, 2, 3, 4) };
const servers: tls.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** What the handshake with a server of these options leads to: a version of TLS, or the error. */
async function handshake(options: tls.TlsOptions, own: TlsOptions): Promise<string> {
  const server = tls.createServer(options, (socket) => socket.on("error", () => {}).end()).listen(0, "127.0.0.1");
  servers.push(server);
  server.on("tlsClientError", () => {});
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = tls.connect({ port, host: "127.0.0.1", ...tlsConnectOptions({ host: "localhost", tls: own }) });
  try {
    await once(socket, "secureConnect");
    return socket.getProtocol() ?? "";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "";
  } finally {
    socket.destroy();
  }
}

const byKey = (_socket: tls.TLSSocket, identity: string): Uint8Array | null => (identity === psk.identity ? psk.key : null);

test("a shared key takes the place of certificates in both versions of TLS, with suites that encrypt", async () => {
  const options = { pskCallback: byKey, ciphers: "PSK" };
  expect(await handshake(options, { psk })).toBe("TLSv1.3");
  expect(await handshake(options, { psk, maxVersion: "TLSv1.2" })).toBe("TLSv1.2");
  expect(await handshake(options, { psk: { ...psk, identity: "nobody" } })).toMatch(/^ERR_SSL/);
  expect(await handshake(options, { psk: { ...psk, key: Uint8Array.of(0) } })).toMatch(/^ERR_SSL/);
  expect(await handshake(options, {})).toMatch(/^ERR_SSL/);
  const silent = { pskCallback: byKey, ciphers: "PSK-NULL-SHA256:@SECLEVEL=0", maxVersion: "TLSv1.2" } as const;
  expect(await handshake(silent, { psk })).toMatch(/^ERR_SSL/);
});

test("a certificate in place of the key is checked as ever, its name too", async () => {
  const options = { cert: good.cert, key: good.key };
  expect(await handshake(options, { psk })).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  expect(await handshake(options, { psk, ca: ca.cert })).toBe("TLSv1.3");
  expect(await handshake(options, { psk, ca: ca.cert, servername: "elsewhere.example" })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
});

test("names may be passed over, and authorities not", async () => {
  const options = { cert: good.cert, key: good.key };
  const elsewhere = { servername: "elsewhere.example" };
  expect(await handshake(options, { ...elsewhere, ca: ca.cert })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(await handshake(options, { ...elsewhere, ca: ca.cert, checkServerName: false })).toBe("TLSv1.3");
  expect(await handshake(options, { ...elsewhere, checkServerName: false })).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
});

test("versions and algorithms are those that were asked for", async () => {
  const options = { cert: good.cert, key: good.key, maxVersion: "TLSv1.2" } as const;
  expect(await handshake(options, { ca: ca.cert })).toBe("TLSv1.2");
  expect(await handshake(options, { ca: ca.cert, minVersion: "TLSv1.3" })).toMatch(/^ERR_SSL/);
  expect(await handshake(options, { ca: ca.cert, ciphers: "TLS_AES_128_GCM_SHA256" })).toMatch(/^ERR_SSL/);
  expect(await handshake(options, { ca: ca.cert, sigalgs: "rsa_pss_rsae_sha256" })).toMatch(/^ERR_SSL/);
  expect(await handshake({ ...options, ecdhCurve: "P-256" }, { ca: ca.cert, ecdhCurve: "P-384" })).toMatch(/^ERR_SSL/);
  expect(await handshake(options, { ca: ca.cert, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" })).toBe("TLSv1.2");
});
