import { PacketType } from "@bowline/protocol";
import { encodeToBytes } from "@bowline/protocol/internal";
import { expect, test } from "vitest";
import { publishOf } from "@bowline/testkit/broker";
import { HEAD_BYTES_MAX, PacketHeads } from "./packet-heads.ts";

function heads(): { walk: PacketHeads; seen: string[] } {
  const seen: string[] = [];
  const walk = new PacketHeads((head, bodyStart, bytes) => {
    seen.push(`${head[0]! >>> 4}:${head.length}/${bytes}@${bodyStart}`);
  });
  return { walk, seen };
}

const STREAM = Buffer.concat([
  encodeToBytes({ type: PacketType.PINGREQ }, 5),
  encodeToBytes(publishOf("a/b", "x".repeat(300), 0), 5),
  encodeToBytes({ type: PacketType.PUBACK, packetIdentifier: 7, reasonCode: 0 }, 5),
]);

test("finds the same packets wherever the stream is cut", () => {
  const whole = heads();
  whole.walk.push(STREAM);
  expect(whole.seen).toEqual(["12:2/2@2", "3:309/309@3", "4:4/4@2"]);
  for (let cut = 1; cut < STREAM.length; cut++) {
    const { walk, seen } = heads();
    walk.push(STREAM.subarray(0, cut));
    walk.push(STREAM.subarray(cut));
    expect(seen).toEqual(whole.seen);
  }
  const single = heads();
  for (const byte of STREAM) single.walk.push(Uint8Array.of(byte));
  expect(single.seen).toEqual(whole.seen);
});

test("keeps the beginning of a packet and no more, and goes on behind its end", () => {
  const large = Buffer.concat([encodeToBytes(publishOf("a", "y".repeat(1_000_000), 0), 5), STREAM]);
  const wanted = [`3:${HEAD_BYTES_MAX}/1000008@4`, "12:2/2@2", "3:309/309@3", "4:4/4@2"];
  const whole = heads();
  whole.walk.push(large);
  expect(whole.seen).toEqual(wanted);
  const cut = heads();
  for (let at = 0; at < large.length; at += 65_536) cut.walk.push(large.subarray(at, at + 65_536));
  expect(cut.seen).toEqual(wanted);
});

test("is silent after what can be no packet", () => {
  const { walk, seen } = heads();
  walk.push(Uint8Array.of(0x30, 0xff, 0xff));
  walk.push(Uint8Array.of(0xff, 0xff, 0x01));
  walk.push(STREAM);
  expect(seen).toEqual([]);
});
