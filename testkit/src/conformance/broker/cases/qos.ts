import { CaseList } from "../../case.ts";
import { acknowledgement, publish } from "../../wire/build.ts";
import { property, propertyNames, propertyRow } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";
import { sampleValue } from "./connect-properties.ts";
import { lasting } from "./session.ts";

/** The exchanges of QoS 1 and 2, in both directions, whole and broken off. */
export const qosCases: CaseList<BrokerContext> = new CaseList("qos");

const { MALFORMED, PROTOCOL_ERROR, IDENTIFIER_NOT_FOUND } = ReasonCode;

// The server as receiver.

for (const packetIdentifier of [1, 255, 256, 65_535]) {
  qosCases.both(
    `in-identifier-${packetIdentifier}`,
    `[MQTT-2.2.1-5] [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-4.3.3-11] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.7.2-1] [v3 MQTT-2.3.1-6] [v3 MQTT-4.3.2-2] [v3 MQTT-4.3.3-2] PUBACK, PUBREC and PUBCOMP have the identifier ${packetIdentifier} of their PUBLISH`,
    async (t) => {
      const client = await t.connect();
      await client.publish({ topic: t.topic(), qos: 1, packetIdentifier });
      await client.publish({ topic: t.topic(), qos: 2, packetIdentifier });
      await client.publish({ topic: t.topic(), qos: 1, packetIdentifier });
    },
  );
}

qosCases.both(
  "in-1-reused",
  "[MQTT-4.3.2-5] [v3 MQTT-4.3.2-2] after PUBACK the same identifier is a new message, DUP or not",
  async (t) => {
    const witness = await t.subscriber(t.topic(), 1);
    const client = await t.connect();
    for (const dup of [false, true, false]) {
      client.send(publish({ version: t.version, topic: t.topic(), payload: `${dup}`, qos: 1, packetIdentifier: 5, dup }));
      await client.expectSuccess("PUBACK", 5);
      await witness.receive({ payload: `${dup}`, dup: false });
    }
  },
);

qosCases.both(
  "in-2-duplicate",
  "[MQTT-4.3.3-10] [v3 MQTT-4.3.3-2] until PUBREL a PUBLISH with the same identifier is answered by PUBREC and not delivered again",
  async (t) => {
    const witness = await t.subscriber(t.topic(), 2);
    const client = await t.connect();
    for (const dup of [false, true, true]) {
      client.send(publish({ version: t.version, topic: t.topic(), payload: "once", qos: 2, packetIdentifier: 5, dup }));
      await client.expect("PUBREC", { packetIdentifier: 5, reasonCode: [0, 0x10] });
    }
    client.acknowledge("PUBREL", 5);
    await client.expect("PUBCOMP", { packetIdentifier: 5, reasonCode: 0 });
    await witness.receive({ payload: "once", qos: 2 });
    await client.publish({ topic: t.topic(), payload: "end", qos: 2 });
    await witness.receive({ payload: "end" });
  },
);

qosCases.both("in-2-reused", "[MQTT-4.3.3-12] [v3 MQTT-4.3.3-2] after PUBCOMP the same identifier is a new message", async (t) => {
  const witness = await t.subscriber(t.topic(), 2);
  const client = await t.connect();
  for (const payload of ["1", "2", "3"]) {
    await client.publish({ topic: t.topic(), payload, qos: 2, packetIdentifier: 5 });
    await witness.receive({ payload, qos: 2 });
  }
});

qosCases.both(
  "in-2-duplicate-after-reconnect",
  "[MQTT-4.3.3-10] [MQTT-4.4.0-1] [v3 MQTT-4.3.3-2] [v3 MQTT-4.4.0-1] a PUBLISH that is sent again on a new connection of the session is not delivered again",
  async (t) => {
    const witness = await t.subscriber(t.topic(), 2);
    const fields = { clientId: t.clientId(), ...lasting() };
    const first = await t.connect(fields);
    first.send(publish({ version: t.version, topic: t.topic(), payload: "once", qos: 2, packetIdentifier: 5 }));
    await first.expect("PUBREC", { packetIdentifier: 5 });
    first.cut();
    const second = await t.connect(fields, { sessionPresent: true });
    second.send(publish({ version: t.version, topic: t.topic(), payload: "once", qos: 2, packetIdentifier: 5, dup: true }));
    await second.expect("PUBREC", { packetIdentifier: 5 });
    second.acknowledge("PUBREL", 5);
    await second.expect("PUBCOMP", { packetIdentifier: 5 });
    await second.publish({ topic: t.topic(), payload: "end", qos: 2 });
    await witness.receive({ payload: "once", qos: 2 });
    await witness.receive({ payload: "end" });
  },
);

qosCases.both(
  "in-2-release-after-reconnect",
  "[MQTT-4.3.3-11] [v3 MQTT-4.3.3-2] a PUBREL on a new connection of the session is answered by PUBCOMP",
  async (t) => {
    const witness = await t.subscriber(t.topic(), 2);
    const fields = { clientId: t.clientId(), ...lasting() };
    const first = await t.connect(fields);
    first.sendPublish({ topic: t.topic(), payload: "once", qos: 2, packetIdentifier: 5 });
    await first.expect("PUBREC", { packetIdentifier: 5 });
    first.cut();
    const second = await t.connect(fields, { sessionPresent: true });
    second.acknowledge("PUBREL", 5);
    await second.expect("PUBCOMP", { packetIdentifier: 5, reasonCode: 0 });
    await witness.receive({ payload: "once", qos: 2 });
  },
);

qosCases.both(
  "in-2-new-session",
  "[MQTT-3.1.2-4] [v3 MQTT-3.1.2-6] a new session forgets identifiers that wait for PUBREL",
  async (t) => {
    const witness = await t.subscriber(t.topic(), 2);
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    first.sendPublish({ topic: t.topic(), payload: "1", qos: 2, packetIdentifier: 5 });
    await first.expect("PUBREC", { packetIdentifier: 5 });
    first.cut();
    const second = await t.connect({ clientId, cleanStart: true });
    second.sendPublish({ topic: t.topic(), payload: "2", qos: 2, packetIdentifier: 5 });
    await second.expect("PUBREC", { packetIdentifier: 5 });
    second.acknowledge("PUBREL", 5);
    await second.expect("PUBCOMP", { packetIdentifier: 5, reasonCode: 0 });
    // A server that routes at the PUBREL has nothing of the first one.
    const { payload } = await witness.receive();
    if (payload?.toString() === "1") await witness.receive({ payload: "2" });
    else t.check(payload?.toString() === "2", "1 and 2, or 2", payload?.toString() ?? "none");
  },
);

qosCases.inVersion(
  5,
  "in-unknown-pubrel",
  "[MQTT-3.7.2-1] [MQTT-4.3.3-11] a PUBREL of an unknown identifier is answered by PUBCOMP with 0x92, or 0",
  async (t) => {
    const client = await t.connect();
    client.acknowledge("PUBREL", 77);
    await client.expect("PUBCOMP", { packetIdentifier: 77, reasonCode: [IDENTIFIER_NOT_FOUND, 0] });
  },
);

qosCases.inVersion(
  4,
  "in-unknown-pubrel",
  "[v3 MQTT-4.3.3-2] a PUBREL of an unknown identifier is answered by PUBCOMP",
  async (t) => {
    const client = await t.connect();
    client.acknowledge("PUBREL", 77);
    await client.expect("PUBCOMP", { packetIdentifier: 77 });
  },
);

qosCases.both("in-order", "[MQTT-4.3.2-4] [v3 MQTT-4.3.2-2] PUBACKs leave in the order of their PUBLISHes", async (t) => {
  t.requires(t.server.receiveMaximum >= 15, "Receive Maximum of 15");
  const client = await t.connect();
  for (let i = 1; i <= 15; i++) client.sendPublish({ topic: t.topic(), qos: 1, packetIdentifier: i });
  for (let i = 1; i <= 15; i++) await client.expect("PUBACK", { packetIdentifier: i });
});

qosCases.inVersion(
  5,
  "in-no-subscribers",
  "[MQTT-3.4.2-1] [MQTT-3.5.2-1] PUBACK and PUBREC of a message that nobody gets are 0x10, or 0",
  async (t) => {
    const client = await t.connect();
    client.sendPublish({ topic: t.topic(), qos: 1, packetIdentifier: 1 });
    await client.expect("PUBACK", { packetIdentifier: 1, reasonCode: [0, 0x10] });
    client.sendPublish({ topic: t.topic(), qos: 2, packetIdentifier: 2 });
    await client.expect("PUBREC", { packetIdentifier: 2, reasonCode: [0, 0x10] });
  },
);

// The server as sender.

for (const qos of [1, 2]) {
  qosCases.both(
    `out-${qos}-identifiers`,
    `[MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.3-1] [MQTT-4.3.3-2] [v3 MQTT-2.3.1-4] [v3 MQTT-4.3.2-1] [v3 MQTT-4.3.3-1] messages of QoS ${qos} in flight have different identifiers that are not 0, and no DUP`,
    async (t) => {
      const client = await t.subscriber(t.topic(), qos);
      const publisher = await t.connect();
      for (let i = 0; i < 10; i++) await publisher.publish({ topic: t.topic(), payload: `${i}`, qos });
      const messages = await client.expectAll("PUBLISH", 10, { qos, dup: false });
      const identifiers = new Set(messages.map(({ packetIdentifier }) => packetIdentifier));
      t.check(identifiers.size === 10, "10 different Packet Identifiers", [...identifiers]);
    },
  );
}

qosCases.both(
  "out-2-exchange",
  "[MQTT-4.3.3-4] [MQTT-2.2.1-5] [MQTT-3.6.2-1] [v3 MQTT-4.3.3-1] [v3 MQTT-2.3.1-6] PUBREC is answered by PUBREL with its identifier",
  async (t) => {
    const client = await t.subscriber(t.topic(), 2);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "x", qos: 2 });
    await client.receive({ payload: "x", qos: 2 });
    await client.expectQuiet();
  },
);

qosCases.both(
  "out-2-pubrec-twice",
  "[MQTT-4.3.3-4] [MQTT-4.3.3-6] [v3 MQTT-4.3.3-1] a PUBREC that comes twice brings no second PUBLISH",
  async (t) => {
    const client = await t.subscriber(t.topic(), 2);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "x", qos: 2 });
    const message = await client.expect("PUBLISH", { qos: 2 });
    const packetIdentifier = message.packetIdentifier ?? 0;
    client.acknowledge("PUBREC", message);
    await client.expect("PUBREL", { packetIdentifier });
    client.acknowledge("PUBREC", message);
    const again = await client.next("PUBREL, or a close");
    if (again === "the connection is closed") return;
    t.check(again.name === "PUBREL" && again.packetIdentifier === packetIdentifier, "PUBREL", again.name);
  },
);

for (const qos of [1, 2]) {
  qosCases.both(
    `out-${qos}-again`,
    `[MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3] [v3 MQTT-4.4.0-1] [v3 MQTT-3.3.1-1] unacknowledged messages of QoS ${qos} are sent again on resume: the same identifiers, DUP, in order, before new ones`,
    async (t) => {
      const fields = { clientId: t.clientId(), ...lasting() };
      const first = await t.connect(fields);
      await first.subscribe([[t.topic(), qos]]);
      const publisher = await t.connect();
      for (let i = 0; i < 5; i++) await publisher.publish({ topic: t.topic(), payload: `${i}`, qos });
      const messages = await first.expectAll("PUBLISH", 5, { qos, dup: false });
      await first.disconnect();
      await publisher.publish({ topic: t.topic(), payload: "new", qos });
      const second = await t.connect(fields, { sessionPresent: true });
      for (const [i, { packetIdentifier = 0 }] of messages.entries()) {
        await second.expect("PUBLISH", { payload: `${i}`, qos, dup: true, packetIdentifier });
      }
      await second.expect("PUBLISH", { payload: "new", qos, dup: false });
    },
  );
}

qosCases.both("out-1-acknowledged", "[MQTT-4.4.0-1] [v3 MQTT-4.3.2-1] what was acknowledged is not sent again", async (t) => {
  const fields = { clientId: t.clientId(), ...lasting() };
  const first = await t.connect(fields);
  await first.subscribe([[t.topic(), 1]]);
  const publisher = await t.connect();
  for (const payload of ["a", "b", "c"]) await publisher.publish({ topic: t.topic(), payload, qos: 1 });
  const messages = await first.expectAll("PUBLISH", 3, { qos: 1 });
  first.acknowledge("PUBACK", messages[1]?.packetIdentifier ?? 0);
  await first.expectQuiet();
  await first.disconnect();
  const second = await t.connect(fields, { sessionPresent: true });
  await second.expect("PUBLISH", { payload: "a", dup: true });
  await second.expect("PUBLISH", { payload: "c", dup: true });
  await second.expectQuiet();
});

qosCases.both(
  "out-2-release-again",
  "[MQTT-4.4.0-1] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [v3 MQTT-4.4.0-1] [v3 MQTT-4.3.3-1] after PUBREC the PUBREL is sent again on resume, and not the PUBLISH",
  async (t) => {
    const fields = { clientId: t.clientId(), ...lasting() };
    const first = await t.connect(fields);
    await first.subscribe([[t.topic(), 2]]);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "x", qos: 2 });
    const message = await first.expect("PUBLISH", { qos: 2 });
    const packetIdentifier = message.packetIdentifier ?? 0;
    first.acknowledge("PUBREC", message);
    await first.expect("PUBREL", { packetIdentifier });
    first.cut();
    const second = await t.connect(fields, { sessionPresent: true });
    await second.expect("PUBREL", { packetIdentifier });
    second.acknowledge("PUBCOMP", packetIdentifier);
    await second.expectQuiet();
    await second.disconnect();
    const third = await t.connect(fields, { sessionPresent: true });
    await third.expectQuiet();
  },
);

qosCases.both(
  "out-not-again-on-one-connection",
  "[MQTT-4.4.0-1] [v3 MQTT-4.4.0-1] nothing is sent again while the connection lasts",
  async (t) => {
    const client = await t.subscriber(t.topic(), 1);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "unacknowledged", qos: 1 });
    await client.expect("PUBLISH", { dup: false });
    await t.elapse(2_000);
    // On 3.1 servers did so; 3.1.1 allows it and advises against it.
    await client.expectQuiet();
  },
);

qosCases.inVersion(
  5,
  "out-puback-refused",
  "[MQTT-4.4.0-2] a PUBACK of 0x80 or more settles the message: it is not sent again",
  async (t) => {
    const fields = { clientId: t.clientId(), ...lasting() };
    const first = await t.connect(fields);
    await first.subscribe([[t.topic(), 2]]);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "1", qos: 1 });
    first.acknowledge("PUBACK", await first.expect("PUBLISH", { payload: "1" }), 0x80);
    await publisher.publish({ topic: t.topic(), payload: "2", qos: 2 });
    first.acknowledge("PUBREC", await first.expect("PUBLISH", { payload: "2" }), 0x97);
    await first.expectQuiet();
    await first.disconnect();
    const second = await t.connect(fields, { sessionPresent: true });
    await second.expectQuiet();
  },
);

qosCases.inVersion(
  5,
  "out-pubrec-refused-frees-quota",
  "[MQTT-4.9.0-2] [MQTT-3.3.4-9] a PUBREC of 0x80 or more gives its place in the Receive Maximum back",
  async (t) => {
    const client = await t.connect({ properties: [property("receiveMaximum", 1)] });
    await client.subscribe([[t.topic(), 2]]);
    const publisher = await t.connect();
    for (const payload of ["1", "2", "3"]) await publisher.publish({ topic: t.topic(), payload, qos: 2 });
    for (const payload of ["1", "2", "3"]) {
      const message = await client.expect("PUBLISH", { payload, qos: 2 });
      await client.expectQuiet();
      client.acknowledge("PUBREC", message, 0x80);
    }
    await client.expectQuiet();
  },
);

qosCases.inVersion(
  5,
  "out-expired-exchange",
  "[MQTT-4.3.3-13] [MQTT-4.3.3-7] an exchange that has begun is finished though the message expires",
  async (t) => {
    const client = await t.subscriber(t.topic(), 2);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), qos: 2, properties: [property("messageExpiryInterval", 1)] });
    const message = await client.expect("PUBLISH", { qos: 2 });
    await t.elapse(1_500);
    client.acknowledge("PUBREC", message);
    await client.expect("PUBREL", { packetIdentifier: message.packetIdentifier ?? 0, reasonCode: 0 });
    client.acknowledge("PUBCOMP", message);
    await client.expectQuiet();
  },
);

qosCases.inVersion(
  5,
  "in-expired-exchange",
  "[MQTT-4.3.3-13] the exchange of a client's message is finished though the message expires",
  async (t) => {
    const client = await t.connect();
    client.sendPublish({ topic: t.topic(), qos: 2, packetIdentifier: 3, properties: [property("messageExpiryInterval", 1)] });
    await client.expect("PUBREC", { packetIdentifier: 3 });
    await t.elapse(1_500);
    client.acknowledge("PUBREL", 3);
    await client.expect("PUBCOMP", { packetIdentifier: 3, reasonCode: 0 });
  },
);

/** Acknowledgements of what was never sent. */
for (const name of ["PUBACK", "PUBREC", "PUBCOMP"] as const) {
  qosCases.both(
    `unknown-${name.toLowerCase()}`,
    `[MQTT-4.13.1-1] [v3 MQTT-4.8.0-1] ${name} of an unknown identifier is answered by its rule, or closes`,
    async (t) => {
      const client = await t.connect();
      client.acknowledge(name, 99);
      client.send(Buffer.from([0xc0, 0]));
      const event = await client.next("an answer or a close");
      if (event === "the connection is closed" || event.name === "DISCONNECT" || event.name === "PINGRESP") return;
      t.check(name === "PUBREC" && event.name === "PUBREL", "PUBREL for a PUBREC", event.name);
      t.check(
        [0, IDENTIFIER_NOT_FOUND].some((code) => code === event.reasonCode),
        "0x92 or 0",
        event.reasonCode,
      );
    },
  );
}

qosCases.inVersion(
  5,
  "unknown-pubrec-code",
  "[MQTT-3.6.2-1] a PUBREC of an unknown identifier is answered by PUBREL with 0x92",
  async (t) => {
    const client = await t.connect();
    client.acknowledge("PUBREC", 99);
    const event = await client.next("PUBREL with 0x92, or a close");
    if (event === "the connection is closed" || event.name === "DISCONNECT") return;
    t.check(
      event.name === "PUBREL" && event.reasonCode === IDENTIFIER_NOT_FOUND,
      "PUBREL with 0x92",
      `${event.name} ${event.reasonCode}`,
    );
  },
);

for (const name of ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP"] as const) {
  qosCases.inVersion(
    5,
    `foreign-property-${name.toLowerCase()}`,
    `[MQTT-4.13.1-1] ${name} with a property that does not belong closes`,
    async (t) => {
      const client = await t.connect();
      client.send(acknowledgement(name, { version: 5, packetIdentifier: 1, properties: [property("contentType", "x")] }));
      await client.expectError(MALFORMED, PROTOCOL_ERROR);
    },
  );

  qosCases.inVersion(
    5,
    `reason-string-twice-${name.toLowerCase()}`,
    `[MQTT-4.13.1-1] ${name} with two Reason Strings closes`,
    async (t) => {
      const client = await t.connect();
      const reason = property("reasonString", "x");
      client.send(acknowledgement(name, { version: 5, packetIdentifier: 1, properties: [reason, reason] }));
      await client.expectError(MALFORMED, PROTOCOL_ERROR);
    },
  );

  qosCases.inVersion(
    5,
    `unknown-reason-${name.toLowerCase()}`,
    `[MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] ${name} with the Reason Code 0x05, which does not exist, closes`,
    async (t) => {
      const client = await t.subscriber(t.topic(), 2);
      const publisher = await t.connect();
      const qos = name === "PUBACK" ? 1 : 2;
      await publisher.publish({ topic: t.topic(), qos });
      const { packetIdentifier = 0 } = await client.expect("PUBLISH", { qos });
      if (name === "PUBCOMP") {
        client.acknowledge("PUBREC", packetIdentifier);
        await client.expect("PUBREL");
      }
      client.acknowledge(name, packetIdentifier, 0x05);
      await client.expectError(MALFORMED, PROTOCOL_ERROR);
    },
  );
}

qosCases.inVersion(
  5,
  "acknowledgements-with-properties",
  "[MQTT-2.2.2-1] [MQTT-4.3.3-4] acknowledgements with a Reason String and User Properties are taken",
  async (t) => {
    const client = await t.subscriber(t.topic(), 2);
    const publisher = await t.connect();
    const properties = [
      property("reasonString", "because"),
      property("userProperty", ["a", "b"]),
      property("userProperty", ["a", "b"]),
    ];
    await publisher.publish({ topic: t.topic(), qos: 1 });
    const one = await client.expect("PUBLISH", { qos: 1 });
    client.send(
      acknowledgement("PUBACK", { version: 5, packetIdentifier: one.packetIdentifier ?? 0, reasonCode: 0x10, properties }),
    );
    await publisher.publish({ topic: t.topic(), qos: 2 });
    const { packetIdentifier = 0 } = await client.expect("PUBLISH", { qos: 2 });
    client.send(acknowledgement("PUBREC", { version: 5, packetIdentifier, reasonCode: 0, properties: [] }));
    await client.expect("PUBREL", { packetIdentifier, reasonCode: 0 });
    client.send(acknowledgement("PUBCOMP", { version: 5, packetIdentifier, properties }));
    await client.expectQuiet();
  },
);

/** So that each property is tried in each of the four. */
for (const name of propertyNames.filter(
  (one) => !["reasonString", "userProperty"].includes(one) && !propertyRow(one).in.includes("CONNACK"),
)) {
  qosCases.inVersion(5, `foreign-${name}`, `[MQTT-4.13.1-1] a PUBACK with the property ${name} closes`, async (t) => {
    const client = await t.connect();
    client.send(acknowledgement("PUBACK", { version: 5, packetIdentifier: 1, properties: [property(name, sampleValue(name))] }));
    await client.expectError(MALFORMED, PROTOCOL_ERROR);
  });
}

/** An acknowledgement of the wrong kind for what is in flight under its identifier. */
for (const [qos, name] of [
  [1, "PUBREC"],
  [1, "PUBCOMP"],
  [2, "PUBACK"],
  [2, "PUBCOMP"],
] as const) {
  qosCases.both(
    `wrong-kind-${name.toLowerCase()}-of-qos-${qos}`,
    `[MQTT-4.13.1-1] [v3 MQTT-4.8.0-1] ${name} of a PUBLISH of QoS ${qos} closes`,
    async (t) => {
      const client = await t.subscriber(t.topic(), qos);
      const publisher = await t.connect();
      await publisher.publish({ topic: t.topic(), qos });
      client.acknowledge(name, await client.expect("PUBLISH", { qos }));
      await client.expectError(PROTOCOL_ERROR);
    },
  );
}
