import { auth, connack } from "../../wire/build.ts";
import { valueOf } from "../../wire/parse.ts";
import { property } from "../../wire/properties.ts";
import { clientCase, type ClientCase, V5 } from "../client-case.ts";
import { check, type Kit } from "../kit.ts";
import type { ServedConnection } from "../served-connection.ts";

/* Section 4.12. The client under test begins with the data `start`, and answers a challenge with the challenge. */

const METHOD = "CONFORMANCE";
const NEEDS = ["enhanced authentication"] as const;
const AGAIN = ["enhanced authentication", "reauthentication"] as const;
const CONTINUE = 0x18;

function authOf(reasonCode: number, data: string, method = METHOD): Uint8Array {
  return auth({ reasonCode, properties: [property("authenticationMethod", method), property("authenticationData", data)] });
}

const success = connack({ version: 5, properties: [property("authenticationMethod", METHOD)] });

async function connecting(kit: Kit): Promise<ServedConnection> {
  kit.start({ authenticationMethod: METHOD });
  return await kit.connection();
}

async function authenticated(kit: Kit): Promise<ServedConnection> {
  const connection = await connecting(kit);
  connection.peer.send(success);
  await connection.settle();
  return connection;
}

const step = { properties: { authenticationMethod: [METHOD], authenticationData: ["again"] } } as const;

export const authenticationCases: readonly ClientCase[] = [
  clientCase("[section 3.1.2.11.9] CONNECT names the method and has the first data", V5, NEEDS, async (kit) => {
    const { packet } = await connecting(kit);
    check(valueOf(packet, "authenticationMethod") === METHOD, METHOD, packet.properties);
    check(String(valueOf(packet, "authenticationData")) === "start", "start", packet.properties);
  }),
  clientCase(
    "[MQTT-3.1.2-30] with an Authentication Method nothing but AUTH is sent before the CONNACK",
    V5,
    [...NEEDS, "publish"],
    async (kit) => {
      const connection = await connecting(kit);
      kit.client.publish({ topicName: "early" }).catch(() => undefined);
      connection.peer.send(authOf(CONTINUE, "again"));
      await connection.peer.expect("AUTH", { reasonCode: CONTINUE, ...step });
      connection.peer.send(success);
      await connection.peer.expect("PUBLISH", { topic: "early" });
    },
  ),
  clientCase(
    "[MQTT-4.12.0-3] [MQTT-4.12.0-5] [MQTT-3.15.2-1] each AUTH 0x18 is answered by AUTH 0x18 with the same method",
    V5,
    NEEDS,
    async (kit) => {
      const connection = await connecting(kit);
      for (let i = 0; i < 3; i++) {
        connection.peer.send(authOf(CONTINUE, "again"));
        const { flags } = await connection.peer.expect("AUTH", { reasonCode: CONTINUE, ...step });
        check(flags === 0, "flags 0", flags);
      }
      connection.peer.send(success);
      await connection.expectNothing();
    },
  ),
  ...(
    [
      ["[MQTT-4.12.0-5] an AUTH of another method", authOf(CONTINUE, "x", "OTHER")],
      ["[MQTT-4.12.0-5] an AUTH without a method", auth({ reasonCode: CONTINUE, properties: [] })],
      [
        "[MQTT-4.12.0-5] a CONNACK of another method",
        connack({ version: 5, properties: [property("authenticationMethod", "OTHER")] }),
      ],
      ["[MQTT-3.15.2-1] an AUTH with a Reason Code that does not exist", authOf(0x42, "x")],
      [
        "[MQTT-3.15.1-1] an AUTH with reserved flags",
        auth({ reasonCode: CONTINUE, firstByte: 0xf2, properties: [property("authenticationMethod", METHOD)] }),
      ],
      ["[MQTT-4.12.0-4] a CONNACK that refuses", connack({ version: 5, reasonCode: 0x87 })],
    ] as const
  ).map(([what, bytes]) =>
    clientCase(`${what} in the middle of the exchange: closes`, V5, NEEDS, async (kit) => {
      const connection = await connecting(kit);
      connection.peer.send(authOf(CONTINUE, "again"));
      await connection.peer.expect("AUTH");
      connection.peer.send(bytes);
      await connection.expectEnd();
    }),
  ),
  clientCase("[MQTT-4.12.1-1] a re-authentication begins with AUTH 0x19 and the method of the CONNECT", V5, AGAIN, async (kit) => {
    const connection = await authenticated(kit);
    const outcome = kit.client.reauthenticate?.();
    const first = { authenticationMethod: [METHOD], authenticationData: ["start"] };
    await connection.peer.expect("AUTH", { reasonCode: 0x19, properties: first });
    connection.publish({ topic: "meanwhile", qos: 1, packetIdentifier: 5 });
    await connection.peer.expect("PUBACK", { packetIdentifier: 5 });
    connection.peer.send(authOf(CONTINUE, "again"));
    await connection.peer.expect("AUTH", { reasonCode: CONTINUE, ...step });
    connection.peer.send(authOf(0, ""));
    await outcome;
    await connection.expectNothing();
  }),
  clientCase(
    "[MQTT-4.12.1-2] [MQTT-4.12.0-5] a re-authentication with another method in the answer: closes with 0x82 or 0x8c",
    V5,
    AGAIN,
    async (kit) => {
      const connection = await authenticated(kit);
      kit.client.reauthenticate?.().catch(() => undefined);
      await connection.peer.expect("AUTH", { reasonCode: 0x19 });
      await connection.expectRejected([authOf(CONTINUE, "x", "OTHER")], 0x82, 0x8c);
    },
  ),
  clientCase("[MQTT-4.12.1-1] AUTH 0x18 that nobody began: closes with 0x82", V5, NEEDS, async (kit) => {
    const connection = await authenticated(kit);
    await connection.expectRejected([authOf(CONTINUE, "x")], 0x82);
  }),
  clientCase("[MQTT-3.15.2-1] AUTH 0x19 from a server: closes with 0x82", V5, NEEDS, async (kit) => {
    const connection = await authenticated(kit);
    await connection.expectRejected([authOf(0x19, "x")], 0x82, 0x81);
  }),
];
