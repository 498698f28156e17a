import { connect as connectTcp, type Socket } from "node:net";
import { PacketType } from "@bowline/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AttackedBroker } from "./attacked-broker.ts";
import { Link } from "./link.ts";

/* Rows of the security history that are about memory and time, against the real process with its default limits. */

const isLong = process.env["BOWLINE_LONG"] === "1";
const MB = 1_048_576;
/** Above the start of a test, when what it made is gone: what the garbage collector leaves for later. */
const GROWTH_MAX = 48 * MB;
const SOCKETS = 1_000;
const BAD_CONNECTS = isLong ? 100_000 : 3_000;
/** A friend's turn beside the attack; two busy cores take that long by themselves. */
const TURN_MS = 1_000;

let broker: AttackedBroker;
let startBytes = 0;
beforeAll(async () => {
  broker = await AttackedBroker.start({ metrics: { sysInterval: 0 }, log: { level: "warn" }, limits: { reconnectsPerMinute: 0 } });
  // What has been used once is not grown by being used again.
  await Promise.all(Array.from({ length: 200 }, async () => (await known()).destroy()));
});
beforeEach(() => {
  startBytes = broker.ownBytes;
});
afterAll(async () => {
  expect(broker.faults).toEqual([]);
  await broker.remove();
});

async function known(version: 4 | 5 = 5): Promise<Link> {
  const link = await Link.open(broker.url("tcp"), version);
  link.sendPacket({ type: 1, protocolVersion: version, cleanStart: true, keepAlive: 0, clientIdentifier: "" }, version);
  expect(await link.packet(PacketType.CONNACK)).toMatchObject({ reasonCode: 0 });
  return link;
}

/** How long the broker takes to answer somebody else. */
async function turnMs(): Promise<number> {
  const started = performance.now();
  const link = await known();
  link.sendPacket({ type: PacketType.PINGREQ });
  await link.packet(PacketType.PINGRESP);
  link.destroy();
  return performance.now() - started;
}

const grownTo = async (): Promise<number> => (await broker.ownBytesBelow(startBytes + GROWTH_MAX)) - startBytes;

/** Many that send the same first bytes and stay. */
async function open(bytes: Uint8Array): Promise<Socket[]> {
  const sockets = Array.from({ length: SOCKETS }, () => connectTcp(broker.port("tcp"), "127.0.0.1").on("error", () => undefined));
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.write(bytes, () => resolve()))));
  return sockets;
}

async function gone(socket: Socket): Promise<void> {
  if (!socket.destroyed) await new Promise((resolve) => socket.resume().once("close", resolve));
}

describe("rows 3, 4 and 23, CVE-2017-7651, CVE-2023-0809, CVE-2021-33175: what a stranger declares is not kept room for", () => {
  test.each([
    ["a CONNECT of 256 MB", "10ffffff7f0004"],
    ["a PUBLISH of 244 MB", "308080807400000000"],
    ["a SUBSCRIBE of 2 MB", "8280808001"],
  ])("1,000 sockets, each with %s, are closed at once", async (_what, hex) => {
    const sockets = await open(Buffer.from(hex, "hex"));
    await Promise.all(sockets.map(gone));
    expect(await grownTo()).toBeLessThan(GROWTH_MAX);
  });

  test("1,000 sockets, each with ten bytes of the largest CONNECT, cost what they have sent", async () => {
    const sockets = await open(Buffer.from("10f0ff070004 4d515454 05".replaceAll(" ", ""), "hex"));
    expect(await turnMs()).toBeLessThan(TURN_MS);
    expect(broker.ownBytes - startBytes).toBeLessThan(GROWTH_MAX);
    for (const socket of sockets) socket.destroy();
  });
});

const MALFORMED: readonly string[] = [
  "100f00044d515454050200002026000161",
  "100f00044d5154540506000000000163",
  "101500044d515454050200000826000161000162000163",
  "101000044d5154540502003c0321001400006202d301e0020020",
  "100e00044d51545405020000ffffff7f63",
];

test(`rows 5 and 15, CVE-2017-7654, CVE-2021-34431: ${BAD_CONNECTS} malformed CONNECTs leave nothing behind`, {
  timeout: 600_000,
}, async () => {
  let left = BAD_CONNECTS;
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      for (let i = left--; i > 0; i = left--) {
        const link = await Link.openRaw(broker.port("tcp"));
        link.send(Buffer.from(MALFORMED[i % MALFORMED.length]!, "hex"));
        link.end();
        await link.ended;
      }
    }),
  );
  expect(await grownTo()).toBeLessThan(GROWTH_MAX);
});

/** A User Property of one letter each way: seven bytes. */
const property = Buffer.from("26000161000162", "hex");
const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) return Buffer.from(bytes);
  }
};
const packet = (first: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(first), varint(body.length), body]);
};

describe("row 18, CVE-2021-41039: User Properties cost time by their number and no more", () => {
  test("as many as fit into a CONNECT", async () => {
    const properties = Buffer.alloc(18_000 * property.length, property);
    const head = Buffer.from("00044d515454050200 00".replaceAll(" ", ""), "hex");
    const link = await Link.open(broker.url("tcp"), 5);
    const started = performance.now();
    link.send(packet(0x10, head, varint(properties.length), properties, Buffer.from("000163", "hex")));
    expect(await link.packet(PacketType.CONNACK)).toMatchObject({ reasonCode: 0 });
    expect(performance.now() - started).toBeLessThan(TURN_MS);
    link.destroy();
  });

  test("two million in a PUBLISH, for a subscriber too", async () => {
    const reader = await known();
    reader.sendPacket({
      type: PacketType.SUBSCRIBE,
      packetIdentifier: 1,
      subscriptions: [{ topicFilter: "many", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
    });
    await reader.packet(PacketType.SUBACK);
    const link = await known();
    const properties = Buffer.alloc(2_000_000 * property.length, property);
    link.send(packet(0x32, Buffer.from("00046d616e790001", "hex"), varint(properties.length), properties));
    const turn = turnMs();
    expect(await link.packet(PacketType.PUBACK)).toMatchObject({ reasonCode: 0 });
    expect(await turn).toBeLessThan(2 * TURN_MS);
    reader.destroy();
    link.destroy();
  });
});

describe("row 19, CVE-2023-28366: QoS 2 that is never released", () => {
  test("one identifier a hundred thousand times is kept once", async () => {
    const link = await known();
    const many = Buffer.alloc(10_000 * 9, packet(0x34, Buffer.from("00017400010061", "hex")));
    for (let i = 0; i < 10; i++) await link.sendAndDrain(many);
    link.sendPacket({ type: PacketType.PINGREQ });
    await link.packet(PacketType.PINGRESP);
    link.destroy();
    expect(await grownTo()).toBeLessThan(GROWTH_MAX);
  });

  /** All Packet Identifiers in turn, as 5.0 has them; before it the last byte is the payload. */
  const all = Buffer.concat(
    Array.from({ length: 65_535 }, (_, i) => packet(0x34, Buffer.of(0, 1, 0x74, (i + 1) >> 8, (i + 1) & 0xff, 0))),
  );

  test("all identifiers are as many as there are", async () => {
    const link = await known(4);
    await link.sendAndDrain(all);
    link.sendPacket({ type: PacketType.PINGREQ });
    expect(await link.packet(PacketType.PINGRESP)).toBeDefined();
    expect(broker.ownBytes - startBytes).toBeLessThan(GROWTH_MAX);
    link.destroy();
  });

  test("in 5.0 they are as many as the Receive Maximum", async () => {
    const link = await known();
    link.send(all);
    expect(await link.packet(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x93 });
    link.destroy();
  });
});

test("row 34, CVE-2017-10910: a million packets in one write are a million packets", async () => {
  const link = await known();
  const publishes = Buffer.alloc(800_000 * 6, packet(0x30, Buffer.from("00017400", "hex")));
  const pings = Buffer.alloc(200_000 * 2, Buffer.of(0xc0, 0));
  link.send(Buffer.concat([publishes, pings]));
  const turn = turnMs();
  await link.until(() => link.chunks.reduce((sum, { length }) => sum + length, 0) >= 400_000);
  expect(await turn).toBeLessThan(TURN_MS);
  expect(link.isEnded).toBe(false);
  link.destroy();
});

test("rows 12 and 13, CVE-2019-11779, aedes: topics of 65,500 levels cost nothing but a refusal", async () => {
  const slashes = Buffer.alloc(65_502, "/");
  slashes.writeUInt16BE(65_500);
  const started = performance.now();
  const link = await known();
  link.send(packet(0x82, Buffer.from("000100", "hex"), slashes, Buffer.of(1)));
  expect(await link.packet(PacketType.SUBACK)).toMatchObject({ reasonCodes: [0x8f] });
  link.send(packet(0xa2, Buffer.from("000200", "hex"), slashes));
  expect(await link.packet(PacketType.UNSUBACK)).toBeDefined();
  link.send(packet(0x32, slashes, Buffer.from("000300", "hex")));
  expect(await link.packet(PacketType.PUBACK)).toMatchObject({ reasonCode: 0x90 });
  const old = await known(4);
  old.send(packet(0x82, Buffer.from("0001", "hex"), slashes, Buffer.of(1)));
  expect(await old.packet(PacketType.SUBACK)).toMatchObject({ reasonCodes: [0x80] });
  old.send(packet(0x32, slashes, Buffer.from("0003", "hex")));
  await old.ended;
  // In a will.
  const willed = await Link.open(broker.url("tcp"), 5);
  const head = Buffer.from("00044d51545405060000 00 0000 00".replaceAll(" ", ""), "hex");
  willed.send(packet(0x10, head, slashes, Buffer.from("0000", "hex")));
  expect((await willed.packet(PacketType.CONNACK))?.reasonCode).not.toBe(0);
  expect(performance.now() - started).toBeLessThan(TURN_MS);
  link.destroy();
});

describe("one packet with more Topic Filters than a session may have", () => {
  test.each([
    ["SUBSCRIBE", 0x82, "00016101"],
    ["UNSUBSCRIBE", 0xa2, "000161"],
  ])("%s ends with 0x97 before it holds anybody up", async (_what, first, filter) => {
    const link = await known();
    const filters = Buffer.alloc(15_000_000, filter, "hex");
    link.send(
      packet(first, Buffer.from("000100", "hex"), filters.subarray(0, filters.length - (filters.length % (filter.length / 2)))),
    );
    const turn = turnMs();
    expect(await link.packet(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x97 });
    expect(await turn).toBeLessThan(TURN_MS);
    expect(await grownTo()).toBeLessThan(GROWTH_MAX);
  });
});
