import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { expect, test } from "vitest";
import { CLIENT_HELLO_BYTES_MAX, ClientHelloReader, type ClientHelloResult } from "./client-hello.ts";

/** A ClientHello message as this Node's OpenSSL writes it, out of its record. */
async function realHello(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connectTls({ ...options, socket: connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }) });
  client.on("error", () => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  const [bytes] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes.subarray(5);
}

function inRecords(message: Uint8Array, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const payload = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, payload.length >> 8, payload.length & 0xff]), Buffer.from(payload));
  }
  return Buffer.concat(records);
}

function read(...chunks: Uint8Array[]): ClientHelloResult {
  const reader = new ClientHelloReader();
  let result: ClientHelloResult = { kind: "more" };
  for (const chunk of chunks) {
    expect(result.kind).toBe("more");
    result = reader.push(chunk);
  }
  return result;
}

function vector(lengthBytes: 1 | 2, content: Uint8Array): Buffer {
  const { length } = content;
  return Buffer.concat([Buffer.from(lengthBytes === 1 ? [length] : [length >> 8, length & 0xff]), content]);
}

/** A ClientHello with the given extensions and nothing else of interest. */
function hello(extensions: readonly (readonly [number, Uint8Array])[], declaredExtra = 0): Buffer {
  const list = extensions.map(([type, content]) => Buffer.concat([Buffer.from([type >> 8, type & 0xff]), vector(2, content)]));
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    vector(1, Buffer.alloc(0)),
    vector(2, Buffer.from([0x13, 0x01])),
    vector(1, Buffer.from([0])),
    vector(2, Buffer.concat(list)),
  ]);
  const length = body.length + declaredExtra;
  return Buffer.concat([Buffer.from([1, length >> 16, (length >> 8) & 0xff, length & 0xff]), body]);
}

const name = (text: string): Buffer => vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(text, "latin1"))]));

test("every cut into two chunks, over records of any size, gives the same", async () => {
  const message = await realHello({ servername: "Acme.Example.com", ALPNProtocols: ["mqtt", "http/1.1"] });
  const expected = { kind: "hello", hello: { serverName: "acme.example.com", alpnProtocols: ["mqtt", "http/1.1"] } };
  for (const size of [1, 2, 3, 4, 5, 7, 100, 16_384]) {
    const bytes = inRecords(message, size);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)].filter((part) => part.length > 0);
      expect(read(...parts)).toEqual(expected);
    }
    expect(read(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  }
});

test("no name and no ALPN are seen as such, and TLS 1.2 reads alike", async () => {
  const none = { kind: "hello", hello: { serverName: undefined, alpnProtocols: [] } };
  expect(read(inRecords(await realHello({}), 16_384))).toEqual(none);
  const old = await realHello({ maxVersion: "TLSv1.2", servername: "a.b" });
  expect(read(inRecords(old, 16_384))).toMatchObject({ hello: { serverName: "a.b" } });
});

test("a name loses its case and its closing dot", () => {
  expect(read(inRecords(hello([[0, name("A.Example.")]]), 16_384))).toMatchObject({ hello: { serverName: "a.example" } });
});

test.each([
  ["a record of another type", Buffer.from([23]), /record type 23/],
  ["a record of another major version", Buffer.from([22, 2]), /record version 2/],
  ["an empty record", Buffer.from([22, 3, 1, 0, 0]), /empty record/],
  ["another handshake message", Buffer.from([22, 3, 1, 0, 9, 2]), /message 2 in place/],
  ["a name with a null character", inRecords(hello([[0, name("a\0b")]]), 16_384), /server name/],
  ["an empty name", inRecords(hello([[0, name("")]]), 16_384), /server name/],
  ["a name of 256 characters", inRecords(hello([[0, name("a".repeat(256))]]), 16_384), /server name/],
  ["a list that runs past its extension", inRecords(hello([[0, Buffer.from([0, 9, 0])]]), 16_384), /past the end/],
  ["extensions that run past the message", inRecords(hello([]).fill(0xff, 46), 16_384), /past the end/],
])("%s is malformed", (_what, bytes, reason) => {
  expect(read(bytes)).toMatchObject({ kind: "malformed", reason: expect.stringMatching(reason) });
});

test("a hello may have up to 16 KiB on the wire and no more, whatever it declares", () => {
  const padded = (padding: number): Buffer =>
    inRecords(
      hello([
        [0, name("a.example")],
        [21, Buffer.alloc(padding)],
      ]),
      16_384,
    );
  const overhead = padded(0).length;
  expect(padded(CLIENT_HELLO_BYTES_MAX - overhead)).toHaveLength(CLIENT_HELLO_BYTES_MAX);
  expect(read(padded(CLIENT_HELLO_BYTES_MAX - overhead)).kind).toBe("hello");
  expect(read(inRecords(hello([], 20_000), 16_384)).kind).toBe("tooLong");
  // Short records make a short message long on the wire.
  expect(read(inRecords(hello([[21, Buffer.alloc(4_000)]]), 1).subarray(0, CLIENT_HELLO_BYTES_MAX)).kind).toBe("tooLong");
});

test("random changes of a real hello give an answer and never an exception", async () => {
  const bytes = inRecords(await realHello({ servername: "acme.example.com", ALPNProtocols: ["mqtt"] }), 16_384);
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((state / 0x8000_0000) * below);
  };
  for (let i = 0; i < 20_000; i++) {
    const mutated = Buffer.from(bytes);
    for (let changes = 1 + random(3); changes > 0; changes--) mutated[random(mutated.length)] = random(256);
    expect(["hello", "more", "malformed", "tooLong"], `seed ${seed}`).toContain(read(mutated).kind);
  }
});
