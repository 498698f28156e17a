import { acknowledgement } from "../../wire/build.ts";
import { property } from "../../wire/properties.ts";
import { BOTH, clientCase, type ClientCase, EVERY, V5 } from "../client-case.ts";
import { check, type Kit } from "../kit.ts";
import { Recommendation, recommended } from "../recommendation.ts";
import type { ServedConnection } from "../served-connection.ts";
import type { WirePacket } from "../../wire/parse.ts";

/* Sections 4.3, 4.6 and 4.9, as the sender of messages. */

const MESSAGE = { topicName: "flow", payload: "x" } as const;

/** The client connects and publishes at this QoS; answers what it sent, and the promise of its publication. */
async function publishing(
  kit: Kit,
  qos: 1 | 2,
): Promise<{ connection: ServedConnection; sent: WirePacket; outcome: Promise<"done" | "refused"> }> {
  const connection = await kit.connected({ announced: { topicName: MESSAGE.topicName, qos } });
  const outcome = kit.client.publish({ ...MESSAGE, qos }).then(
    () => "done" as const,
    () => "refused" as const,
  );
  return { connection, sent: await connection.peer.expect("PUBLISH"), outcome };
}

/** Whether a promise is settled once everything that is due now has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

export const outgoingFlowCases: readonly ClientCase[] = [
  clientCase(
    "[MQTT-4.3.2-3] [v3 MQTT-4.3.2-1] a QoS 1 message is unacknowledged until its PUBACK, and is not sent again on the connection [MQTT-4.4.0-1]",
    EVERY,
    ["announced publish", "publish outcome"],
    async (kit) => {
      const { connection, sent, outcome } = await publishing(kit, 1);
      await connection.expectNothing();
      check(!(await isSettled(outcome)), "that the publication is under way", "its end");
      connection.acknowledge("PUBACK", sent.packetIdentifier);
      check((await outcome) === "done", "its success", "its failure");
      await connection.expectNothing();
    },
  ),
  clientCase(
    "[MQTT-4.3.3-4] [MQTT-3.6.1-1] [MQTT-2.2.1-5] [v3 MQTT-4.3.3-1] [v3 MQTT-3.6.1-1] [v3 MQTT-2.3.1-6] PUBREC is answered by PUBREL 0010 with its identifier",
    EVERY,
    ["announced publish"],
    async (kit) => {
      const { connection, sent } = await publishing(kit, 2);
      connection.acknowledge("PUBREC", sent.packetIdentifier);
      const pubrel = await connection.peer.expect("PUBREL", { packetIdentifier: sent.packetIdentifier ?? 0, reasonCode: 0 });
      check(pubrel.flags === 2, "flags 0010", pubrel.flags);
      connection.acknowledge("PUBCOMP", sent.packetIdentifier);
      await connection.expectNothing();
    },
  ),
  clientCase(
    "[MQTT-4.3.3-3] [MQTT-4.3.3-5] [v3 MQTT-4.3.3-1] a QoS 2 message is unacknowledged until its PUBREC, then its PUBREL until its PUBCOMP",
    EVERY,
    ["announced publish", "publish outcome"],
    async (kit) => {
      const { connection, sent, outcome } = await publishing(kit, 2);
      await connection.expectNothing();
      connection.acknowledge("PUBREC", sent.packetIdentifier);
      await connection.peer.expect("PUBREL");
      await connection.expectNothing();
      check(!(await isSettled(outcome)), "that the publication is under way", "its end");
      connection.acknowledge("PUBCOMP", sent.packetIdentifier);
      check((await outcome) === "done", "its success", "its failure");
    },
  ),
  ...([0x80, 0x83, 0x87, 0x90, 0x97, 0x99] as const).flatMap((code) => [
    clientCase(
      `[MQTT-4.3.3-4] [MQTT-4.4.0-2] PUBREC 0x${code.toString(16)} ends the flow: no PUBREL, and it is not sent again`,
      V5,
      ["announced publish"],
      async (kit) => {
        const { connection, sent, outcome } = await publishing(kit, 2);
        connection.acknowledge("PUBREC", sent.packetIdentifier, code);
        await connection.expectNothing("no PUBREL");
        if (kit.driver.capabilities.has("publish outcome"))
          check((await outcome) === "refused", "that publish fails", "its success");
      },
    ),
    clientCase(
      `[MQTT-4.4.0-2] PUBACK 0x${code.toString(16)} ends the flow: it is not sent again, and the application hears of it`,
      V5,
      ["announced publish", "publish outcome"],
      async (kit) => {
        const { connection, sent, outcome } = await publishing(kit, 1);
        connection.acknowledge("PUBACK", sent.packetIdentifier, code);
        await connection.expectNothing();
        check((await outcome) === "refused", "that publish fails", "its success");
      },
    ),
  ]),
  clientCase(
    "[section 3.4.2.1] PUBACK and PUBREC 0x10, no matching subscribers, are successes",
    V5,
    ["publish", "publish outcome"],
    async (kit) => {
      const one = await publishing(kit, 1);
      one.connection.acknowledge("PUBACK", one.sent.packetIdentifier, 0x10);
      check((await one.outcome) === "done", "its success", "its failure");
      const two = kit.client.publish({ ...MESSAGE, qos: 2 });
      const sent = await one.connection.peer.expect("PUBLISH");
      one.connection.acknowledge("PUBREC", sent.packetIdentifier, 0x10);
      await one.connection.peer.expect("PUBREL");
      one.connection.acknowledge("PUBCOMP", sent.packetIdentifier, 0);
      await two;
    },
  ),
  clientCase(
    "[section 3.4.2.2] Reason String and User Properties in acknowledgements are taken",
    V5,
    ["announced publish"],
    async (kit) => {
      const { connection, sent } = await publishing(kit, 2);
      const packetIdentifier = sent.packetIdentifier ?? 0;
      const properties = [
        property("reasonString", "why"),
        property("userProperty", ["", ""]),
        property("userProperty", ["a", "b"]),
      ];
      connection.peer.send(acknowledgement("PUBREC", { version: 5, packetIdentifier, reasonCode: 0, properties }));
      await connection.peer.expect("PUBREL", { packetIdentifier });
      connection.peer.send(acknowledgement("PUBCOMP", { version: 5, packetIdentifier, reasonCode: 0, properties }));
      await connection.expectNothing();
    },
  ),
  clientCase(
    "[MQTT-4.6.0-4] [v3 MQTT-4.6.0-4] PUBRELs leave in the order of the PUBRECs",
    EVERY,
    ["announced publish"],
    async (kit) => {
      const connection = await kit.connected({ announced: { topicName: MESSAGE.topicName, qos: 2 } });
      for (let i = 0; i < 8; i++) kit.client.publish({ ...MESSAGE, qos: 2 }).catch(() => undefined);
      const sent = await connection.peer.expectAll("PUBLISH", 8);
      const order = [3, 0, 7, 5, 1, 6, 2, 4].map((i) => sent[i]?.packetIdentifier ?? 0);
      for (const id of order) connection.acknowledge("PUBREC", id);
      const answered = (await connection.peer.expectAll("PUBREL", 8)).map(({ packetIdentifier }) => packetIdentifier);
      check(String(answered) === String(order), String(order), String(answered));
    },
  ),
  clientCase(
    "[MQTT-4.6.0-1] [section 4.6] messages of one topic leave in the order they were published, whatever their QoS",
    BOTH,
    ["publish"],
    async (kit) => {
      const connection = await kit.connected();
      for (let i = 0; i < 60; i++)
        kit.client.publish({ topicName: "t", payload: String(i), qos: ([0, 1, 2] as const)[i % 3] ?? 0 }).catch(() => undefined);
      const seen = (await connection.peer.expectAll("PUBLISH", 60)).map(({ payload }) => payload?.toString());
      check(String(seen) === String([...seen.keys()]), "0 to 59 in order", String(seen));
    },
  ),
  clientCase(
    "[section 4.3.3] a PUBREC that comes twice is answered twice, and the message ends once",
    BOTH,
    ["announced publish"],
    async (kit) => {
      const { connection, sent } = await publishing(kit, 2);
      connection.acknowledge("PUBREC", sent.packetIdentifier);
      await connection.peer.expect("PUBREL");
      connection.acknowledge("PUBREC", sent.packetIdentifier);
      await connection.peer.expect("PUBREL", { packetIdentifier: sent.packetIdentifier ?? 0 });
      connection.acknowledge("PUBCOMP", sent.packetIdentifier);
      await connection.expectNothing();
    },
  ),
  clientCase("[section 3.6.2.1] a PUBREC for an unknown identifier is answered by PUBREL 0x92", V5, [], async (kit) => {
    const connection = await kit.connected();
    connection.acknowledge("PUBREC", 77);
    const [answer] = await connection.settle();
    if (answer?.name !== "PUBREL" || answer.reasonCode !== 0x92) throw new Recommendation("PUBREL 0x92", answer?.name ?? "nothing");
  }),
  clientCase("[section 4.3] acknowledgements for unknown identifiers do no harm", BOTH, [], async (kit) => {
    const connection = await kit.connected();
    connection.acknowledge("PUBACK", 78);
    connection.acknowledge("PUBCOMP", 79);
    try {
      await connection.settle();
    } catch (error) {
      throw new Recommendation("that the connection goes on", error instanceof Error ? error.message : "");
    }
  }),
  ...([1, 2] as const).map((qos) =>
    clientCase(
      `[MQTT-3.3.4-7] [MQTT-4.9.0-1] [MQTT-4.9.0-2] sends no more than Receive Maximum messages at QoS ${qos} without an answer`,
      V5,
      ["announced publish"],
      async (kit) => {
        const announced = { topicName: MESSAGE.topicName, qos };
        const connection = await kit.connected({ announced }, { properties: [property("receiveMaximum", 2)] });
        for (let i = 0; i < 5; i++) kit.client.publish({ ...MESSAGE, payload: String(i), qos }).catch(() => undefined);
        const underWay = await connection.peer.expectAll("PUBLISH", 2);
        await connection.expectNothing("2 messages at most");
        for (let i = 2; i < 5; i++) {
          const id = underWay.shift()?.packetIdentifier;
          if (qos === 1) connection.acknowledge("PUBACK", id);
          else {
            connection.acknowledge("PUBREC", id);
            await connection.peer.expect("PUBREL");
            await connection.expectNothing("no PUBLISH for a PUBREC");
            connection.acknowledge("PUBCOMP", id);
          }
          underWay.push(await connection.peer.expect("PUBLISH", { payload: String(i) }));
          await connection.expectNothing("one for one");
        }
      },
    ),
  ),
  clientCase(
    "[MQTT-4.9.0-2] [section 4.9] a PUBREC of 0x80 and more gives the quota back",
    V5,
    ["announced publish"],
    async (kit) => {
      const announced = { topicName: MESSAGE.topicName, qos: 2 } as const;
      const connection = await kit.connected({ announced }, { properties: [property("receiveMaximum", 1)] });
      for (const payload of ["1", "2"]) kit.client.publish({ ...MESSAGE, payload, qos: 2 }).catch(() => undefined);
      const { packetIdentifier } = await connection.peer.expect("PUBLISH", { payload: "1" });
      connection.acknowledge("PUBREC", packetIdentifier, 0x87);
      await connection.peer.expect("PUBLISH", { payload: "2" });
    },
  ),
  clientCase(
    "[MQTT-3.3.4-8] [MQTT-4.9.0-3] with its quota used up SUBSCRIBE, UNSUBSCRIBE, PUBREL and answers still leave",
    V5,
    ["publish", "subscribe", "unsubscribe"],
    async (kit) => {
      const connection = await kit.connected({}, { properties: [property("receiveMaximum", 1)] });
      const first = kit.client.subscribe({ topicFilters: ["f"] });
      connection.answer(await connection.peer.expect("SUBSCRIBE"));
      await first;
      for (let i = 0; i < 3; i++) kit.client.publish({ ...MESSAGE, qos: 2 }).catch(() => undefined);
      const { packetIdentifier } = await connection.peer.expect("PUBLISH");
      kit.client.subscribe({ topicFilters: ["g"] }).catch(() => undefined);
      connection.answer(await connection.peer.expect("SUBSCRIBE"));
      kit.client.unsubscribe(["f"]).catch(() => undefined);
      connection.answer(await connection.peer.expect("UNSUBSCRIBE"));
      connection.publish({ topic: "in", qos: 2, packetIdentifier: 5 });
      await connection.peer.expect("PUBREC", { packetIdentifier: 5 });
      connection.acknowledge("PUBREC", packetIdentifier);
      await connection.peer.expect("PUBREL");
      await connection.expectNothing("no PUBLISH");
    },
  ),
  clientCase(
    "[section 3.2.2.3.3] without a Receive Maximum 200 messages may be under way",
    V5,
    ["announced publish"],
    async (kit) => {
      const connection = await kit.connected({ announced: { topicName: MESSAGE.topicName, qos: 1 } });
      for (let i = 0; i < 200; i++) kit.client.publish({ ...MESSAGE, qos: 1 }).catch(() => undefined);
      // A client may have a limit of its own.
      await recommended(connection.peer.expectAll("PUBLISH", 200));
    },
  ),
];
