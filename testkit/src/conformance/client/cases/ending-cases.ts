import { disconnect } from "../../wire/build.ts";
import { property } from "../../wire/properties.ts";
import { BOTH, clientCase, type ClientCase, EVERY, V5 } from "../client-case.ts";
import { check, type Kit } from "../kit.ts";
import { Recommendation } from "../recommendation.ts";

/* Sections 3.14 and 3.1.2.10: how a connection ends, and what keeps it alive. */

/** Of the Keep Alive, for a PINGREQ that comes late: a server waits half as long again. */
const PATIENCE = 1.5;

function keepAliveOf(kit: Kit, seconds = 2): number {
  return Math.max(seconds, kit.driver.minimumKeepAlive ?? 1);
}

const serverCodes = [
  0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b,
  0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
];

export const endingCases: readonly ClientCase[] = [
  clientCase(
    "[MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-3.14.2-1] [v3 MQTT-3.14.4-1] [v3 MQTT-3.14.4-2] after DISCONNECT nothing is sent, and the client closes",
    EVERY,
    ["disconnect"],
    async (kit) => {
      const connection = await kit.connected();
      const ended = kit.client.disconnect();
      // 0x04 is a goodbye that asks for the will.
      const packet = await connection.peer.expect("DISCONNECT", { reasonCode: [0, 4] });
      check(packet.flags === 0, "flags 0", packet.flags);
      if (kit.version !== 5) check(packet.bytes.length === 2, "two bytes", packet.bytes.toString("hex"));
      await connection.peer.expectClose();
      await ended;
    },
  ),
  clientCase(
    "[MQTT-3.14.4-1] [v3 MQTT-3.14.4-2] a publish or subscribe after the goodbye is not sent",
    BOTH,
    ["disconnect", "publish", "subscribe"],
    async (kit) => {
      const connection = await kit.connected();
      const ended = kit.client.disconnect();
      kit.client.publish({ topicName: "late", qos: 1 }).catch(() => undefined);
      kit.client.subscribe({ topicFilters: ["late"] }).catch(() => undefined);
      await connection.peer.expect("DISCONNECT");
      await connection.peer.expectClose();
      await ended;
    },
  ),
  clientCase(
    "[section 3.14.2.2.2] no Session Expiry Interval but 0 stands in DISCONNECT when CONNECT said 0",
    V5,
    ["disconnect"],
    async (kit) => {
      const connection = await kit.connected({ cleanStart: true });
      const ended = kit.client.disconnect();
      const { properties } = await connection.peer.expect("DISCONNECT");
      check(
        properties.every(({ name, value }) => name !== "sessionExpiryInterval" || value === 0),
        "none, or 0",
        properties,
      );
      await ended;
    },
  ),
  clientCase("[section 3.14] a client that is killed sends no DISCONNECT", BOTH, [], async (kit) => {
    const connection = await kit.connected();
    await kit.client.kill();
    await connection.peer.expectClose();
  }),
  clientCase(
    "[MQTT-4.13.2-1] [section 3.14.4] DISCONNECT of the server, whatever its code: closes and sends nothing more",
    V5,
    [],
    async (kit) => {
      for (const reasonCode of serverCodes) {
        const connection = await kit.connected();
        connection.peer.send(disconnect({ reasonCode }));
        const before = await connection.expectEnd();
        if (before.length > 0) throw new Recommendation("nothing", before.map(({ name }) => name).join(", "));
      }
    },
  ),
  clientCase("[section 3.14.2.2] DISCONNECT with all its properties is taken", V5, [], async (kit) => {
    const connection = await kit.connected();
    const properties = [
      property("reasonString", "moved"),
      property("userProperty", ["", ""]),
      property("userProperty", ["a", "b"]),
      property("serverReference", "other:1883"),
    ];
    connection.peer.send(disconnect({ reasonCode: 0x9d, properties }));
    const before = await connection.expectEnd();
    if (before.length > 0) throw new Recommendation("nothing", before.map(({ name }) => name).join(", "));
  }),
  clientCase("[MQTT-3.14.4-1] a message behind the server's DISCONNECT is not delivered", V5, ["receive"], async (kit) => {
    const connection = await kit.connected();
    connection.publish({ topic: "a", payload: "before" });
    check(String(await kit.payloads(1)) === "before", "before", kit.received);
    connection.peer.send(disconnect({ reasonCode: 0x8b }));
    connection.publish({ topic: "a", payload: "behind" });
    await connection.expectEnd();
    if (kit.received.length > 0) throw new Recommendation("no message", "behind");
  }),
  clientCase(
    "[MQTT-3.1.2-20] [v3 MQTT-3.1.2-23] PINGREQ comes within the Keep Alive, again and again",
    EVERY,
    ["keep alive"],
    async (kit) => {
      const keepAlive = keepAliveOf(kit);
      const connection = await kit.connected({ keepAlive });
      for (let i = 0; i < 2; i++) {
        const event = await connection.peer.next("PINGREQ", keepAlive * 1000 * PATIENCE);
        check(
          typeof event !== "string" && event.name === "PINGREQ" && event.fault === undefined,
          "PINGREQ",
          typeof event === "string" ? event : event.name,
        );
        check(event.bytes.length === 2, "two bytes", event.bytes.toString("hex"));
        connection.peer.send(Buffer.from([0xd0, 0]));
      }
    },
  ),
  clientCase(
    "[MQTT-3.1.2-20] [v3 MQTT-3.1.2-23] PINGREQ comes also while messages arrive that need no answer",
    BOTH,
    ["keep alive"],
    async (kit) => {
      const keepAlive = keepAliveOf(kit);
      const connection = await kit.connected({ keepAlive });
      const timer = setInterval(() => connection.publish({ topic: "a", payload: "busy" }), 100);
      try {
        const event = await connection.peer.next("PINGREQ", keepAlive * 1000 * PATIENCE);
        check(typeof event !== "string" && event.name === "PINGREQ", "PINGREQ", typeof event === "string" ? event : event.name);
      } finally {
        clearInterval(timer);
      }
    },
  ),
  clientCase("[section 3.1.2.10] closes when no PINGRESP comes", BOTH, ["keep alive"], async (kit) => {
    const keepAlive = keepAliveOf(kit);
    const connection = await kit.connected({ keepAlive });
    await connection.peer.next("PINGREQ", keepAlive * 1000 * PATIENCE);
    for (;;) {
      const event = await connection.peer.next("a close", keepAlive * 2000 * PATIENCE);
      if (typeof event === "string") return;
    }
  }),
  clientCase("[section 3.1.2.10] Keep Alive 0: no PINGREQ", BOTH, ["no keep alive"], async (kit) => {
    const connection = await kit.connected({ keepAlive: 0 });
    const event = await connection.peer.next("PINGREQ", 1_300).catch(() => undefined);
    check(event === undefined, "nothing", typeof event === "string" ? event : (event?.name ?? ""));
  }),
  clientCase(
    "[MQTT-3.2.2-21] [MQTT-3.1.2-21] the Server Keep Alive takes the place of the client's",
    V5,
    ["keep alive"],
    async (kit) => {
      const connection = await kit.connected({ keepAlive: 60 }, { properties: [property("serverKeepAlive", 2)] });
      const event = await connection.peer.next("PINGREQ", 2_000 * PATIENCE);
      check(typeof event !== "string" && event.name === "PINGREQ", "PINGREQ", typeof event === "string" ? event : event.name);
    },
  ),
  clientCase("[section 4.2] a server that ends the stream is met by a close", EVERY, [], async (kit) => {
    const connection = await kit.connected();
    connection.endStream();
    await connection.expectEnd();
  }),
];
