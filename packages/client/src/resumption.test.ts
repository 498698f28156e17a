import { describe, expect, test } from "vitest";
import { type Packet, PacketType, type ProtocolVersion, type QoS } from "@bowline/protocol";
import { acknowledgement, type Link } from "./testing/scripted-server.ts";
import { message, stage, type Stage, textOf } from "./testing/client-on-script.ts";
import { failOnUnhandledRejections } from "./testing/unhandled-rejections.ts";
import { turn } from "./testing/virtual-clock.ts";

const { CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, DISCONNECT } = PacketType;
const versions: readonly ProtocolVersion[] = [5, 4];

failOnUnhandledRejections();

/** A client whose server keeps its session. */
function kept(protocolVersion: ProtocolVersion, ignored: (packet: Packet, link: Link) => boolean = () => false): Promise<Stage> {
  return stage({ protocolVersion, session: { clientId: "c", expiryInterval: 3600 } }, (server) => {
    server.sessionPresent = true;
    server.script = ignored;
  });
}

/** Cuts, and lets the client come back to a server that answers everything. */
async function comeBack({ client, server }: Stage): Promise<void> {
  server.script = () => false;
  server.link.cut();
  client.reconnect();
  await turn();
}

const flow = (link: Link): unknown[] =>
  link.received
    .filter(({ type }) => type >= PUBLISH && type <= PUBCOMP)
    .map((packet) => {
      const { type, packetIdentifier: id } = packet as { type: number; packetIdentifier?: number };
      return packet.type === PUBLISH ? [type, id, textOf(packet), packet.dup] : [type, id];
    });

describe.each(versions)("version %i, sending: a cut", (version) => {
  const v = version === 5 ? "MQTT" : "v3 MQTT";

  test(`[${v}-4.4.0-1] [${v}-3.3.1-1] [${v}-4.6.0-1] with PUBLISH sent: again with DUP, its identifier and in the first order`, async () => {
    const it = await kept(version, ({ type }) => type === PUBLISH);
    const all = Promise.all(([1, 2, 1, 2] as const).map((qos, i) => it.client.publish("t", String(i), { qos })));
    await turn();
    expect(flow(it.server.link)).toEqual([0, 1, 2, 3].map((i) => [PUBLISH, i + 1, String(i), false]));
    await comeBack(it);
    await all;
    expect(flow(it.server.link).slice(0, 4)).toEqual([0, 1, 2, 3].map((i) => [PUBLISH, i + 1, String(i), true]));
  });

  test(`[${v}-4.4.0-1] with PUBREC received and PUBREL lost: PUBREL alone`, async () => {
    const it = await kept(version, (packet, link) => {
      if (packet.type !== PUBLISH) return false;
      link.send(acknowledgement(PUBREC, packet.packetIdentifier));
      link.cut();
      return true;
    });
    const done = it.client.publish("t", "x", { qos: 2 });
    await turn();
    await comeBack(it);
    await done;
    expect(flow(it.server.link)).toEqual([[PUBREL, 1]]);
  });

  test(`[${v}-4.4.0-1] with PUBREL sent and PUBCOMP lost: PUBREL again, and its end is the message's`, async () => {
    const it = await kept(version, ({ type }) => type === PUBREL);
    const done = it.client.publish("t", "x", { qos: 2 });
    await turn();
    expect(flow(it.server.link)).toEqual([
      [PUBLISH, 1, "x", false],
      [PUBREL, 1],
    ]);
    await comeBack(it);
    await done;
    expect(flow(it.server.link)).toEqual([[PUBREL, 1]]);
  });

  test(`[${v}-4.6.0-4] between PUBRELs: those that are left go in the order of their PUBRECs, and PUBLISH never again`, async () => {
    const it = await kept(version, ({ type }) => type === PUBREL || type === PUBLISH);
    const all = Promise.all([0, 1, 2].map((i) => it.client.publish("t", String(i), { qos: 2 })));
    await turn();
    for (const id of [1, 2, 3]) it.server.link.send(acknowledgement(PUBREC, id));
    it.server.link.send(acknowledgement(PUBCOMP, 2));
    await turn();
    await comeBack(it);
    await all;
    expect(flow(it.server.link)).toEqual([
      [PUBREL, 1],
      [PUBREL, 3],
    ]);
  });

  test(`[${v}-4.4.0-1] sends nothing twice on one connection, however late the answer is`, async () => {
    const it = await kept(version, ({ type }) => type === PUBLISH);
    void it.client.publish("t", "slow", { qos: 1 });
    await it.clock.advance(40_000);
    expect(flow(it.server.link)).toEqual([[PUBLISH, 1, "slow", false]]);
    await it.client.abort();
  });

  test("new messages come after those sent again", async () => {
    const it = await kept(version, ({ type }) => type === PUBLISH);
    const first = it.client.publish("t", "first", { qos: 1 });
    await turn();
    it.server.script = () => false;
    it.server.link.cut();
    const second = it.client.publish("t", "second", { qos: 1 });
    await it.clock.advance(1000);
    await Promise.all([first, second]);
    expect(it.server.link.of(PUBLISH).map((packet) => [textOf(packet), packet.dup])).toEqual([
      ["first", true],
      ["second", false],
    ]);
  });
});

describe.each(versions)("version %i, receiving: a cut", (version) => {
  const v = version === 5 ? "MQTT" : "v3 MQTT";
  const exactly = version === 5 ? "[MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12]" : "[v3 MQTT-4.3.3-2]";

  async function receiving(qos: QoS): Promise<{ it: Stage; got: string[] }> {
    const it = await kept(version);
    const got: string[] = [];
    it.client.subscribe("t", { qos }, (m) => got.push(m.text()));
    await turn();
    return { it, got };
  }

  test(`${exactly} after PUBREC: the same identifier is not delivered again before PUBREL, and is a new message after it`, async () => {
    const { it, got } = await receiving(2);
    it.server.script = ({ type }) => type === PUBREC;
    it.server.link.send(message("t", "once", 2, 7));
    await turn();
    await comeBack(it);
    it.server.script = ({ type }) => type === PUBREC;
    it.server.link.send(message("t", "once", 2, 7, true));
    await turn();
    expect(flow(it.server.link)).toEqual([[PUBREC, 7]]);
    await comeBack(it);
    it.server.link.send(acknowledgement(PUBREL, 7));
    it.server.link.send(acknowledgement(PUBREL, 7));
    it.server.link.send(message("t", "new", 2, 7));
    await turn();
    expect(got).toEqual(["once", "new"]);
    expect(flow(it.server.link).slice(0, 2)).toEqual([
      [PUBCOMP, 7],
      [PUBCOMP, 7],
    ]);
  });

  test(`[${v}-4.3.2-${version === 5 ? 5 : 2}] after PUBACK: the same identifier is a new message, even with DUP`, async () => {
    const { it, got } = await receiving(1);
    it.server.link.send(message("t", "one", 1, 7), message("t", "two", 1, 7, true));
    await turn();
    expect(got).toEqual(["one", "two"]);
    expect(flow(it.server.link)).toEqual([
      [PUBACK, 7],
      [PUBACK, 7],
    ]);
  });

  test(`[${v}-4.6.0-2] [${v}-4.6.0-3] answers leave in the order of the messages, though they are handled in another`, async () => {
    const it = await kept(version);
    const held: (() => void)[] = [];
    it.client.subscribe("t", { qos: 2, acknowledge: "manual" }, (m) => held.push(() => m.ack()));
    await turn();
    it.server.script = ({ type }) => type === PUBREC;
    for (const [id, qos] of [
      [1, 1],
      [2, 2],
      [3, 1],
    ] as const)
      it.server.link.send(message("t", String(id), qos, id));
    for (const acknowledge of held.toReversed()) acknowledge();
    await turn();
    expect(flow(it.server.link)).toEqual([
      [PUBACK, 1],
      [PUBREC, 2],
      [PUBACK, 3],
    ]);
  });

  test("a session that the server lost: its QoS 2 identifiers are forgotten with it", async () => {
    const { it, got } = await receiving(2);
    it.server.script = ({ type }) => type === PUBREC;
    it.server.link.send(message("t", "before", 2, 7));
    await turn();
    it.server.sessionPresent = false;
    await comeBack(it);
    it.server.link.send(message("t", "after", 2, 7));
    await turn();
    expect(got).toEqual(["before", "after"]);
  });
});

test("[MQTT-3.1.3-2] [MQTT-3.1.2-4] comes back with its identifier and without Clean Start; subscribes again only where it must", async () => {
  const it = await stage({}, (server) => void (server.sessionPresent = true));
  await it.client.subscribe("t").ready;
  await comeBack(it);
  expect(it.server.connects.map(({ cleanStart }) => cleanStart)).toEqual([true, false]);
  expect(it.server.connects[1]?.clientIdentifier).toBe(it.server.connects[0]?.clientIdentifier);
  expect(it.server.link.of(SUBSCRIBE)).toEqual([]);
  it.server.sessionPresent = false;
  await comeBack(it);
  expect(it.server.link.of(SUBSCRIBE)).toHaveLength(1);
});

test("[MQTT-3.14.4-1] [MQTT-3.14.4-2] [v3 MQTT-3.14.4-1] [v3 MQTT-3.14.4-2] nothing leaves after DISCONNECT, and the connection ends", async () => {
  for (const protocolVersion of versions) {
    const { client, server } = await stage({ protocolVersion });
    const done = client.close();
    void client.publish("t", "late", { qos: 1 }).then(undefined, () => undefined);
    await done;
    expect(server.link.received.at(-1)?.type).toBe(DISCONNECT);
    expect(server.link.isClosed).toBe(true);
  }
});

test("[MQTT-3.1.0-1] [v3 MQTT-3.1.0-1] CONNECT is first on every connection, whatever waits", async () => {
  for (const protocolVersion of versions) {
    const it = await kept(protocolVersion, ({ type }) => type === CONNACK);
    void it.client.publish("t", "x", { qos: 1 });
    void it.client.subscribe("s");
    await comeBack(it);
    for (const link of it.server.links) {
      expect(link.received[0]?.type).toBe(PacketType.CONNECT);
      expect(link.of(PacketType.CONNECT)).toHaveLength(1);
    }
    await it.client.abort();
  }
});
