import { valueOf, type WirePacket } from "../../wire/parse.ts";
import { property } from "../../wire/properties.ts";
import { BOTH, clientCase, type ClientCase, EVERY, V5 } from "../client-case.ts";
import type { QoS, Version } from "../client-driver.ts";
import { check, type Kit, PERSISTENT } from "../kit.ts";
import type { ServedConnection } from "../served-connection.ts";

/* Sections 4.1 and 4.4: what outlives a connection. The server cuts it at each point of a flow, and the client comes back. */

const RESUMES = ["publish", "reconnect", "session"] as const;
const RECEIVES = ["receive", "reconnect", "session"] as const;

/** MQTT 3.1 knows no Session Present. */
function resumed(version: Version): { sessionPresent: boolean } {
  return { sessionPresent: version !== 3 };
}

async function comesBack(kit: Kit, from: ServedConnection): Promise<ServedConnection> {
  from.peer.cut();
  return await kit.accepted(resumed(kit.version));
}

function send(kit: Kit, payload: string, qos: QoS): void {
  kit.client.publish({ topicName: "session", payload, qos }).catch(() => undefined);
}

function line({ name, packetIdentifier, dup, payload }: WirePacket): string {
  return `${name} #${packetIdentifier}${dup === true ? " DUP" : ""} ${payload?.toString() ?? ""}`.trim();
}

/**
 * The next flows that the client begins or goes on with, each ended as a server does: a client may wait for the end of one before
 * it begins the next.
 */
async function answered(connection: ServedConnection, count: number): Promise<WirePacket[]> {
  const first: WirePacket[] = [];
  const underWay = new Set<number | undefined>();
  while (first.length < count || underWay.size > 0) {
    const [one] = await connection.take(1);
    const { name, packetIdentifier, qos } = one as WirePacket;
    if (!underWay.has(packetIdentifier)) first.push(one as WirePacket);
    if (name === "PUBREL") connection.acknowledge("PUBCOMP", packetIdentifier);
    else connection.acknowledge(qos === 2 ? "PUBREC" : "PUBACK", packetIdentifier);
    if (qos === 2) underWay.add(packetIdentifier);
    else underWay.delete(packetIdentifier);
  }
  await connection.expectNothing();
  return first;
}

export const sessionCases: readonly ClientCase[] = [
  clientCase(
    "[MQTT-3.1.3-2] [MQTT-3.1.2-23] [MQTT-4.1.0-1] [v3 MQTT-3.1.3-2] [v3 MQTT-3.1.2-5] [v3 MQTT-4.1.0-1] comes back with the same Client Identifier and Clean Start 0",
    EVERY,
    ["reconnect", "session"],
    async (kit) => {
      const first = await kit.connected({ ...PERSISTENT, clientId: "again" });
      first.peer.cut();
      const { connect, packet } = await kit.connection();
      check(connect.clientId === "again" && !connect.cleanStart, "again, Clean Start 0", connect);
      if (kit.version === 5)
        check(valueOf(packet, "sessionExpiryInterval") === 300, "Session Expiry Interval 300", packet.properties);
    },
  ),
  ...([1, 2] as const).map((qos) =>
    clientCase(
      `[MQTT-4.4.0-1] [MQTT-3.3.1-1] [v3 MQTT-4.4.0-1] [v3 MQTT-3.3.1-1] [v3 MQTT-2.3.1-3] a QoS ${qos} message without an answer is sent again with DUP and its identifier`,
      EVERY,
      RESUMES,
      async (kit) => {
        const first = await kit.connected(PERSISTENT);
        send(kit, "again", qos);
        const sent = await first.peer.expect("PUBLISH", { dup: false });
        const second = await comesBack(kit, first);
        const again = await second.peer.expect("PUBLISH", { dup: true, qos, packetIdentifier: sent.packetIdentifier ?? 0 });
        check(again.topic === "session" && again.payload?.toString() === "again", "the same message", line(again));
        second.acknowledge(qos === 1 ? "PUBACK" : "PUBREC", sent.packetIdentifier);
        if (qos === 2) {
          await second.peer.expect("PUBREL", { packetIdentifier: sent.packetIdentifier ?? 0 });
          second.acknowledge("PUBCOMP", sent.packetIdentifier);
        }
        await second.expectNothing();
      },
    ),
  ),
  clientCase(
    "[MQTT-4.4.0-1] [MQTT-3.3.1-1] properties of a message are those of the first time when it is sent again",
    V5,
    RESUMES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      const properties = { contentType: "text/plain", userProperties: [["a", "b"]] as const };
      kit.client.publish({ topicName: "session", payload: "x", qos: 1, retain: true, properties }).catch(() => undefined);
      await first.peer.expect("PUBLISH");
      const second = await comesBack(kit, first);
      await second.peer.expect("PUBLISH", {
        dup: true,
        retain: true,
        properties: { contentType: ["text/plain"], userProperty: [["a", "b"]] },
      });
    },
  ),
  clientCase(
    "[MQTT-4.6.0-1] [v3 MQTT-4.6.0-1] messages are sent again in the order of the first time, each with its identifier, before new ones",
    EVERY,
    RESUMES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      for (let i = 0; i < 7; i++) send(kit, String(i), i % 2 === 0 ? 1 : 2);
      const sent = await first.peer.expectAll("PUBLISH", 7);
      first.peer.cut();
      const second = await kit.connection();
      send(kit, "new", 1);
      second.accept(resumed(kit.version));
      const again = (await answered(second, 8)).map(line);
      const wanted = sent.map((one) => `PUBLISH #${one.packetIdentifier} DUP ${one.payload?.toString()}`);
      check(String(again.slice(0, 7)) === String(wanted), wanted.join(", "), again.join(", "));
      check(/^PUBLISH #\d+ new$/.test(again[7] ?? ""), "the new one last, without DUP", String(again[7]));
    },
  ),
  clientCase(
    "[MQTT-4.3.3-6] [MQTT-4.4.0-1] [v3 MQTT-4.4.0-1] after a PUBREC the PUBREL is sent again and never the PUBLISH",
    EVERY,
    RESUMES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      send(kit, "x", 2);
      const { packetIdentifier = 0 } = await first.peer.expect("PUBLISH");
      first.acknowledge("PUBREC", packetIdentifier);
      await first.peer.expect("PUBREL");
      const second = await comesBack(kit, first);
      await second.peer.expect("PUBREL", { packetIdentifier });
      await second.expectNothing();
      const third = await comesBack(kit, second);
      await third.peer.expect("PUBREL", { packetIdentifier });
      third.acknowledge("PUBCOMP", packetIdentifier);
      await third.expectNothing();
      const fourth = await comesBack(kit, third);
      await fourth.expectNothing();
    },
  ),
  clientCase("[MQTT-4.4.0-1] [v3 MQTT-4.4.0-1] what was acknowledged is not sent again", EVERY, RESUMES, async (kit) => {
    const first = await kit.connected(PERSISTENT);
    send(kit, "1", 1);
    const one = await first.peer.expect("PUBLISH");
    first.acknowledge("PUBACK", one.packetIdentifier);
    send(kit, "2", 2);
    const two = await first.peer.expect("PUBLISH");
    first.acknowledge("PUBREC", two.packetIdentifier);
    await first.peer.expect("PUBREL");
    first.acknowledge("PUBCOMP", two.packetIdentifier);
    await first.expectNothing();
    const second = await comesBack(kit, first);
    await second.expectNothing();
  }),
  clientCase("[MQTT-4.4.0-2] what was refused by PUBACK or PUBREC is not sent again", V5, RESUMES, async (kit) => {
    const first = await kit.connected(PERSISTENT);
    send(kit, "1", 1);
    first.acknowledge("PUBACK", (await first.peer.expect("PUBLISH")).packetIdentifier, 0x87);
    send(kit, "2", 2);
    first.acknowledge("PUBREC", (await first.peer.expect("PUBLISH")).packetIdentifier, 0x97);
    await first.expectNothing();
    const second = await comesBack(kit, first);
    await second.expectNothing();
  }),
  clientCase(
    "[MQTT-4.6.0-1] [MQTT-4.4.0-1] PUBRELs and PUBLISHs that are due are all sent again, each once",
    BOTH,
    RESUMES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      for (let i = 0; i < 4; i++) send(kit, String(i), 2);
      const sent = await first.peer.expectAll("PUBLISH", 4);
      for (const i of [0, 2]) first.acknowledge("PUBREC", sent[i]?.packetIdentifier);
      await first.peer.expectAll("PUBREL", 2);
      const second = await comesBack(kit, first);
      const again = (await answered(second, 4)).map(({ name, packetIdentifier }) => `${name} ${packetIdentifier}`);
      const ids = sent.map(({ packetIdentifier }) => packetIdentifier);
      const wanted = [`PUBREL ${ids[0]}`, `PUBLISH ${ids[1]}`, `PUBREL ${ids[2]}`, `PUBLISH ${ids[3]}`];
      check(String([...again].sort()) === String([...wanted].sort()), wanted.join(", "), again.join(", "));
    },
  ),
  clientCase(
    "[MQTT-4.9.0-2] [MQTT-3.3.4-7] what is sent again counts against the new connection's Receive Maximum",
    V5,
    RESUMES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      for (let i = 0; i < 3; i++) send(kit, String(i), 1);
      await first.peer.expectAll("PUBLISH", 3);
      first.peer.cut();
      const second = await kit.accepted({ sessionPresent: true, properties: [property("receiveMaximum", 1)] });
      for (let i = 0; i < 3; i++) {
        const { packetIdentifier } = await second.peer.expect("PUBLISH", { payload: String(i), dup: true });
        await second.expectNothing("one at a time");
        second.acknowledge("PUBACK", packetIdentifier);
      }
    },
  ),
  clientCase(
    "[MQTT-3.2.2-5] Session Present 0: nothing of the old session is sent, no DUP and no PUBREL",
    BOTH,
    RESUMES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      send(kit, "1", 1);
      send(kit, "2", 2);
      send(kit, "3", 2);
      const [, , three] = await first.peer.expectAll("PUBLISH", 3);
      first.acknowledge("PUBREC", three?.packetIdentifier);
      await first.peer.expect("PUBREL");
      first.peer.cut();
      const second = await kit.accepted({ sessionPresent: false });
      for (const one of await second.settle()) {
        // Sending the messages as new ones is the client's right.
        check(one.name === "PUBLISH" && one.dup === false, "no PUBREL, and no DUP", line(one));
      }
    },
  ),
  clientCase("[MQTT-3.2.2-5] Session Present 0: identifiers of messages that came are forgotten", BOTH, RECEIVES, async (kit) => {
    const first = await kit.connected(PERSISTENT);
    first.publish({ topic: "a", payload: "old", qos: 2, packetIdentifier: 9 });
    await first.peer.expect("PUBREC");
    first.peer.cut();
    const second = await kit.accepted({ sessionPresent: false });
    second.publish({ topic: "a", payload: "new", qos: 2, packetIdentifier: 9 });
    await second.peer.expect("PUBREC", { packetIdentifier: 9 });
    second.acknowledge("PUBREL", 9);
    await second.peer.expect("PUBCOMP", { packetIdentifier: 9 });
    second.publish({ topic: "a", payload: "end" });
    const seen: string[] = [];
    while (seen.at(-1) !== "end") seen.push(Buffer.from((await kit.message()).payload).toString());
    // The old one may have been delivered at its PUBLISH.
    check(/^(old,)?new,end$/.test(String(seen)), "new once", String(seen));
  }),
  clientCase(
    "[MQTT-4.3.3-10] [MQTT-3.1.2-23] [v3 MQTT-3.1.2-5] a QoS 2 message that came and is sent again after the cut is not delivered twice",
    EVERY,
    RECEIVES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      first.publish({ topic: "a", payload: "once", qos: 2, packetIdentifier: 9 });
      await first.peer.expect("PUBREC");
      const second = await comesBack(kit, first);
      second.publish({ topic: "a", payload: "once", qos: 2, packetIdentifier: 9, dup: true });
      await second.peer.expect("PUBREC", { packetIdentifier: 9 });
      second.acknowledge("PUBREL", 9);
      await second.peer.expect("PUBCOMP", { packetIdentifier: 9 });
      second.publish({ topic: "a", payload: "end" });
      check(String(await kit.payloads(2)) === "once,end", "once and end", kit.received);
    },
  ),
  clientCase(
    "[MQTT-4.3.3-11] [v3 MQTT-4.3.3-2] PUBREL after the cut ends the message that came before it",
    EVERY,
    RECEIVES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      first.publish({ topic: "a", payload: "once", qos: 2, packetIdentifier: 9 });
      await first.peer.expect("PUBREC");
      const second = await comesBack(kit, first);
      second.acknowledge("PUBREL", 9);
      await second.peer.expect("PUBCOMP", { packetIdentifier: 9, reasonCode: 0 });
      second.publish({ topic: "a", payload: "end" });
      check(String(await kit.payloads(2)) === "once,end", "once and end", kit.received);
    },
  ),
  clientCase(
    "[MQTT-4.3.3-11] [v3 MQTT-4.3.3-2] PUBREL that is sent again because its PUBCOMP was lost is answered",
    EVERY,
    RECEIVES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      first.publish({ topic: "a", payload: "once", qos: 2, packetIdentifier: 9 });
      await first.peer.expect("PUBREC");
      first.acknowledge("PUBREL", 9);
      await first.peer.expect("PUBCOMP");
      const second = await comesBack(kit, first);
      second.acknowledge("PUBREL", 9);
      await second.peer.expect("PUBCOMP", { packetIdentifier: 9, reasonCode: [0, 0x92] });
      second.publish({ topic: "a", payload: "end" });
      check(String(await kit.payloads(2)) === "once,end", "once and end", kit.received);
    },
  ),
  clientCase(
    "[MQTT-4.3.2-4] [v3 MQTT-4.3.2-2] a QoS 1 message that is sent again after the cut is acknowledged again",
    EVERY,
    RECEIVES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      first.publish({ topic: "a", payload: "x", qos: 1, packetIdentifier: 9 });
      await first.peer.expect("PUBACK");
      const second = await comesBack(kit, first);
      second.publish({ topic: "a", payload: "x", qos: 1, packetIdentifier: 9, dup: true });
      await second.peer.expect("PUBACK", { packetIdentifier: 9 });
    },
  ),
  clientCase(
    "[MQTT-3.3.4-9] a PUBREL that the cut swallowed counts towards the Receive Maximum no longer once it came",
    V5,
    [...RECEIVES, "connect limits"],
    async (kit) => {
      const first = await kit.connected({ ...PERSISTENT, receiveMaximum: 2 });
      for (const id of [1, 2]) first.publish({ topic: "a", payload: String(id), qos: 2, packetIdentifier: id });
      await first.peer.expectAll("PUBREC", 2);
      const second = await comesBack(kit, first);
      for (const id of [1, 2]) second.acknowledge("PUBREL", id);
      await second.peer.expectAll("PUBCOMP", 2);
      for (const id of [3, 4]) second.publish({ topic: "a", payload: String(id), qos: 2, packetIdentifier: id });
      await second.peer.expectAll("PUBREC", 2);
    },
  ),
  clientCase(
    "[section 4.4] a message that was asked for while the client was away leaves once it is back, without DUP",
    EVERY,
    RESUMES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      first.peer.cut();
      const second = await kit.connection();
      send(kit, "1", 1);
      send(kit, "2", 2);
      second.accept(resumed(kit.version));
      second.acknowledge("PUBACK", (await second.peer.expect("PUBLISH", { payload: "1", qos: 1, dup: false })).packetIdentifier);
      await second.peer.expect("PUBLISH", { payload: "2", qos: 2, dup: false });
    },
  ),
  clientCase(
    "[MQTT-3.3.2-7] [MQTT-3.2.2-18] a message sent again carries no Topic Alias of the old connection",
    V5,
    RESUMES,
    async (kit) => {
      const first = await kit.connected(PERSISTENT, { properties: [property("topicAliasMaximum", 5)] });
      for (let i = 0; i < 4; i++) send(kit, String(i), 1);
      await first.peer.expectAll("PUBLISH", 4);
      const second = await comesBack(kit, first);
      for (const one of await answered(second, 4)) {
        check(one.topic === "session" && valueOf(one, "topicAlias") === undefined, "the whole topic and no alias", line(one));
      }
    },
  ),
  clientCase(
    "[MQTT-4.3.3-7] a QoS 2 message that was sent does not expire: it is sent again",
    V5,
    [...RESUMES, "message properties"],
    async (kit) => {
      const first = await kit.connected(PERSISTENT);
      const properties = { messageExpiryInterval: 1 };
      kit.client.publish({ topicName: "session", payload: "old", qos: 2, properties }).catch(() => undefined);
      const { packetIdentifier = 0 } = await first.peer.expect("PUBLISH");
      first.peer.cut();
      const second = await kit.connection();
      // Nothing but time shows that it would have expired.
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      second.accept({ sessionPresent: true });
      await second.peer.expect("PUBLISH", { packetIdentifier, payload: "old", qos: 2 });
    },
  ),
];
