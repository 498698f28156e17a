import { connack, publish, withReason } from "../../wire/build.ts";
import { packet } from "../../wire/bytes.ts";
import { valueOf } from "../../wire/parse.ts";
import { property, type PropertyName, type PropertyValue } from "../../wire/properties.ts";
import { BOTH, clientCase, type ClientCase, EVERY, V4, V5 } from "../client-case.ts";
import { check, type Kit } from "../kit.ts";
import { Recommendation } from "../recommendation.ts";

/* Section 3.2: what a client does with the CONNACK, and obeying what it says. */

/** The client closes; what it says before is its own business, since the connection never came about. */
async function expectRefused(kit: Kit, ...bytes: readonly Uint8Array[]): Promise<void> {
  kit.start();
  const connection = await kit.connection();
  const fence = publish({ version: kit.version, topic: "fence", qos: 1, packetIdentifier: 0xffff });
  connection.peer.send(...bytes, fence);
  const before = await connection.expectEnd();
  const went = before.find(({ name }) => name === "PUBACK");
  check(went === undefined, "a close", "the acknowledgement of what came later");
}

function refusals(): ClientCase[] {
  const codes = [
    0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
  ];
  const modern = codes.map((reasonCode) =>
    clientCase(`[MQTT-4.13.2-1] [MQTT-3.2.2-7] closes after a CONNACK with 0x${reasonCode.toString(16)}`, V5, [], (kit) =>
      expectRefused(kit, connack({ version: 5, reasonCode })),
    ),
  );
  const old = [1, 2, 3, 4, 5].map((reasonCode) =>
    clientCase(`[v3 MQTT-3.2.2-5] closes after a CONNACK with return code ${reasonCode}`, [3, 4], [], (kit) =>
      expectRefused(kit, connack({ version: 4, reasonCode })),
    ),
  );
  return [...modern, ...old];
}

function malformedConnacks(): ClientCase[] {
  const rows: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ["[MQTT-3.2.2-1] reserved Connect Acknowledge Flags", [connack({ version: 5, flags: 2 })]],
    ["[section 3.2.2.2] a Reason Code that is not defined", [connack({ version: 5, reasonCode: 0x42 })]],
    ["[section 3.2.2.3] a property twice", [withTwice()]],
    ["[section 3.2.2.3.3] Receive Maximum 0", [withProperty("receiveMaximum", 0)]],
    ["[section 3.2.2.3.6] Maximum Packet Size 0", [withProperty("maximumPacketSize", 0)]],
    ["[section 3.2.2.3.4] Maximum QoS 2", [withProperty("maximumQoS", 2)]],
    ["[section 3.2.2.3.5] Retain Available 2", [withProperty("retainAvailable", 2)]],
    ["[section 3.2.2.3.11] Wildcard Subscription Available 2", [withProperty("wildcardSubscriptionAvailable", 2)]],
    ["[section 2.2.2.2] a property that belongs to other packets", [withProperty("topicAlias", 1)]],
    ["[section 2.2.2.2] a property that does not exist", [packet(0x20, 0, 0, Buffer.from([2, 0x7f, 0]))]],
    ["[MQTT-1.5.4-1] a Reason String that is not UTF-8", [withProperty("reasonString", Buffer.from([0xff]))]],
    ["[section 3.2.2.3] a Property Length beyond the end", [packet(0x20, 0, 0, 9)]],
    ["[MQTT-2.1.3-1] reserved flags in the Fixed Header", [connack({ version: 5, firstByte: 0x21 })]],
    ["[MQTT-4.12.0-6] an Authentication Method that was not asked for", [withProperty("authenticationMethod", "X")]],
  ];
  return rows.map(([what, bytes]) => clientCase(`${what} in a CONNACK: closes`, V5, [], (kit) => expectRefused(kit, ...bytes)));
}

function withProperty(name: PropertyName, value: PropertyValue): Buffer {
  return connack({ version: 5, properties: [property(name, value)] });
}

function withTwice(): Buffer {
  return connack({ version: 5, properties: [property("receiveMaximum", 5), property("receiveMaximum", 5)] });
}

export const connackCases: readonly ClientCase[] = [
  ...refusals(),
  ...malformedConnacks(),
  clientCase("[v3 MQTT-2.2.2-2] reserved flags in the Fixed Header of a CONNACK: closes", V4, [], (kit) =>
    expectRefused(kit, connack({ version: 4, firstByte: 0x21 })),
  ),
  clientCase("[section 3.2.2.1] reserved Connect Acknowledge Flags of 3.1.1: closes", V4, [], (kit) =>
    expectRefused(kit, connack({ version: 4, flags: 0x80 })),
  ),
  clientCase(
    "[MQTT-3.2.0-1] [v3 MQTT-3.2.0-1] a PUBLISH before the CONNACK: closes, and delivers nothing",
    EVERY,
    [],
    async (kit) => {
      await expectRefused(kit, publish({ version: kit.version, topic: "early", payload: "early" }));
      check(kit.received.length === 0, "no message", kit.received.length);
    },
  ),
  clientCase("[MQTT-3.2.0-1] [v3 MQTT-3.2.0-1] a PINGRESP before the CONNACK: closes", BOTH, [], (kit) =>
    expectRefused(kit, Buffer.from([0xd0, 0])),
  ),
  clientCase("[MQTT-3.14.0-1] a DISCONNECT before the CONNACK: closes", V5, [], (kit) =>
    expectRefused(kit, withReason("DISCONNECT", { reasonCode: 0x8b })),
  ),
  clientCase("[MQTT-4.12.0-6] AUTH before the CONNACK, when no method was named: closes", V5, [], (kit) =>
    expectRefused(kit, withReason("AUTH", { reasonCode: 0x18, properties: [property("authenticationMethod", "X")] })),
  ),
  clientCase("[MQTT-3.2.0-2] a second CONNACK: closes with 0x82", V5, [], async (kit) => {
    const connection = await kit.connected();
    await connection.expectRejected([connack({ version: 5 })], 0x82);
  }),
  clientCase("[v3 MQTT-4.8.0-1] a second CONNACK: closes", V4, [], async (kit) => {
    const connection = await kit.connected();
    await connection.expectRejected([connack({ version: 4 })]);
  }),
  clientCase(
    "[MQTT-3.2.2-4] [MQTT-3.2.2-2] [v3 MQTT-3.2.2-1] Session Present 1 after Clean Start 1: closes",
    BOTH,
    ["clean start"],
    (kit) => expectRefused(kit, connack({ version: kit.version, sessionPresent: true })),
  ),
  clientCase("[section 3.2] gives up when no CONNACK comes", EVERY, ["connect timeout"], async (kit) => {
    kit.start({ connectTimeoutMs: 150 });
    const connection = await kit.connection();
    await connection.expectEnd("that the client closes when its time is over");
  }),
  clientCase("[section 3.2] a CONNACK that comes byte by byte is one", EVERY, [], async (kit) => {
    kit.start();
    const connection = await kit.connection();
    for (const byte of connack({ version: kit.version })) {
      connection.peer.sendRaw(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (kit.driver.subscribesAtStart === true) connection.answer(await connection.peer.expect("SUBSCRIBE"));
    await connection.expectNothing();
  }),
  clientCase("[section 3.2.2.3] every property that a CONNACK may have is taken", V5, [], async (kit) => {
    const list: readonly (readonly [PropertyName, PropertyValue])[] = [
      ["sessionExpiryInterval", 7],
      ["receiveMaximum", 9],
      ["maximumQoS", 1],
      ["retainAvailable", 1],
      ["maximumPacketSize", 100_000],
      ["topicAliasMaximum", 3],
      ["reasonString", "well"],
      ["userProperty", ["a", "b"]],
      ["userProperty", ["a", "c"]],
      ["wildcardSubscriptionAvailable", 1],
      ["subscriptionIdentifierAvailable", 1],
      ["sharedSubscriptionAvailable", 1],
      ["serverKeepAlive", 30],
      ["serverReference", "other:1883"],
    ];
    // Response Information and an Assigned Client Identifier are for those who ask for them.
    const connection = await kit.connected({}, { properties: list.map(([name, value]) => property(name, value)) });
    await connection.expectNothing();
  }),
  clientCase("[section 3.2.2.3.10] an empty User Property is one", V5, [], async (kit) => {
    const connection = await kit.connected({}, { properties: [property("userProperty", ["", ""])] });
    await connection.expectNothing();
  }),
  clientCase(
    "[MQTT-3.2.2-16] [MQTT-3.1.3-2] comes back with the Client Identifier that the server assigned",
    V5,
    ["empty client id", "session", "reconnect"],
    async (kit) => {
      const settings = { clientId: "", sessionExpiryInterval: 300, reconnect: true, cleanStart: true };
      const connection = await kit.connected(settings, { properties: [property("assignedClientIdentifier", "given-by-server")] });
      await connection.expectNothing();
      connection.peer.cut();
      const { connect } = await kit.connection();
      if (connect.clientId !== "given-by-server") throw new Recommendation("given-by-server", JSON.stringify(connect.clientId));
    },
  ),
  clientCase("[MQTT-3.2.2-11] sends no PUBLISH above the server's Maximum QoS", V5, ["publish"], async (kit) => {
    for (const maximum of [0, 1]) {
      const connection = await kit.connected({}, { properties: [property("maximumQoS", maximum)] });
      kit.client.publish({ topicName: "two", qos: 2 }).catch(() => undefined);
      if (maximum === 0) kit.client.publish({ topicName: "one", qos: 1 }).catch(() => undefined);
      kit.client.publish({ topicName: "zero", qos: 0 }).catch(() => undefined);
      for (;;) {
        const one = await connection.peer.expect("PUBLISH");
        check((one.qos ?? 0) <= maximum, `QoS ${maximum} at most`, `QoS ${one.qos}`);
        if (one.topic === "zero") break;
        connection.acknowledge("PUBACK", one.packetIdentifier);
      }
    }
  }),
  clientCase("[MQTT-3.2.2-14] sends no PUBLISH with RETAIN when Retain Available is 0", V5, ["publish"], async (kit) => {
    const connection = await kit.connected({}, { properties: [property("retainAvailable", 0)] });
    kit.client.publish({ topicName: "kept", retain: true, payload: "x" }).catch(() => undefined);
    kit.client.publish({ topicName: "end" }).catch(() => undefined);
    for (;;) {
      const one = await connection.peer.expect("PUBLISH", { retain: false });
      if (one.topic === "end") break;
    }
  }),
  clientCase("[MQTT-3.2.2-15] sends no PUBLISH above the server's Maximum Packet Size", V5, ["publish"], async (kit) => {
    const connection = await kit.connected({}, { properties: [property("maximumPacketSize", 100)] });
    kit.client.publish({ topicName: "large", payload: "x".repeat(200), qos: 1 }).catch(() => undefined);
    kit.client.publish({ topicName: "large", payload: "x".repeat(91), qos: 0 }).catch(() => undefined);
    kit.client.publish({ topicName: "end" }).catch(() => undefined);
    const one = await connection.peer.expect("PUBLISH");
    check(one.topic === "end", "the small message only", `${one.topic} of ${one.bytes.length} bytes`);
  }),
  clientCase("[MQTT-3.2.2-15] sends a PUBLISH of just the Maximum Packet Size", V5, ["publish"], async (kit) => {
    const connection = await kit.connected({}, { properties: [property("maximumPacketSize", 100)] });
    // 2 of the Fixed Header, 2 and 1 of the topic, 1 of no properties.
    kit.client.publish({ topicName: "t", payload: "x".repeat(94) }).catch(() => undefined);
    const one = await connection.peer.expect("PUBLISH");
    check(one.bytes.length === 100, "100 bytes", one.bytes.length);
  }),
  clientCase(
    "[MQTT-3.2.2-15] sends no SUBSCRIBE above the server's Maximum Packet Size",
    V5,
    ["publish", "subscribe"],
    async (kit) => {
      const connection = await kit.connected({}, { properties: [property("maximumPacketSize", 100)] });
      kit.client.subscribe({ topicFilters: [`a/${"x".repeat(150)}`] }).catch(() => undefined);
      kit.client.publish({ topicName: "end" }).catch(() => undefined);
      await connection.peer.expect("PUBLISH", { topic: "end" });
    },
  ),
  ...(
    [
      ["wildcardSubscriptionAvailable", "[section 3.2.2.3.11] sends no SUBSCRIBE with a wildcard where the server has none", "a/+"],
      ["sharedSubscriptionAvailable", "[section 3.2.2.3.13] sends no shared SUBSCRIBE where the server has none", "$share/g/a"],
    ] as const
  ).map(([name, title, filter]) =>
    clientCase(title, V5, ["publish", "subscribe"], async (kit) => {
      const connection = await kit.connected({}, { properties: [property(name, 0)] });
      kit.client.subscribe({ topicFilters: [filter] }).catch(() => undefined);
      kit.client.publish({ topicName: "end" }).catch(() => undefined);
      const [first] = await connection.take(1);
      if (first?.name !== "PUBLISH") throw new Recommendation("no SUBSCRIBE", "SUBSCRIBE");
    }),
  ),
  clientCase("[section 3.2.2.3.12] sends no Subscription Identifier where the server has none", V5, ["subscribe"], async (kit) => {
    const connection = await kit.connected({}, { properties: [property("subscriptionIdentifierAvailable", 0)] });
    kit.client.subscribe({ topicFilters: ["a"] }).catch(() => undefined);
    const one = await connection.peer.expect("SUBSCRIBE");
    check(valueOf(one, "subscriptionIdentifier") === undefined, "no Subscription Identifier", one.properties);
  }),
  clientCase("[section 3.1.2.1] tries 3.1.1 when the server does not speak 5.0", V5, ["version fallback"], async (kit) => {
    kit.start({ reconnect: true });
    const first = await kit.connection();
    first.peer.send(connack({ version: 4, reasonCode: 1 }));
    first.peer.cut();
    const second = await kit.connection();
    check(second.connect.protocolLevel === 4, "Protocol Level 4", second.connect.protocolLevel);
    second.accept();
    await second.expectNothing();
  }),
];
