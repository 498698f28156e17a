import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer, type Server } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AttackedBroker } from "./attacked-broker.ts";
import { clientHello } from "./client-hello.ts";
import type { Friend } from "./friend.ts";
import { Link } from "./link.ts";

/* What can be wrong with a handshake and with a PROXY header, against the real process. */

/** MQTT 5.0, Clean Start, no Client Identifier. */
const CONNECT = Buffer.from("100d00044d51545405020000000000", "hex");
const TLS_ALERT = 0x15;

let broker: AttackedBroker;
let friend: Friend;
const relays = new Set<Server>();
beforeAll(async () => {
  broker = await AttackedBroker.start({ metrics: { sysInterval: 0 }, log: { level: "warn" } });
  friend = await broker.friend();
});
afterAll(async () => {
  for (const server of relays) server.close();
  await broker?.remove();
});

/** A port before the broker's that changes the first bytes of each connection: it passes them on in the pieces it is told. */
async function relay(rewrite: (hello: Buffer) => Buffer[]): Promise<number> {
  const server = createServer((near) => {
    const far = connectTcp({ port: broker.port("tls"), host: "127.0.0.1", noDelay: true });
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.once("data", (hello) => {
      near.pause();
      void (async () => {
        for (const piece of rewrite(hello)) {
          far.write(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
        near.pipe(far).pipe(near);
      })();
    });
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  relays.add(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Whether MQTT is spoken behind the handshake. */
async function speaks(port: number, options: ConnectionOptions = {}): Promise<boolean> {
  const socket: TLSSocket = connectTls({ port, host: "127.0.0.1", servername: "localhost", ca: broker.ca, ...options });
  socket.on("error", () => undefined);
  socket.write(CONNECT);
  const first = await new Promise<Buffer | undefined>((resolve) => {
    socket.once("data", resolve).once("close", () => resolve(undefined));
  });
  socket.destroy();
  return first?.[0] === 0x20;
}

describe("the ClientHello", () => {
  test("cut in two at every byte, it is the same", async () => {
    let cutAt = 0;
    const port = await relay((hello) => [hello.subarray(0, cutAt), hello.subarray(cutAt)]);
    const { length } = await clientHello();
    for (cutAt = 1; cutAt < length; cutAt++) expect(await speaks(port), `cut at ${cutAt}`).toBe(true);
  });

  test("byte by byte, and in records of every size, it is the same", async () => {
    expect(await speaks(await relay((hello) => Array.from(hello, (byte) => Buffer.of(byte))))).toBe(true);
    let size = 0;
    const port = await relay((hello) => {
      const body = hello.subarray(5);
      const records: Buffer[] = [];
      for (let at = 0; at < body.length; at += size) {
        const part = body.subarray(at, at + size);
        records.push(Buffer.concat([hello.subarray(0, 3), Buffer.of(part.length >> 8, part.length & 0xff), part]));
      }
      return [Buffer.concat(records)];
    });
    // Of records smaller than that OpenSSL takes no more than 32 without content of another kind.
    for (size = 16; size < 400; size += 23) expect(await speaks(port), `records of ${size}`).toBe(true);
  });

  test("cut off at every byte, it is closed when the client goes", async () => {
    const hello = await clientHello();
    const lengths = Array.from({ length: hello.length - 1 }, (_, i) => i + 1);
    await Promise.all(
      lengths.map(async (length) => {
        const link = await Link.openRaw(broker.port("tls"));
        link.send(hello.subarray(0, length));
        link.end();
        await link.ended;
      }),
    );
  });

  test("with each byte changed, it is answered or closed", async () => {
    const hello = await clientHello();
    for (let from = 0; from < hello.length; from += 32) {
      const positions = Array.from({ length: Math.min(32, hello.length - from) }, (_, i) => from + i);
      await Promise.all(
        positions.map(async (at) => {
          const changed = Buffer.from(hello);
          changed[at] = changed[at]! ^ 0xff;
          const link = await Link.openRaw(broker.port("tls"));
          link.send(changed);
          link.end();
          await link.ended;
        }),
      );
    }
  });

  test.each([
    ["a record that declares 65,535 bytes", Buffer.from("160301ffff", "hex")],
    ["a message that declares 16 MiB", Buffer.from("160301000401ffffff", "hex")],
    ["17,000 bytes of one-byte records", Buffer.concat(Array.from({ length: 2_900 }, () => Buffer.from("160301000101", "hex")))],
    ["a record of no bytes, again and again", Buffer.concat(Array.from({ length: 4_000 }, () => Buffer.from("1603010000", "hex")))],
    ["SSL 2", Buffer.from("802e0100020015000000100100800200800300800400800500800600400700c0", "hex")],
  ])("%s: an alert, a text, or a close", async (_what, bytes) => {
    const link = await Link.openRaw(broker.port("tls"));
    link.send(bytes);
    await link.until(() => link.chunks.length > 0);
    link.end();
    await link.ended;
    // What begins like no record at all is told in text what the port speaks.
    if (link.chunks.length > 0) expect([TLS_ALERT, "H".charCodeAt(0)]).toContain(link.chunks[0]![0]);
  });
});

describe("what a client may ask for", () => {
  test.each([
    ["no ALPN", {}, true],
    ["mqtt", { ALPNProtocols: ["mqtt"] }, true],
    ["h2 alone", { ALPNProtocols: ["h2"] }, false],
    ["http/1.1 on the port of MQTT", { ALPNProtocols: ["http/1.1"] }, false],
    ["a hundred protocols", { ALPNProtocols: Array.from({ length: 100 }, (_, i) => `x${i}`) }, false],
    ["a name that is nobody's", { servername: "stranger.example", checkServerIdentity: () => undefined }, false],
    ["TLS 1.1", { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" }, false],
    ["a cipher without encryption", { maxVersion: "TLSv1.2", ciphers: "NULL:@SECLEVEL=0" }, false],
    ["a cipher without certificate", { maxVersion: "TLSv1.2", ciphers: "aNULL:@SECLEVEL=0" }, false],
    ["3DES", { maxVersion: "TLSv1.2", ciphers: "3DES:@SECLEVEL=0" }, false],
  ] satisfies readonly (readonly [string, ConnectionOptions, boolean])[])("%s", async (_what, options, isIn) => {
    let outcome = false;
    try {
      outcome = await speaks(broker.port("tls"), options);
    } catch {
      // Our own OpenSSL does not even know it any more.
    }
    expect(outcome).toBe(isIn);
  });

  test("TLS 1.2 is not renegotiated", async () => {
    const socket = connectTls({
      port: broker.port("tls"),
      host: "127.0.0.1",
      servername: "localhost",
      ca: broker.ca,
      maxVersion: "TLSv1.2",
    });
    socket.on("error", () => undefined);
    await once(socket, "secureConnect");
    const ended = new Promise((resolve) => socket.once("close", () => resolve("ended")));
    const renegotiated = new Promise((resolve) => socket.renegotiate({}, () => resolve("renegotiated")));
    expect(await Promise.race([ended, renegotiated])).toBe("ended");
  });
});

describe("a PROXY header", () => {
  const v2 = (length: number, rest = Buffer.alloc(0)): Buffer =>
    Buffer.concat([Buffer.from("0d0a0d0a000d0a515549540a2111", "hex"), Buffer.of(length >> 8, length & 0xff), rest]);
  const headers: readonly (readonly [string, Buffer])[] = [
    ["of version 1", Buffer.from("PROXY TCP4 10.0.0.1 127.0.0.1 5 6\r\n")],
    ["of version 2", v2(12, Buffer.from("0a0000017f00000100050006", "hex"))],
  ];

  test.each(
    headers.flatMap(([what, header]) => (["tcp", "tls", "ws", "wss"] as const).map((kind) => [what, kind, header] as const)),
  )("%s from a stranger is refused by %s", async (_what, kind, header) => {
    const link = await Link.openRaw(broker.port(kind));
    link.send(Buffer.concat([header, CONNECT]));
    await link.ended;
    expect(link.text).not.toContain("\x20");
  });

  describe("where proxies are expected", () => {
    let proxied: AttackedBroker;
    beforeAll(async () => {
      proxied = await AttackedBroker.start({ proxyProtocol: true, trustedProxies: ["127.0.0.1/32"] });
    });
    afterAll(() => proxied?.remove());

    const right = headers[0]![1];
    test.each([
      ["a right one", Buffer.concat([right, CONNECT]), true],
      ["none", CONNECT, false],
      ["a line without end", Buffer.from(`PROXY TCP4 ${"1".repeat(200)}`), false],
      ["a line of 1 MiB", Buffer.from(`PROXY UNKNOWN ${"1".repeat(1_048_576)}\r\n`), false],
      ["an address that is none", Buffer.concat([Buffer.from("PROXY TCP4 999.0.0.1 1.1.1.1 5 6\r\n"), CONNECT]), false],
      ["a port that is none", Buffer.concat([Buffer.from("PROXY TCP4 1.0.0.1 1.1.1.1 70000 6\r\n"), CONNECT]), false],
      ["two of them", Buffer.concat([right, right, CONNECT]), false],
      ["65,535 bytes of fields", v2(65_535, Buffer.alloc(65_535)), false],
      ["fields beyond its end", Buffer.concat([v2(16, Buffer.from("0a0000017f0000010005000602ffff00", "hex")), CONNECT]), false],
      ["version 3", Buffer.concat([Buffer.from("0d0a0d0a000d0a515549540a31110000", "hex"), CONNECT]), false],
    ] as const)("%s", async (_what, bytes, isIn) => {
      const link = await Link.openRaw(proxied.port("tcp"));
      link.send(bytes);
      await link.until(() => link.chunks.length > 0);
      expect(link.chunks[0]?.[0] === 0x20).toBe(isIn);
      link.destroy();
    });
  });
});

test("the friend noticed nothing", async () => {
  const report = await friend.leave();
  expect(report.disturbances).toEqual([]);
  expect(report.worstMs).toBeLessThan(1_500);
  expect(broker.faults).toEqual([]);
});
