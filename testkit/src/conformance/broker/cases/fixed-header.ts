import { CaseList } from "../../case.ts";
import {
  acknowledgement,
  connack,
  disconnect,
  pingresp,
  publish,
  reasonCodes,
  subscribe,
  unsubscribe,
  withReason,
} from "../../wire/build.ts";
import { packet, twoByteInteger, variableByteInteger } from "../../wire/bytes.ts";
import { property } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import type { CaseClient } from "../case-client.ts";
import { ReasonCode } from "../reason-code.ts";

export const fixedHeaderCases: CaseList<BrokerContext> = new CaseList("fixed-header");

// covers: [MQTT-2.1.3-1] [v3 MQTT-2.2.2-1] [v3 MQTT-2.2.2-2] [MQTT-3.8.1-1] [v3 MQTT-3.8.1-1] [MQTT-3.10.1-1]
// [v3 MQTT-3.10.1-1] [MQTT-3.14.1-1] [v3 MQTT-3.14.1-1] [MQTT-3.6.1-1] [v3 MQTT-3.6.1-1]
const BOTH = "[MQTT-2.1.3-1] [v3 MQTT-2.2.2-1] [v3 MQTT-2.2.2-2]";

/** Wrong flags of packets that need nothing before them. */
const wrongFlags: readonly (readonly [
  id: string,
  clauses: string,
  bytes: (t: BrokerContext, firstByte: number) => Buffer,
  first: number[],
])[] = [
  [
    "subscribe",
    "[MQTT-3.8.1-1] [v3 MQTT-3.8.1-1]",
    (t, firstByte) => subscribe({ version: t.version, packetIdentifier: 1, filters: [[t.topic(), 0]], firstByte }),
    [0x80, 0x83, 0x8a],
  ],
  [
    "unsubscribe",
    "[MQTT-3.10.1-1] [v3 MQTT-3.10.1-1]",
    (t, firstByte) => unsubscribe({ version: t.version, packetIdentifier: 1, filters: [t.topic()], firstByte }),
    [0xa0, 0xa3],
  ],
  ["pingreq", "", (_, firstByte) => packet(firstByte), [0xc1, 0xc2]],
  ["disconnect", "[MQTT-3.14.1-1] [v3 MQTT-3.14.1-1]", (_, firstByte) => disconnect({ firstByte }), [0xe1, 0xe8]],
  [
    "pubrel",
    "[MQTT-3.6.1-1] [v3 MQTT-3.6.1-1]",
    (t, firstByte) => acknowledgement("PUBREL", { version: t.version, packetIdentifier: 1, firstByte }),
    [0x60, 0x63],
  ],
];

for (const [id, clauses, bytes, firstBytes] of wrongFlags) {
  for (const firstByte of firstBytes) {
    const hex = firstByte.toString(16);
    fixedHeaderCases.both(
      `flags-${id}-${hex}`,
      `${clauses === "" ? BOTH : `${clauses} ${BOTH}`} ${id.toUpperCase()} that begins with 0x${hex} closes`,
      async (t) => {
        const client = await t.connect();
        client.send(bytes(t, firstByte));
        await client.expectError(ReasonCode.MALFORMED);
      },
    );
  }
}

fixedHeaderCases.both("flags-connect", `${BOTH} CONNECT that begins with 0x11 is refused`, async (t) => {
  const client = await t.attempt({ firstByte: 0x11 });
  await client.expectMalformedConnect(ReasonCode.MALFORMED);
});

/** Flags of the answers to a message of the server. */
for (const [name, qos] of [
  ["PUBACK", 1],
  ["PUBREC", 2],
  ["PUBCOMP", 2],
] as const) {
  fixedHeaderCases.both(`flags-${name.toLowerCase()}`, `${BOTH} ${name} with flags closes`, async (t) => {
    const client = await t.subscriber(t.topic(), qos);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), qos });
    const { packetIdentifier = 0 } = await client.expect("PUBLISH", { qos });
    if (name === "PUBCOMP") await releaseOf(client, packetIdentifier);
    const firstByte = { PUBACK: 0x42, PUBREC: 0x51, PUBCOMP: 0x72 }[name];
    client.send(acknowledgement(name, { version: t.version, packetIdentifier, firstByte }));
    await client.expectError(ReasonCode.MALFORMED);
  });
}

async function releaseOf(client: CaseClient, packetIdentifier: number): Promise<void> {
  client.acknowledge("PUBREC", packetIdentifier);
  await client.expect("PUBREL", { packetIdentifier });
}

fixedHeaderCases.inVersion(5, "flags-auth", "[MQTT-3.15.1-1] [MQTT-2.1.3-1] AUTH that begins with 0xf2 closes", async (t) => {
  const client = await t.connect();
  client.send(withReason("AUTH", { reasonCode: 0x19, properties: [property("authenticationMethod", "m")], firstByte: 0xf2 }));
  await client.expectError(ReasonCode.MALFORMED, ReasonCode.PROTOCOL_ERROR);
});

fixedHeaderCases.both("qos-3", "[MQTT-3.3.1-4] [v3 MQTT-3.3.1-4] a PUBLISH with both QoS bits closes", async (t) => {
  const client = await t.connect();
  client.send(publish({ version: t.version, topic: t.topic(), qos: 3, packetIdentifier: 1 }));
  await client.expectError(ReasonCode.MALFORMED);
});

fixedHeaderCases.both("dup-qos-0", "[MQTT-3.3.1-2] [v3 MQTT-3.3.1-2] a PUBLISH of QoS 0 with DUP closes", async (t) => {
  const client = await t.connect();
  client.send(publish({ version: t.version, topic: t.topic(), dup: true }));
  await client.expectError(ReasonCode.MALFORMED, ReasonCode.PROTOCOL_ERROR);
});

/** Packets which only a server sends, and types that do not exist. */
const notForServers: readonly (readonly [id: string, bytes: (t: BrokerContext) => Buffer])[] = [
  ["connack", (t) => connack({ version: t.version })],
  ["suback", (t) => reasonCodes("SUBACK", { version: t.version, packetIdentifier: 1, reasonCodes: [0] })],
  [
    "unsuback",
    (t) => reasonCodes("UNSUBACK", { version: t.version, packetIdentifier: 1, reasonCodes: t.version === 5 ? [0] : [] }),
  ],
  ["pingresp", () => pingresp()],
  ["type-0", () => packet(0x00)],
];

for (const [id, bytes] of notForServers) {
  fixedHeaderCases.both(`not-for-servers-${id}`, `[MQTT-4.13.1-1] [v3 MQTT-4.8.0-1] ${id} from a client closes`, async (t) => {
    const client = await t.connect();
    client.send(bytes(t));
    await client.expectError(ReasonCode.MALFORMED, ReasonCode.PROTOCOL_ERROR);
  });
}

fixedHeaderCases.inVersion(4, "type-15", "[v3 MQTT-4.8.0-1] packet type 15 closes", async (t) => {
  const client = await t.connect();
  client.send(packet(0xf0));
  await client.expectError();
});

fixedHeaderCases.both(
  "five-byte-length",
  "[MQTT-4.13.1-1] [v3 MQTT-4.8.0-1] a Remaining Length of five bytes closes",
  async (t) => {
    const client = await t.connect();
    client.sendRaw(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]));
    await client.expectError(ReasonCode.MALFORMED, ReasonCode.TOO_LARGE);
  },
);

fixedHeaderCases.both(
  "five-byte-length-first",
  "[MQTT-3.1.4-1] [v3 MQTT-3.1.4-1] a CONNECT whose Remaining Length has five bytes is refused",
  async (t) => {
    const client = await t.open();
    client.sendRaw(Buffer.from([0x10, 0x8c, 0x80, 0x80, 0x80, 0x80]));
    await client.expectMalformedConnect(ReasonCode.MALFORMED);
  },
);

fixedHeaderCases.inVersion(5, "five-byte-property-length", "[MQTT-4.13.1-1] a Property Length of five bytes closes", async (t) => {
  const client = await t.connect();
  client.send(packet(0x30, twoByteInteger(1), 0x61, variableByteInteger(0, 5), Buffer.from("payload")));
  await client.expectError(ReasonCode.MALFORMED);
});

for (const length of [127, 128, 16_383, 16_384, 70_000]) {
  fixedHeaderCases.both(
    `length-${length}`,
    `[MQTT-1.5.5-1] [v3 MQTT-3.3.4-1] a PUBLISH whose Remaining Length is ${length} comes through, its length in the fewest bytes`,
    async (t) => {
      const topic = t.topic();
      const client = await t.subscriber(topic);
      const publisher = await t.connect();
      const payload = Buffer.alloc(length - 2 - topic.length - (t.version === 5 ? 1 : 0), "p");
      await publisher.publish({ topic, payload });
      const message = await client.expect("PUBLISH", { topic });
      t.check(message.payload?.equals(payload) === true, `${payload.length} bytes of payload`, `${message.payload?.length} bytes`);
    },
  );
}

fixedHeaderCases.both("byte-by-byte", "[MQTT-4.2.0-1] [v3 MQTT-7.1.1-1] packets may arrive one byte at a time", async (t) => {
  const client = await t.open();
  const topic = t.topic();
  const all = Buffer.concat([
    client.connectBytes({ clientId: t.clientId() }),
    subscribe({ version: t.version, packetIdentifier: 1, filters: [[topic, 1]] }),
    publish({ version: t.version, topic, payload: "bytes", qos: 1, packetIdentifier: 2 }),
  ]);
  for (const byte of all) client.sendRaw(Buffer.from([byte]));
  await client.expect("CONNACK", { reasonCode: 0 });
  await client.expect("SUBACK", { packetIdentifier: 1 });
  await client.expectPast("PUBLISH", "PUBACK", { packetIdentifier: 2 });
  await client.expect("PUBLISH", { topic, payload: "bytes" });
});

fixedHeaderCases.both(
  "all-at-once",
  "[MQTT-4.2.0-1] [v3 MQTT-7.1.1-1] a CONNECT and what follows it may arrive in one piece",
  async (t) => {
    const client = await t.open();
    const topic = t.topic();
    client.send(
      client.connectBytes({ clientId: t.clientId() }),
      subscribe({ version: t.version, packetIdentifier: 1, filters: [[topic, 0]] }),
      publish({ version: t.version, topic, payload: "at once" }),
      disconnect(),
    );
    await client.expect("CONNACK", { reasonCode: 0 });
    await client.expectPast("PUBLISH", "SUBACK", { packetIdentifier: 1 });
    await client.expect("PUBLISH", { topic, payload: "at once" });
    await client.expectClose();
  },
);

fixedHeaderCases.both("pingreq-with-body", "[MQTT-4.13.1-1] [v3 MQTT-4.8.0-1] a PINGREQ with a body closes", async (t) => {
  const client = await t.connect();
  client.send(packet(0xc0, 0x00));
  await client.expectError(ReasonCode.MALFORMED, ReasonCode.PROTOCOL_ERROR);
});

fixedHeaderCases.both(
  "publish-identifier-0",
  "[MQTT-2.2.1-2] [v3 MQTT-2.3.1-1] a PUBLISH of QoS 1 with Packet Identifier 0 closes",
  async (t) => {
    const client = await t.connect();
    client.send(publish({ version: t.version, topic: t.topic(), qos: 1, packetIdentifier: 0 }));
    await client.expectError(ReasonCode.MALFORMED, ReasonCode.PROTOCOL_ERROR);
  },
);

fixedHeaderCases.both(
  "subscribe-identifier-0",
  "[MQTT-4.13.1-1] [v3 MQTT-2.3.1-1] a SUBSCRIBE with Packet Identifier 0 closes",
  async (t) => {
    const client = await t.connect();
    client.send(subscribe({ version: t.version, packetIdentifier: 0, filters: [[t.topic(), 0]] }));
    await client.expectError(ReasonCode.MALFORMED, ReasonCode.PROTOCOL_ERROR);
  },
);

fixedHeaderCases.both(
  "unsubscribe-identifier-0",
  "[MQTT-4.13.1-1] [v3 MQTT-2.3.1-1] an UNSUBSCRIBE with Packet Identifier 0 closes",
  async (t) => {
    const client = await t.connect();
    client.send(unsubscribe({ version: t.version, packetIdentifier: 0, filters: [t.topic()] }));
    await client.expectError(ReasonCode.MALFORMED, ReasonCode.PROTOCOL_ERROR);
  },
);

for (const name of ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP"] as const) {
  fixedHeaderCases.both(
    `${name.toLowerCase()}-short`,
    `[MQTT-4.13.1-1] [v3 MQTT-4.8.0-1] ${name} of one byte closes`,
    async (t) => {
      const client = await t.connect();
      client.send(packet({ PUBACK: 0x40, PUBREC: 0x50, PUBREL: 0x62, PUBCOMP: 0x70 }[name], 0x01));
      await client.expectError(ReasonCode.MALFORMED, ReasonCode.PROTOCOL_ERROR);
    },
  );
}
