import { ConformanceFailure } from "../../wire/conformance-failure.ts";
import { valueOf, valuesOf } from "../../wire/parse.ts";
import { CLOSED } from "../../wire/peer.ts";
import { BEFORE_5, BOTH, clientCase, type ClientCase, EVERY, V4, V5 } from "../client-case.ts";
import { check, type Kit } from "../kit.ts";
import { Recommendation } from "../recommendation.ts";

/* Section 3.1: CONNECT. That the packet is well-formed (flags of the Fixed Header, the shortest length, UTF-8, each property at
   most once and in a packet where it belongs) is checked by the parser of every case; here are the titles for it. */

const WILL = { topicName: "will/topic", payload: "gone" } as const;

async function connectOf(kit: Kit, settings: Parameters<Kit["start"]>[0] = {}): ReturnType<Kit["connection"]> {
  kit.start(settings);
  return await kit.connection();
}

/** A client may refuse the settings in place of connecting; when it connects, that packet is judged. */
async function connectOrRefusal(
  kit: Kit,
  settings: Parameters<Kit["start"]>[0],
): Promise<Awaited<ReturnType<Kit["connection"]>> | undefined> {
  try {
    kit.start(settings);
  } catch {
    return undefined;
  }
  return await kit.connection(500).catch((error: unknown) => {
    const isRefusal = error instanceof ConformanceFailure && (error.seen === CLOSED || error.seen.startsWith("nothing"));
    if (isRefusal) return undefined;
    throw error;
  });
}

export const connectCases: readonly ClientCase[] = [
  clientCase(
    "[MQTT-3.1.0-1] [v3 MQTT-3.1.0-1] the first packet is CONNECT, and the reserved bits of its Fixed Header are 0 [MQTT-2.1.3-1] [v3 MQTT-2.2.2-1]",
    EVERY,
    [],
    async (kit) => {
      const { packet } = await connectOf(kit);
      check(packet.flags === 0, "flags 0", packet.flags);
    },
  ),
  clientCase(
    "[MQTT-3.1.0-2] [v3 MQTT-3.1.0-2] CONNECT is sent once on a connection, whatever happens on it",
    EVERY,
    ["publish", "subscribe", "unsubscribe"],
    async (kit) => {
      const connection = await kit.connected();
      const subscribed = kit.client.subscribe({ topicFilters: ["a"] });
      connection.answer(await connection.peer.expect("SUBSCRIBE"));
      await subscribed;
      const published = kit.client.publish({ topicName: "a", qos: 1 });
      connection.acknowledge("PUBACK", (await connection.peer.expect("PUBLISH")).packetIdentifier);
      await published;
      const unsubscribed = kit.client.unsubscribe(["a"]);
      connection.answer(await connection.peer.expect("UNSUBSCRIBE"));
      await unsubscribed;
      await connection.expectNothing();
    },
  ),
  clientCase(
    "[MQTT-3.1.2-1] [MQTT-3.1.2-2] [v3 MQTT-3.1.2-1] [v3 MQTT-3.1.2-2] Protocol Name and Level are those of the version",
    EVERY,
    [],
    async (kit) => {
      const { connect } = await connectOf(kit);
      check(connect.protocolName === (kit.version === 3 ? "MQIsdp" : "MQTT"), "the Protocol Name", connect.protocolName);
      check(connect.protocolLevel === kit.version, `Protocol Level ${kit.version}`, connect.protocolLevel);
    },
  ),
  clientCase("[MQTT-3.1.2-3] [v3 MQTT-3.1.2-3] the reserved Connect Flag is 0", EVERY, [], async (kit) => {
    const { connect } = await connectOf(kit);
    check((connect.flags & 1) === 0, "bit 0 of the Connect Flags is 0", connect.flags);
  }),
  clientCase(
    "[MQTT-3.1.2-11] [MQTT-3.1.2-13] [v3 MQTT-3.1.2-11] [v3 MQTT-3.1.2-13] [v3 MQTT-3.1.2-15] without a will its flags are 0 and its fields absent",
    EVERY,
    [],
    async (kit) => {
      const { connect } = await connectOf(kit);
      check((connect.flags & 0b0011_1100) === 0, "Will Flag, Will QoS and Will Retain 0", connect.flags);
      check(connect.will === undefined, "no will", connect.will);
    },
  ),
  ...([0, 1, 2] as const).map((qos) =>
    clientCase(
      `[MQTT-3.1.2-9] [MQTT-3.1.2-12] [v3 MQTT-3.1.2-9] [v3 MQTT-3.1.2-14] a will at QoS ${qos} has its flags and fields`,
      EVERY,
      ["will"],
      async (kit) => {
        const { connect } = await connectOf(kit, { will: { ...WILL, qos, retain: qos === 1 } });
        const { will } = connect;
        check((connect.flags & 4) !== 0 && will !== undefined, "the Will Flag", connect.flags);
        check(will.qos === qos && will.retain === (qos === 1), `QoS ${qos}, RETAIN ${qos === 1}`, connect.flags);
        check(will.topic === WILL.topicName && will.payload.toString() === WILL.payload, "its topic and payload", will);
      },
    ),
  ),
  clientCase("[section 3.1.3] a will's payload may be empty, and is bytes", EVERY, ["will", "binary data"], async (kit) => {
    const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const one of [payload, new Uint8Array(0)]) {
      const { connect } = await connectOf(kit, { will: { topicName: "w", payload: one } });
      check(connect.will?.payload.equals(one) === true, "the payload as it was given", connect.will?.payload.toString("hex"));
      await kit.client.kill();
    }
  }),
  clientCase(
    "[section 3.1.3.2] Will Properties stand there as they were given",
    V5,
    ["will", "will properties", "binary data"],
    async (kit) => {
      const correlationData = Buffer.from([0, 1, 255]);
      const properties = {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 70_000,
        contentType: "text/plain",
        responseTopic: "answers",
        correlationData,
        userProperties: [
          ["a", "1"],
          ["a", "2"],
        ],
      } as const;
      const { connect } = await connectOf(kit, { will: { ...WILL, delayInterval: 5, properties } });
      const will = connect.will ?? { properties: [] };
      check(valueOf(will, "willDelayInterval") === 5, "Will Delay Interval 5", will.properties);
      check(valueOf(will, "payloadFormatIndicator") === 1, "Payload Format Indicator 1", will.properties);
      check(valueOf(will, "messageExpiryInterval") === 70_000, "Message Expiry Interval 70,000", will.properties);
      check(valueOf(will, "contentType") === "text/plain", "Content Type text/plain", will.properties);
      check(valueOf(will, "responseTopic") === "answers", "Response Topic", will.properties);
      check(correlationData.equals(valueOf(will, "correlationData") as Uint8Array), "Correlation Data", will.properties);
      check(String(valuesOf(will, "userProperty")) === "a,1,a,2", "User Properties in their order", will.properties);
    },
  ),
  clientCase(
    "[MQTT-3.1.3-1] [v3 MQTT-3.1.3-1] Client Identifier, will, User Name and Password stand in this order",
    EVERY,
    ["will", "credentials"],
    async (kit) => {
      const { connect } = await connectOf(kit, { clientId: "order", will: WILL, username: "ann", password: "secret" });
      const { clientId, will, username, password } = connect;
      const seen = [clientId, will?.topic, will?.payload.toString(), username, password?.toString()].join(" ");
      check(seen === "order will/topic gone ann secret", "order will/topic gone ann secret", seen);
    },
  ),
  clientCase(
    "[MQTT-3.1.2-16] [MQTT-3.1.2-18] [v3 MQTT-3.1.2-18] [v3 MQTT-3.1.2-20] without User Name and Password flags and fields are absent",
    EVERY,
    [],
    async (kit) => {
      const { connect } = await connectOf(kit);
      check((connect.flags & 0xc0) === 0, "User Name Flag and Password Flag 0", connect.flags);
      check(connect.username === undefined && connect.password === undefined, "neither field", connect);
    },
  ),
  clientCase(
    "[MQTT-3.1.2-17] [MQTT-3.1.2-19] [MQTT-3.1.3-12] [v3 MQTT-3.1.2-19] [v3 MQTT-3.1.2-21] [v3 MQTT-3.1.3-11] User Name and Password have flags and fields",
    EVERY,
    ["credentials"],
    async (kit) => {
      const { connect } = await connectOf(kit, { username: "änn", password: "geheim ü" });
      check((connect.flags & 0xc0) === 0xc0, "both flags", connect.flags);
      check(connect.username === "änn" && connect.password?.toString() === "geheim ü", "both fields", connect);
    },
  ),
  clientCase("[section 3.1.2.8] a User Name may stand there without a Password", EVERY, ["credentials"], async (kit) => {
    const { connect } = await connectOf(kit, { username: "ann" });
    check((connect.flags & 0xc0) === 0x80 && connect.username === "ann", "the User Name alone", connect);
  }),
  clientCase(
    "[section 3.1.2.9] a Password may stand there without a User Name",
    V5,
    ["password without user name"],
    async (kit) => {
      const { connect } = await connectOf(kit, { password: "token" });
      check((connect.flags & 0xc0) === 0x40 && connect.password?.toString() === "token", "the Password alone", connect);
    },
  ),
  clientCase(
    "[v3 MQTT-3.1.2-22] a Password never stands there without a User Name",
    BEFORE_5,
    ["password without user name"],
    async (kit) => {
      const connection = await connectOrRefusal(kit, { password: "token" });
      if (connection !== undefined)
        check((connection.connect.flags & 0xc0) !== 0x40, "no Password Flag alone", connection.connect.flags);
    },
  ),
  clientCase(
    "[MQTT-3.1.3-3] [MQTT-3.1.3-4] [v3 MQTT-3.1.3-3] [v3 MQTT-3.1.3-4] the Client Identifier is the first field, UTF-8, as it was given",
    EVERY,
    [],
    async (kit) => {
      const { connect } = await connectOf(kit, { clientId: "größe-😀" });
      check(connect.clientId === "größe-😀", "größe-😀", connect.clientId);
    },
  ),
  clientCase("[v3 MQTT-3.1.3-7] an empty Client Identifier comes with Clean Session 1", V4, ["empty client id"], async (kit) => {
    const connection = await connectOrRefusal(kit, { clientId: "", cleanStart: true });
    if (connection !== undefined && connection.connect.clientId === "") {
      check(connection.connect.cleanStart, "Clean Session 1", connection.connect.flags);
    }
  }),
  clientCase(
    "[MQTT-3.1.2-4] [v3 MQTT-3.1.2-6] Clean Start is 1 when a new session is asked for",
    EVERY,
    ["clean start"],
    async (kit) => {
      const { connect } = await connectOf(kit, { cleanStart: true });
      check(connect.cleanStart, "Clean Start 1", connect.flags);
    },
  ),
  clientCase(
    "[MQTT-3.1.2-5] [v3 MQTT-3.1.2-4] Clean Start is 0 when a session is to be resumed, and 5.0 gives it an expiry",
    EVERY,
    ["session"],
    async (kit) => {
      const { connect, packet } = await connectOf(kit, { cleanStart: false, sessionExpiryInterval: 300 });
      check(!connect.cleanStart, "Clean Start 0", connect.flags);
      if (kit.version === 5) {
        check(valueOf(packet, "sessionExpiryInterval") === 300, "Session Expiry Interval 300", packet.properties);
      }
    },
  ),
  clientCase("[section 3.1.2.10] Keep Alive is the one asked for", EVERY, [], async (kit) => {
    const { connect } = await connectOf(kit, { keepAlive: 4660 });
    check(connect.keepAlive === 4660, "Keep Alive 4660", connect.keepAlive);
  }),
  clientCase(
    "[section 3.1.2.11] Receive Maximum, Maximum Packet Size and Topic Alias Maximum are sent as asked",
    V5,
    ["connect limits"],
    async (kit) => {
      const { packet } = await connectOf(kit, { receiveMaximum: 7, maximumPacketSize: 5000, topicAliasMaximum: 9 });
      check(valueOf(packet, "receiveMaximum") === 7, "Receive Maximum 7", packet.properties);
      check(valueOf(packet, "maximumPacketSize") === 5000, "Maximum Packet Size 5000", packet.properties);
      check(valueOf(packet, "topicAliasMaximum") === 9, "Topic Alias Maximum 9", packet.properties);
    },
  ),
  clientCase("[section 3.1.2.11.3] neither Receive Maximum nor Maximum Packet Size is 0", V5, [], async (kit) => {
    const { packet } = await connectOf(kit);
    check(valueOf(packet, "receiveMaximum") !== 0, "no Receive Maximum 0", packet.properties);
    check(valueOf(packet, "maximumPacketSize") !== 0, "no Maximum Packet Size 0", packet.properties);
  }),
  clientCase(
    "[MQTT-2.2.2-1] [section 3.1.2.11.8] User Properties are sent in their order, also when a name comes twice",
    V5,
    ["user properties in CONNECT"],
    async (kit) => {
      const { packet } = await connectOf(kit, {
        userProperties: [
          ["k", "1"],
          ["k", "2"],
          ["", ""],
        ],
      });
      check(
        JSON.stringify(valuesOf(packet, "userProperty")) === '[["k","1"],["k","2"],["",""]]',
        "k 1, k 2, and the empty one",
        packet.properties,
      );
    },
  ),
  clientCase(
    "[MQTT-4.12.0-7] [section 3.1.2.11.9] Authentication Method and Data are absent when nobody asked for them",
    V5,
    [],
    async (kit) => {
      const { packet } = await connectOf(kit, {});
      check(valueOf(packet, "authenticationMethod") === undefined, "no Authentication Method", packet.properties);
      check(valueOf(packet, "authenticationData") === undefined, "no Authentication Data", packet.properties);
    },
  ),
  clientCase("[MQTT-1.5.4-2] [v3 MQTT-1.5.3-2] a Client Identifier with U+0000 is never sent", BOTH, [], async (kit) => {
    // The parser refuses a CONNECT with it.
    await connectOrRefusal(kit, { clientId: "a\0b" });
  }),
  clientCase(
    "[MQTT-1.5.4-1] [v3 MQTT-1.5.3-1] a User Name with half a surrogate pair is never sent as such",
    BOTH,
    ["credentials"],
    async (kit) => {
      await connectOrRefusal(kit, { username: "a\ud800b", password: "p" });
    },
  ),
  clientCase(
    "[MQTT-3.1.3-11] [v3 MQTT-3.1.3-10] a Will Topic is UTF-8, and one with a wildcard is never sent [MQTT-4.7.0-1]",
    BOTH,
    ["will"],
    async (kit) => {
      const connection = await connectOf(kit, { will: { topicName: "größe/😀", payload: "x" } });
      check(connection.connect.will?.topic === "größe/😀", "größe/😀", connection.connect.will?.topic);
      await kit.client.kill();
      const wrong = await connectOrRefusal(kit, { will: { topicName: "a/#", payload: "x" } });
      if (wrong !== undefined) throw new Recommendation("that a will on a/# is refused by the client", "CONNECT with it");
    },
  ),
];
