import { encodeToBytes, PacketType, type ProtocolVersion } from "@bowline/protocol";
import { AttackedBroker, type Friend, Link, type LinkKind } from "@bowline/testkit/security";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { corpus, type CorpusInput } from "../corpus.ts";

/*
 * The security history against the real process: what each row says must come of it, over each transport, whole and byte by byte; and
 * then in every other state, where anything may come of it but a death, a growth or a friend who notices.
 */

const MB = 1_048_576;
const GROWTH_MAX = 60 * MB;
/** On two busy cores a pause of the attacker's own process counts as the broker's. */
const FRIEND_MS = 1_000;
/** Longer ones are sent in pieces of this many bytes more. */
const PIECES_MAX = 100;
const kinds: readonly LinkKind[] = ["tcp", "ws", "tls"];
const rows = corpus.filter(({ role, inputs }) => role === "server" && inputs.length > 0);

let broker: AttackedBroker;
let friend: Friend;
let startBytes = 0;
beforeAll(async () => {
  // The rows' numbers are those of small limits, as the engine's own corpus has them.
  const limits = { maximumPacketSize: 1_024, maximumConnectSize: 2_048, receiveMaximum: 20, reconnectsPerMinute: 0 };
  broker = await AttackedBroker.start({ limits, metrics: { sysInterval: 0 } });
  friend = await broker.friend();
  startBytes = broker.ownBytes;
});
afterAll(() => broker?.remove());

describe.each(rows)("row $row, $name", ({ inputs }) => {
  test.each(inputs)("$what: $outcome, over each transport, whole and in pieces", async (input) => {
    // One after the other: connections with one Client Identifier end one another.
    for (const kind of kinds) for (const pieces of piecesOf(input.bytes)) await judge(kind, input, pieces);
  });

  test.each(inputs)("$what: in any other state nothing dies of it", async (input) => {
    await Promise.all(
      kinds.flatMap((kind) =>
        [undefined, 4, 5].flatMap((version) =>
          piecesOf(input.bytes).map((pieces) => survive(kind, version as ProtocolVersion | undefined, pieces)),
        ),
      ),
    );
  });
});

test("nothing died, memory is where it was, and the friend noticed nothing", async () => {
  const report = await friend.leave();
  expect(report.disturbances).toEqual([]);
  expect(report.worstMs).toBeLessThan(FRIEND_MS);
  expect(await broker.ownBytesBelow(startBytes + GROWTH_MAX)).toBeLessThan(startBytes + GROWTH_MAX);
  expect(broker.faults).toEqual([]);
  expect(await broker.stop()).toBe(0);
});

/** Whole, and cut. */
function piecesOf(bytes: Uint8Array): Uint8Array[][] {
  const step = Math.ceil(bytes.length / PIECES_MAX);
  const cut = Array.from({ length: Math.ceil(bytes.length / step) }, (_, i) => bytes.subarray(i * step, (i + 1) * step));
  return [[bytes], cut];
}

let count = 0;
async function connected(kind: LinkKind, version: ProtocolVersion): Promise<Link> {
  const link = await Link.open(broker.url(kind), version);
  link.sendPacket(
    { type: 1, protocolVersion: version, cleanStart: true, keepAlive: 0, clientIdentifier: `corpus-${++count}` },
    version,
  );
  expect(await link.packet(PacketType.CONNACK)).toMatchObject({ reasonCode: 0 });
  return link;
}

async function judge(
  kind: LinkKind,
  { after, version, bytes, outcome }: CorpusInput,
  pieces: readonly Uint8Array[],
): Promise<void> {
  const link = after === "connect" ? await connected(kind, version) : await Link.open(broker.url(kind), version);
  const before = link.packets.length;
  await link.sendPieces(pieces);
  if (typeof outcome === "object") {
    await link.ended;
    const answers = link.packets.slice(before);
    const isIn = after === "connect" || answers.some((packet) => packet.type === PacketType.CONNACK && packet.reasonCode === 0);
    const last = answers.filter(({ type }) => type === PacketType.DISCONNECT);
    expect(last).toMatchObject(isIn && version === 5 ? [{ reasonCode: outcome.endsWith }] : []);
    return;
  }
  // What waits is a packet whose rest has not come: as many bytes as it may still need, and they are none of its business.
  if (outcome === "waits") link.send(new Uint8Array(400 + 3 - bytes.length));
  if (after === "nothing") expect(await link.packet(PacketType.CONNACK)).toMatchObject({ reasonCode: 0 });
  link.send(encodeToBytes({ type: PacketType.PINGREQ }, version));
  expect(await link.packet(PacketType.PINGRESP)).toBeDefined();
  link.destroy();
}

/** It is answered or closed: when nothing more comes, the broker ends it. */
async function survive(kind: LinkKind, version: ProtocolVersion | undefined, pieces: readonly Uint8Array[]): Promise<void> {
  const link = version === undefined ? await Link.open(broker.url(kind)) : await connected(kind, version);
  await link.sendPieces(pieces);
  link.end();
  await link.ended;
}
