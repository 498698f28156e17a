import { encodeToBytes, type ProtocolVersion } from "@bowline/protocol";
import { type AttackedBroker, Link } from "@bowline/testkit/security";
import { afterEach, expect, test } from "vitest";
import { seedsOf } from "../seeds.ts";
import { fuzzSockets } from "./fuzz-sockets.ts";
import { startTarget } from "./target.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const KILLS = isLong ? 20 : 2;
const FUZZ_MS = isLong ? 5_000 : 800;
const AT_ONCE = 50;
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);

let broker: AttackedBroker | undefined;
afterEach(() => broker?.remove());

function connect(version: ProtocolVersion): Uint8Array {
  return encodeToBytes({ type: 1, protocolVersion: version, cleanStart: true, keepAlive: 0, clientIdentifier: "" }, version);
}

test("row 31, nanomq #2270, #1042, #1153 and others: a packet of each type, cut off at every byte, is closed with its client and nothing else", async () => {
  const target = await startTarget();
  broker = target;
  const friend = await target.friend();
  const cut = ([4, 5] as const).flatMap((version) =>
    seedsOf(version).flatMap((bytes) =>
      Array.from({ length: bytes.length }, (_, length) => Buffer.concat([connect(version), bytes.subarray(0, length)])),
    ),
  );
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let bytes = cut[next++]; bytes !== undefined; bytes = cut[next++]) {
      const link = await Link.open(target.url("tcp"));
      link.send(bytes);
      link.end();
      await link.ended;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(cut.length).toBeGreaterThan(1_000);
  expect((await friend.leave()).disturbances).toEqual([]);
  expect(target.faults).toEqual([]);
});

test(`row 40, mosquitto #3702: killed ${KILLS} times in the middle of an attack, it starts again with a whole store (seed ${seed})`, {
  timeout: KILLS * (FUZZ_MS + 30_000),
}, async () => {
  const target = await startTarget();
  broker = target;
  for (let i = 0; i < KILLS; i++) {
    const end = performance.now() + FUZZ_MS;
    await fuzzSockets(target, seed, i * 1_000_000, () => performance.now() > end);
    const kept = await Link.open(target.url("tcp"), 5);
    kept.send(
      encodeToBytes(
        {
          type: 1,
          protocolVersion: 5,
          cleanStart: false,
          keepAlive: 0,
          clientIdentifier: `kept-${i}`,
          properties: { sessionExpiryInterval: 5 },
        },
        5,
      ),
    );
    await kept.packet(2);
    await target.process.kill();
    // It walks the whole store before it serves, and would refuse a damaged one.
    await target.process.startAgain();
  }
  expect(target.faults).toEqual([]);
  expect(await target.stop()).toBe(0);
});
