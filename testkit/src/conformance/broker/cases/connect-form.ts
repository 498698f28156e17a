import { CaseList } from "../../case.ts";
import { connect, type ConnectOptions, pingreq, publish, subscribe } from "../../wire/build.ts";
import { join, packet, twoByteInteger, utf8String } from "../../wire/bytes.ts";
import { valueOf } from "../../wire/parse.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";

/** The form of a CONNECT: its header, flags and payload. */
export const connectFormCases: CaseList<BrokerContext> = new CaseList("connect-form");

const { MALFORMED, PROTOCOL_ERROR, UNSUPPORTED_VERSION, INVALID_CLIENT_ID } = ReasonCode;

connectFormCases.both(
  "accepted",
  "[MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.2-1] [v3 MQTT-3.1.4-4] [v3 MQTT-3.2.0-1] CONNECT is answered by CONNACK with 0",
  async (t) => {
    await t.connect({}, { sessionPresent: false });
  },
);

for (const [id, what, bytes] of [
  ["publish", "PUBLISH", (t: BrokerContext) => publish({ version: t.version, topic: t.topic() })],
  [
    "subscribe",
    "SUBSCRIBE",
    (t: BrokerContext) => subscribe({ version: t.version, packetIdentifier: 1, filters: [[t.topic(), 0]] }),
  ],
  ["pingreq", "PINGREQ", () => pingreq()],
  ["disconnect", "DISCONNECT", () => packet(0xe0)],
] as const) {
  connectFormCases.both(
    `first-packet-${id}`,
    `[MQTT-3.1.0-1] [MQTT-3.14.0-1] [v3 MQTT-3.1.0-1] a connection that begins with ${what} is closed without a packet`,
    async (t) => {
      const client = await t.open();
      client.send(bytes(t));
      await client.expectClose();
    },
  );
}

connectFormCases.both("second-connect", "[MQTT-3.1.0-2] [MQTT-3.2.0-2] [v3 MQTT-3.1.0-2] a second CONNECT closes", async (t) => {
  const client = await t.connect();
  client.send(client.connectBytes({ clientId: t.clientId() }));
  await client.expectError(PROTOCOL_ERROR);
});

connectFormCases.both(
  "second-connect-same-id",
  "[MQTT-3.1.0-2] [v3 MQTT-3.1.0-2] a second CONNECT with the same Client Identifier closes, and is no takeover",
  async (t) => {
    const clientId = t.clientId();
    const client = await t.connect({ clientId });
    client.send(client.connectBytes({ clientId }));
    await client.expectError(PROTOCOL_ERROR);
  },
);

for (const [id, name] of [
  ["lower-case", "mqtt"],
  ["short", "MQT"],
  ["long", "MQTTT"],
  ["empty", ""],
  ["other", "HTTP"],
] as const) {
  connectFormCases.both(
    `protocol-name-${id}`,
    `[MQTT-3.1.2-1] [v3 MQTT-3.1.2-1] the protocol name ${JSON.stringify(name)} is refused`,
    async (t) => {
      const client = await t.attempt({ protocolName: name });
      await client.expectRefusal(...(t.version === 5 ? [UNSUPPORTED_VERSION, MALFORMED, PROTOCOL_ERROR] : [1]));
    },
  );
}

for (const level of [0, 1, 2, 6, 9, 0x7f]) {
  connectFormCases.inVersion(
    4,
    `protocol-level-${level}`,
    `[v3 MQTT-3.1.2-2] [v3 MQTT-3.2.2-5] protocol level ${level} is answered by CONNACK 0x01 and a close`,
    async (t) => {
      const client = await t.attempt({ protocolLevel: level });
      await client.expect("CONNACK", { reasonCode: 1, sessionPresent: false });
      await client.expectClose();
    },
  );
}

for (const level of [0, 1, 2, 6, 0x7f]) {
  connectFormCases.inVersion(
    5,
    `protocol-level-${level}`,
    `[MQTT-3.1.2-2] [MQTT-3.2.2-7] protocol level ${level} is refused with its code or a close`,
    async (t) => {
      const client = await t.attempt({ protocolLevel: level });
      const answer = await client.next("CONNACK 0x84, or 0x01 as before 5.0, and a close, or a close");
      if (answer === "the connection is closed") return;
      // Which version a client of an unknown level understands, the server cannot know.
      t.check(
        answer.name === "CONNACK" && (answer.bytes[3] === 1 || answer.bytes[3] === UNSUPPORTED_VERSION),
        "CONNACK 0x01 or 0x84",
        answer.bytes.toString("hex"),
      );
      await client.expectClose();
    },
  );
}

connectFormCases.both(
  "reserved-flag",
  "[MQTT-3.1.2-3] [MQTT-3.1.4-1] [v3 MQTT-3.1.2-3] [v3 MQTT-3.1.4-1] the reserved Connect Flag is refused",
  async (t) => {
    const client = await t.attempt({ moreFlags: 1 });
    await client.expectMalformedConnect(MALFORMED, PROTOCOL_ERROR);
  },
);

// covers: [MQTT-3.1.2-11] [v3 MQTT-3.1.2-13] [v3 MQTT-3.1.2-11] [MQTT-3.1.2-13] [v3 MQTT-3.1.2-15] [MQTT-3.1.2-9]
// [v3 MQTT-3.1.2-9] [MQTT-3.1.2-16] [v3 MQTT-3.1.2-18] [MQTT-3.1.2-17] [v3 MQTT-3.1.2-19] [MQTT-3.1.2-18] [v3 MQTT-3.1.2-20]
// [MQTT-3.1.2-19] [v3 MQTT-3.1.2-21] [MQTT-3.1.3-3] [v3 MQTT-3.1.3-3] [MQTT-3.1.3-4] [v3 MQTT-3.1.3-4]
for (const [id, clauses, flags] of [
  ["will-qos-1-without-will", "[MQTT-3.1.2-11] [v3 MQTT-3.1.2-13] [v3 MQTT-3.1.2-11]", 0x0a],
  ["will-qos-2-without-will", "[MQTT-3.1.2-11] [v3 MQTT-3.1.2-13] [v3 MQTT-3.1.2-11]", 0x12],
  ["will-retain-without-will", "[MQTT-3.1.2-13] [v3 MQTT-3.1.2-15] [v3 MQTT-3.1.2-11]", 0x22],
] as const) {
  connectFormCases.both(id, `${clauses} Connect Flags 0x${flags.toString(16)} are refused`, async (t) => {
    const client = await t.attempt({ flags });
    await client.expectMalformedConnect(MALFORMED, PROTOCOL_ERROR);
  });
}

connectFormCases.both("will-qos-3", "[MQTT-3.1.2-12] [v3 MQTT-3.1.2-14] a Will QoS of 3 is refused", async (t) => {
  const client = await t.attempt({ will: { topic: t.topic(), qos: 3 } });
  await client.expectMalformedConnect(MALFORMED);
});

/** CONNECTs whose flags promise what the payload lacks, or the other way round. */
const mismatches: readonly (readonly [
  id: string,
  clauses: string,
  what: string,
  fields: (t: BrokerContext) => Partial<ConnectOptions>,
])[] = [
  ["will-flag-without-will", "[MQTT-3.1.2-9] [v3 MQTT-3.1.2-9]", "the Will Flag without a will", () => ({ moreFlags: 0x04 })],
  [
    "will-topic-without-payload",
    "[MQTT-3.1.2-9] [v3 MQTT-3.1.2-9]",
    "a Will Topic without a Will Payload",
    (t) => ({ flags: 0x06, payload: join(utf8String(t.clientId()), ...(t.version === 5 ? [0] : []), utf8String("w")) }),
  ],
  [
    "will-without-flag",
    "[MQTT-3.1.4-1] [v3 MQTT-3.1.2-11]",
    "a will without the Will Flag",
    (t) => ({
      flags: 0x02,
      payload: join(utf8String(t.clientId()), ...(t.version === 5 ? [0] : []), utf8String("w"), utf8String("p")),
    }),
  ],
  [
    "user-name-without-flag",
    "[MQTT-3.1.2-16] [v3 MQTT-3.1.2-18]",
    "a User Name without its flag",
    (t) => ({ flags: 0x02, payload: join(utf8String(t.clientId()), utf8String("ann")) }),
  ],
  [
    "user-name-flag-alone",
    "[MQTT-3.1.2-17] [v3 MQTT-3.1.2-19]",
    "the User Name Flag without a User Name",
    (t) => ({ flags: 0x82, payload: utf8String(t.clientId()) }),
  ],
  [
    "password-without-flag",
    "[MQTT-3.1.2-18] [v3 MQTT-3.1.2-20]",
    "a Password without its flag",
    (t) => ({ flags: 0x82, payload: join(utf8String(t.clientId()), utf8String("ann"), utf8String("secret")) }),
  ],
  [
    "password-flag-alone",
    "[MQTT-3.1.2-19] [v3 MQTT-3.1.2-21]",
    "the Password Flag without a Password",
    (t) => ({ flags: 0xc2, payload: join(utf8String(t.clientId()), utf8String("ann")) }),
  ],
  ["no-client-id", "[MQTT-3.1.3-3] [v3 MQTT-3.1.3-3]", "no Client Identifier at all", () => ({ payload: Buffer.alloc(0) })],
  [
    "client-id-past-the-end",
    "[MQTT-3.1.3-4] [v3 MQTT-3.1.3-4]",
    "a Client Identifier that is longer than the packet",
    () => ({ payload: join(twoByteInteger(20), Buffer.from("short")) }),
  ],
  [
    "half-a-length",
    "[MQTT-3.1.4-1] [v3 MQTT-3.1.4-1]",
    "half the length of the Client Identifier",
    () => ({ payload: Buffer.from([0]) }),
  ],
  ["trailing-byte", "[MQTT-3.1.4-1] [v3 MQTT-3.1.4-1]", "a byte after the payload", () => ({ trailing: Buffer.from([0]) })],
];

for (const [id, clauses, what, fields] of mismatches) {
  connectFormCases.both(id, `${clauses} CONNECT with ${what} is refused`, async (t) => {
    const client = await t.open();
    client.send(connect({ version: t.version, clientId: t.clientId(), ...fields(t) }));
    await client.expectRefusal(...(t.version === 5 ? [MALFORMED, PROTOCOL_ERROR, INVALID_CLIENT_ID] : []));
  });
}

connectFormCases.inVersion(
  4,
  "password-without-user-name",
  "[v3 MQTT-3.1.2-22] a Password without a User Name is refused",
  async (t) => {
    const client = await t.open();
    const payload = join(utf8String(t.clientId()), utf8String("secret"));
    client.send(connect({ version: 4, flags: 0x42, payload }));
    await client.expectRefusal(4, 5);
  },
);

connectFormCases.inVersion(
  5,
  "password-without-user-name",
  "[MQTT-3.1.2-19] a Password without a User Name is no error of form",
  async (t) => {
    const client = await t.open();
    const payload = join(utf8String(t.clientId()), utf8String("secret"));
    client.send(connect({ version: 5, flags: 0x42, payload }));
    await client.expect("CONNACK", { reasonCode: [0, ReasonCode.BAD_CREDENTIALS, ReasonCode.NOT_AUTHORIZED] });
  },
);

connectFormCases.both(
  "short-variable-header",
  "[MQTT-3.1.4-1] [v3 MQTT-3.1.4-1] a CONNECT that ends after its flags is refused",
  async (t) => {
    const client = await t.open();
    client.send(packet(0x10, utf8String("MQTT"), t.version, 0x02));
    await client.expectMalformedConnect(MALFORMED);
  },
);

connectFormCases.both("empty-connect", "[MQTT-3.1.4-1] [v3 MQTT-3.1.4-1] a CONNECT of no bytes is refused", async (t) => {
  const client = await t.open();
  client.send(packet(0x10));
  await client.expectMalformedConnect(MALFORMED, UNSUPPORTED_VERSION);
});

for (const length of [1, 22, 23]) {
  connectFormCases.both(
    `client-id-${length}-bytes`,
    `[MQTT-3.1.3-5] [v3 MQTT-3.1.3-5] a Client Identifier of ${length} letters and digits is allowed`,
    async (t) => {
      // One letter is everybody's: a test of another run may take it over, but it was accepted then.
      await t.connect({ clientId: length === 1 ? "Z" : t.clientId().padEnd(length, "Az09") });
    },
  );
}

connectFormCases.both(
  "client-id-all-letters",
  "[MQTT-3.1.3-5] [v3 MQTT-3.1.3-5] every letter and digit is allowed in a Client Identifier",
  async (t) => {
    for (const letters of ["0123456789abcdefghij", "klmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRST", "UVWXYZ"])
      await t.connect({ clientId: letters });
  },
);

connectFormCases.inVersion(
  5,
  "empty-client-id",
  "[MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16] an empty Client Identifier is answered with a unique one",
  async (t) => {
    const assigned = new Set<unknown>();
    for (let i = 0; i < 3; i++) {
      const client = await t.open();
      const connack = await client.connect({ clientId: "" }, { sessionPresent: false });
      assigned.add(valueOf(connack, "assignedClientIdentifier"));
    }
    t.check(assigned.size === 3 && !assigned.has(undefined) && !assigned.has(""), "three different assigned Client Identifiers", [
      ...assigned,
    ]);
  },
);

connectFormCases.inVersion(
  5,
  "empty-client-id-clean-start-0",
  "[MQTT-3.1.3-6] [MQTT-3.1.3-7] an empty Client Identifier is allowed with Clean Start 0",
  async (t) => {
    const client = await t.open();
    const connack = await client.connect({ clientId: "", cleanStart: false }, { sessionPresent: false });
    t.check(valueOf(connack, "assignedClientIdentifier") !== undefined, "an Assigned Client Identifier", "none");
  },
);

connectFormCases.inVersion(
  5,
  "assigned-only-when-empty",
  "[MQTT-3.2.2-16] a Client Identifier that the client chose is not answered by another",
  async (t) => {
    await t.connect({}, { properties: { assignedClientIdentifier: undefined } });
  },
);

connectFormCases.inVersion(
  4,
  "empty-client-id",
  "[v3 MQTT-3.1.3-6] an empty Client Identifier with CleanSession 1 is accepted, each time as another client",
  async (t) => {
    const first = await t.connect({ clientId: "" });
    await t.connect({ clientId: "" });
    await first.expectQuiet();
  },
);

connectFormCases.inVersion(
  4,
  "empty-client-id-clean-session-0",
  "[v3 MQTT-3.1.3-8] [v3 MQTT-3.1.3-9] an empty Client Identifier with CleanSession 0 is answered by CONNACK 0x02 and a close",
  async (t) => {
    const client = await t.attempt({ clientId: "", cleanStart: false });
    await client.expect("CONNACK", { reasonCode: 2, sessionPresent: false });
    await client.expectClose();
  },
);

connectFormCases.inVersion(
  3,
  "accepted",
  "[section 3.1 of MQTT 3.1] MQIsdp with level 3 is accepted, or answered by CONNACK 0x01",
  async (t) => {
    const client = await t.attempt();
    await client.expect("CONNACK", { reasonCode: [0, 1] });
  },
);

connectFormCases.inVersion(
  3,
  "client-id-24-characters",
  "[section 3.1 of MQTT 3.1] a Client Identifier of 24 characters is answered by CONNACK 0x02, or taken as 3.1.1 allows",
  async (t) => {
    const client = await t.attempt({ clientId: t.clientId().padEnd(24, "x") });
    const { reasonCode } = await client.expect("CONNACK", { reasonCode: [0, 2] });
    if (reasonCode === 2) await client.expectClose();
  },
);

connectFormCases.inVersion(
  3,
  "empty-client-id",
  "[section 3.1 of MQTT 3.1] an empty Client Identifier is answered by CONNACK 0x02",
  async (t) => {
    const client = await t.attempt({ clientId: "" });
    await client.expect("CONNACK", { reasonCode: 2 });
    await client.expectClose();
  },
);

connectFormCases.inVersion(3, "mqtt-name", "[section 3.1 of MQTT 3.1] the name MQTT with level 3 is refused", async (t) => {
  const client = await t.attempt({ protocolName: "MQTT" });
  await client.expectRefusal(1);
});

connectFormCases.inVersion(4, "mqisdp-name", "[v3 MQTT-3.1.2-1] the name MQIsdp with level 4 is refused", async (t) => {
  const client = await t.attempt({ protocolName: "MQIsdp" });
  await client.expectRefusal(1);
});

connectFormCases.inVersion(3, "exchange", "[section 4.1 of MQTT 3.1] a message of each QoS comes through", async (t) => {
  const client = await t.subscriber(t.topic(), 2);
  for (const qos of [0, 1, 2]) {
    await client.publish({ topic: t.topic(), payload: `${qos}`, qos });
    await client.receive({ topic: t.topic(), payload: `${qos}`, qos, retain: false });
  }
  await client.disconnect();
});

connectFormCases.both(
  "no-processing-after-refusal",
  "[MQTT-3.1.4-6] [v3 MQTT-3.1.4-5] what follows a refused CONNECT is not processed",
  async (t) => {
    const witness = await t.subscriber(t.topic());
    const client = await t.open();
    client.send(
      client.connectBytes({ clientId: t.clientId(), moreFlags: 1 }),
      publish({ version: t.version, topic: t.topic(), payload: "refused" }),
    );
    await client.expectMalformedConnect(MALFORMED, PROTOCOL_ERROR);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "accepted" });
    await witness.expect("PUBLISH", { payload: "accepted" });
  },
);

connectFormCases.both(
  "payload-in-order",
  "[MQTT-3.1.3-1] [v3 MQTT-3.1.3-1] the fields of the payload are read in their order",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const client = await t.open();
    const will = { topic: t.topic("will"), payload: "will payload", qos: 1, retain: false };
    // Where the broker wants a user, its name and password follow.
    client.send(client.connectBytes({ clientId: t.clientId(), will }));
    await client.expect("CONNACK", { reasonCode: 0 });
    client.cut();
    await witness.expect("PUBLISH", { topic: t.topic("will"), payload: "will payload" });
  },
);
