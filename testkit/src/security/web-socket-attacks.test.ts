import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AttackedBroker } from "./attacked-broker.ts";
import type { Friend } from "./friend.ts";
import { Link } from "./link.ts";
import { frame, type FrameParts, requestText, UPGRADE_HEADERS, upgradeRequest } from "./web-socket-frames.ts";

/* What can be wrong with a WebSocket, a layer below MQTT and one above TCP, against the real process. */

const MB = 1_048_576;
const GROWTH_MAX = 60 * MB;
/** MQTT 5.0, Clean Start, no Client Identifier. */
const CONNECT = Buffer.from("100d00044d51545405020000000000", "hex");

let broker: AttackedBroker;
let friend: Friend;
let startBytes = 0;
beforeAll(async () => {
  broker = await AttackedBroker.start({ metrics: { sysInterval: 0 }, log: { level: "warn" } });
  friend = await broker.friend();
  startBytes = broker.ownBytes;
});
afterAll(() => broker?.remove());

/** After the upgrade; the answer's head is the first that came. */
async function upgraded(...headers: string[]): Promise<Link> {
  const link = await Link.openRaw(broker.port("ws"));
  link.send(upgradeRequest(...headers));
  await link.until(() => link.text.includes("\r\n\r\n"));
  expect(link.text).toMatch(/^HTTP\/1\.1 101 /);
  return link;
}

/** A client that is known: what bounds a stranger has ended. */
async function known(): Promise<Link> {
  const link = await upgraded();
  link.send(frame({ payload: CONNECT }));
  // The CONNACK, which may come with nothing else.
  await link.until(() => link.chunks.length > 1);
  return link;
}

/** The code of the close frame that came after the head. */
async function closeCode(link: Link): Promise<number | undefined> {
  await link.until(() => /\r\n\r\n(.|\n)*\x88[\x02-\x7d]../s.test(link.text));
  const at = link.text.lastIndexOf("\x88");
  return at < 0 ? undefined : Buffer.from(link.text.slice(at + 2, at + 4), "latin1").readUInt16BE();
}

const wrong: readonly (readonly [string, number, ...FrameParts[]])[] = [
  ["a frame without mask", 1002, { payload: CONNECT, isMasked: false }],
  ["a ping of 126 bytes", 1002, { opcode: 9, payload: new Uint8Array(126) }],
  ["a ping in pieces", 1002, { opcode: 9, isFinal: false }],
  ["a close of 200 bytes", 1002, { opcode: 8, payload: new Uint8Array(200) }],
  ["a close with half a code", 1002, { opcode: 8, payload: Uint8Array.of(3) }],
  ["a close with a code that is no peer's to send", 1002, { opcode: 8, payload: Uint8Array.of(3, 0xed) }],
  ["a close whose reason is no UTF-8", 1007, { opcode: 8, payload: Uint8Array.of(3, 0xe8, 0xc0, 0x80) }],
  ["a text frame", 1003, { opcode: 1, payload: Buffer.from("text") }],
  ["text that is no UTF-8", 1007, { opcode: 1, payload: Uint8Array.of(0xc0, 0x80) }],
  ["an opcode that is none", 1002, { opcode: 3 }],
  ["a control opcode that is none", 1002, { opcode: 11 }],
  ["a compressed frame, which nobody agreed to", 1002, { reserved: 4, payload: CONNECT }],
  ["another reserved bit", 1002, { reserved: 1, payload: CONNECT }],
  ["a continuation of nothing", 1002, { opcode: 0, payload: CONNECT }],
  ["a message within a message", 1002, { isFinal: false, payload: CONNECT }, { payload: CONNECT }],
  ["a frame of 4 EiB", 1009, { declared: 2n ** 62n }],
  ["a frame of 1 TiB", 1009, { declared: 2n ** 40n }],
  ["a frame of 17 MiB, which no packet may have", 1009, { declared: 17 * MB }],
];

describe("wrong frames", () => {
  const cases = wrong.map(([what, code, ...frames]) => ({ what, code, frames }));
  test.each(cases)("$what: closed with $code, before and after the CONNECT", async ({ code, frames }) => {
    for (const open of [upgraded, known]) {
      const link = await open();
      for (const parts of frames) link.send(frame(parts));
      expect(await closeCode(link)).toBe(code);
      link.end();
      await link.ended;
    }
  });
});

test("compression that is offered is not agreed to: nothing can be blown up", async () => {
  const link = await upgraded("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_no_context_takeover");
  expect(link.text).not.toMatch(/Sec-WebSocket-Extensions/i);
  link.destroy();
});

test("row 30, CVE-2026-25627: packets across frames, frames across packets, and empty frames between them", async () => {
  const link = await upgraded();
  const [head, tail] = [CONNECT.subarray(0, 7), CONNECT.subarray(7)];
  link.send(Buffer.concat([frame({ payload: head, isFinal: false }), frame({ opcode: 9 }), frame({ opcode: 0, payload: tail })]));
  await link.until(() => link.text.includes("\x20"));
  // 4,096 bytes of a PUBLISH, three of them here: the rest comes in the next frames, with two PINGREQ behind it.
  const publish = Buffer.concat([Buffer.from("3080200001740000", "hex"), Buffer.alloc(4_096 - 5), Buffer.from("c000c000", "hex")]);
  link.send(frame({ payload: publish.subarray(0, 6) }));
  link.send(frame({}));
  link.send(frame({ payload: publish.subarray(6) }));
  await link.until(() => link.text.split("\xd0\x00").length === 3);
  expect(link.isEnded).toBe(false);
  link.destroy();
});

describe("messages without end", () => {
  test("fragments of one byte end at their number, long before the size of the largest packet", async () => {
    const link = await known();
    const piece = frame({ opcode: 0, isFinal: false, payload: Uint8Array.of(0x30) });
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => piece));
    link.send(frame({ isFinal: false, payload: Uint8Array.of(0x30) }));
    for (let i = 0; i < 30 && !link.isEnded; i++) await link.sendPieces([many]);
    expect(await closeCode(link)).toBe(1008);
    link.destroy();
  });

  test("a stranger's fragments end at what a CONNECT may be", async () => {
    const link = await upgraded();
    const piece = frame({ opcode: 0, isFinal: false, payload: new Uint8Array(1_000) });
    link.send(frame({ isFinal: false, payload: Uint8Array.of(0x10) }));
    const started = performance.now();
    for (let sent = 0; sent < 250; sent++) link.send(piece);
    await link.ended;
    // By its bytes, and not by the time it has for its CONNECT.
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  test("pings whose pongs nobody reads end it", async () => {
    const link = await known();
    link.pause();
    const pings = Buffer.concat(Array.from({ length: 500 }, () => frame({ opcode: 9, payload: new Uint8Array(125) })));
    // Some megabytes are in the system's own buffers.
    for (let i = 0; i < 2_000 && !link.isEnded; i++) await link.sendAndDrain(pings);
    expect(link.isEnded).toBe(true);
  });
});

describe("requests", () => {
  async function answerTo(request: string): Promise<string> {
    const link = await Link.openRaw(broker.port("ws"));
    link.send(request);
    await link.ended;
    return link.text;
  }
  const without = (name: string): string[] => UPGRADE_HEADERS.filter((line) => !line.startsWith(name));
  const get = "GET /mqtt HTTP/1.1";

  test.each([
    ["no key", 400, requestText(get, ...without("Sec-WebSocket-Key"))],
    ["a key of two bytes", 400, requestText(get, ...without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: YWI=")],
    ["version 99", 400, requestText(get, ...without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 99")],
    ["no subprotocol", 400, requestText(get, ...without("Sec-WebSocket-Protocol"))],
    ["another subprotocol", 400, requestText(get, ...without("Sec-WebSocket-Protocol"), "Sec-WebSocket-Protocol: wamp, amqp")],
    ["POST", 405, requestText("POST /mqtt HTTP/1.1", ...UPGRADE_HEADERS)],
    ["another upgrade", 400, requestText(get, ...without("Upgrade"), "Upgrade: h2c")],
    ["another path", 404, requestText("GET /../../etc/passwd HTTP/1.1", ...UPGRADE_HEADERS)],
    ["no Host", 400, requestText(get, ...without("Host"))],
    ["two Hosts", 400, requestText(get, "Host: other", ...UPGRADE_HEADERS)],
    ["headers of 17 KiB", 431, upgradeRequest(`X: ${"x".repeat(17_000)}`)],
    ["thousands of headers", 431, upgradeRequest(...Array.from({ length: 5_000 }, (_, i) => `X${i}: y`))],
    ["a header that goes on in the next line", 400, requestText(get, ...UPGRADE_HEADERS, "X: a", " b")],
    ["a blank before the colon", 400, requestText(get, ...UPGRADE_HEADERS, "X : a")],
    ["a zero byte", 400, requestText(get, ...UPGRADE_HEADERS, "X: a\0b")],
    ["HTTP/2 without being asked", 400, requestText("PRI * HTTP/2.0", "", "SM")],
  ])("%s: %i, and the connection ends", async (_what, status, request) => {
    expect(await answerTo(request)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  const hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";
  test.each([
    ["both lengths", ["Content-Length: 5", "Transfer-Encoding: chunked"], `0\r\n\r\n${hidden}`],
    ["two lengths", ["Content-Length: 5", "Content-Length: 0"], hidden],
    ["a length of both", ["Content-Length: 5, 0"], hidden],
    ["a length with a sign", ["Content-Length: +5"], hidden],
    ["chunked that is not last", ["Transfer-Encoding: chunked, identity"], `0\r\n\r\n${hidden}`],
    ["chunked by another name", ["Transfer-Encoding: xchunked"], `0\r\n\r\n${hidden}`],
    ["chunked twice", ["Transfer-Encoding: chunked", "Transfer-Encoding: x"], `0\r\n\r\n${hidden}`],
    ["a chunk whose size is none", ["Transfer-Encoding: chunked"], `0x5\r\nhello\r\n0\r\n\r\n${hidden}`],
    ["lines that end with LF alone", ["Content-Length: 5\nTransfer-Encoding: chunked"], `0\r\n\r\n${hidden}`],
  ])("smuggling by %s: one answer at most, and no second request", async (_what, headers, rest) => {
    const text = await answerTo(requestText("POST /mqtt HTTP/1.1", "Host: localhost", ...headers) + rest);
    expect(text.match(/HTTP\/1\.1 \d+/g) ?? []).toHaveLength(1);
    expect(text).not.toContain("/hidden");
  });
});

test("the friend noticed nothing, and memory is where it was", async () => {
  const report = await friend.leave();
  expect(report.disturbances).toEqual([]);
  expect(report.worstMs).toBeLessThan(1_500);
  expect(await broker.ownBytesBelow(startBytes + GROWTH_MAX)).toBeLessThan(startBytes + GROWTH_MAX);
  expect(broker.faults).toEqual([]);
});
