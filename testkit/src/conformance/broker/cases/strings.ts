import { CaseList } from "../../case.ts";
import { acknowledgement, publish, rawString, subscribe, unsubscribe } from "../../wire/build.ts";
import { packet, twoByteInteger, utf8String } from "../../wire/bytes.ts";
import { property, type PropertyName } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";

export const stringCases: CaseList<BrokerContext> = new CaseList("strings");

/** Bytes that are no UTF-8, or no text that MQTT allows. */
const illFormed: readonly (readonly [id: string, what: string, bytes: readonly number[]])[] = [
  ["high-surrogate", "the surrogate U+D800", [0x61, 0xed, 0xa0, 0x80]],
  ["low-surrogate", "the surrogate U+DFFF", [0x61, 0xed, 0xbf, 0xbf]],
  ["surrogate-pair", "a pair of surrogates (CESU-8)", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ["over-long-2", "an over-long form of two bytes", [0x61, 0xc0, 0xaf]],
  ["over-long-3", "an over-long form of three bytes", [0x61, 0xe0, 0x80, 0xaf]],
  ["over-long-null", "U+0000 as C0 80", [0x61, 0xc0, 0x80]],
  ["truncated", "a character that the string cuts", [0x61, 0xe2, 0x82]],
  ["continuation", "a continuation byte alone", [0x80, 0x61]],
  ["above-10ffff", "a code point above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["five-bytes", "a form of five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
];

for (const [id, what, bytes] of illFormed) {
  stringCases.both(
    `topic-name-${id}`,
    `[MQTT-1.5.4-1] [MQTT-3.3.2-1] [v3 MQTT-1.5.3-1] [v3 MQTT-3.3.2-1] a Topic Name with ${what} closes`,
    async (t) => {
      const client = await t.connect();
      client.send(publish({ version: t.version, topic: Buffer.from(bytes) }));
      await client.expectError(ReasonCode.MALFORMED, ReasonCode.INVALID_TOPIC);
    },
  );
}

const SURROGATE = Buffer.from([0x61, 0xed, 0xa0, 0x80, 0x62]);
const NULL = Buffer.from([0x61, 0x00, 0x62]);

// covers: [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1] [MQTT-1.5.4-2] [v3 MQTT-1.5.3-2] [MQTT-3.3.2-13] [MQTT-3.3.2-19]
for (const [kind, what, text, clauses] of [
  ["surrogate", "a surrogate", SURROGATE, "[MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["null", "U+0000", NULL, "[MQTT-1.5.4-2] [v3 MQTT-1.5.3-2]"],
] as const) {
  if (kind === "null") {
    stringCases.both(
      "topic-name-null",
      `${clauses} [MQTT-4.7.3-2] [v3 MQTT-4.7.3-2] a Topic Name with U+0000 closes`,
      async (t) => {
        const client = await t.connect();
        client.send(publish({ version: t.version, topic: text }));
        await client.expectError(ReasonCode.MALFORMED, ReasonCode.INVALID_TOPIC);
      },
    );
  }

  stringCases.both(
    `topic-filter-${kind}`,
    `${clauses} [MQTT-3.8.3-1] [v3 MQTT-3.8.3-1] a Topic Filter with ${what} closes`,
    async (t) => {
      const client = await t.connect();
      client.send(subscribe({ version: t.version, packetIdentifier: 1, filters: [[text, 0]] }));
      await client.expectError(ReasonCode.MALFORMED, ReasonCode.INVALID_FILTER);
    },
  );

  stringCases.both(
    `unsubscribe-${kind}`,
    `${clauses} [MQTT-3.10.3-1] [v3 MQTT-3.10.3-1] UNSUBSCRIBE with ${what} closes`,
    async (t) => {
      const client = await t.connect();
      client.send(unsubscribe({ version: t.version, packetIdentifier: 1, filters: [text] }));
      await client.expectError(ReasonCode.MALFORMED, ReasonCode.INVALID_FILTER);
    },
  );

  stringCases.both(
    `client-id-${kind}`,
    `${clauses} [MQTT-3.1.3-4] [v3 MQTT-3.1.3-4] a Client Identifier with ${what} is refused`,
    async (t) => {
      const client = await t.attempt({ clientId: text });
      await client.expectRefusal(...(t.version === 5 ? [ReasonCode.MALFORMED, ReasonCode.INVALID_CLIENT_ID] : [2]));
    },
  );

  stringCases.both(
    `will-topic-${kind}`,
    `${clauses} [MQTT-3.1.3-11] [v3 MQTT-3.1.3-10] a Will Topic with ${what} is refused`,
    async (t) => {
      const client = await t.attempt({ will: { topic: text } });
      await client.expectMalformedConnect(ReasonCode.MALFORMED, ReasonCode.INVALID_TOPIC);
    },
  );

  stringCases.both(
    `user-name-${kind}`,
    `${clauses} [MQTT-3.1.3-12] [v3 MQTT-3.1.3-11] a User Name with ${what} is refused`,
    async (t) => {
      const client = await t.attempt({ username: text });
      const codes = [ReasonCode.MALFORMED, ReasonCode.BAD_CREDENTIALS, ReasonCode.NOT_AUTHORIZED];
      await client.expectRefusal(...(t.version === 5 ? codes : [4, 5]));
    },
  );

  for (const [name, more] of [
    ["responseTopic", "[MQTT-3.3.2-13]"],
    ["contentType", "[MQTT-3.3.2-19]"],
  ] as const satisfies readonly (readonly [PropertyName, string])[]) {
    stringCases.inVersion(5, `${name}-${kind}`, `${clauses} ${more} the property ${name} with ${what} closes`, async (t) => {
      const client = await t.connect();
      client.sendPublish({ topic: t.topic(), properties: [property(name, text)] });
      await client.expectError(ReasonCode.MALFORMED);
    });
  }

  for (const half of ["name", "value"] as const) {
    stringCases.inVersion(
      5,
      `user-property-${half}-${kind}`,
      `${clauses} [MQTT-1.5.7-1] a User Property whose ${half} has ${what} closes`,
      async (t) => {
        const client = await t.connect();
        const good = utf8String("good");
        const pair = half === "name" ? [utf8String(text), good] : [good, utf8String(text)];
        client.sendPublish({ topic: t.topic(), properties: [Buffer.concat([Buffer.from([0x26]), ...pair])] });
        await client.expectError(ReasonCode.MALFORMED);
      },
    );
  }

  stringCases.inVersion(
    5,
    `puback-reason-string-${kind}`,
    `${clauses} a PUBACK whose Reason String has ${what} closes`,
    async (t) => {
      const client = await t.subscriber(t.topic(), 1);
      const publisher = await t.connect();
      await publisher.publish({ topic: t.topic(), qos: 1 });
      const { packetIdentifier = 0 } = await client.expect("PUBLISH", { qos: 1 });
      client.send(acknowledgement("PUBACK", { version: 5, packetIdentifier, properties: [property("reasonString", text)] }));
      await client.expectError(ReasonCode.MALFORMED);
    },
  );
}

stringCases.both("byte-order-mark", "[MQTT-1.5.4-3] [v3 MQTT-1.5.3-3] U+FEFF is a character like any other", async (t) => {
  const marked = `${t.topic("a")}/\ufeffb`;
  const plain = `${t.topic("a")}/b`;
  const both = await t.connect();
  await both.subscribe([
    [marked, 0],
    [t.topic("end"), 0],
  ]);
  const publisher = await t.connect();
  await publisher.publish({ topic: plain, payload: "plain" });
  await publisher.publish({ topic: marked, payload: "marked" });
  await publisher.publish({ topic: t.topic("end") });
  await both.expect("PUBLISH", { topic: marked, payload: "marked" });
  await both.expect("PUBLISH", { topic: t.topic("end") });
});

stringCases.both(
  "non-characters",
  "[MQTT-1.5.4-1] [v3 MQTT-1.5.3-1] characters of two, three and four bytes come through",
  async (t) => {
    const topic = `${t.topic()}/\u00e9\u20ac\u{1f600}`;
    const client = await t.subscriber(topic);
    const publisher = await t.connect();
    await publisher.publish({ topic, payload: "\u{1f600}" });
    await client.expect("PUBLISH", { topic, payload: "\u{1f600}" });
  },
);

stringCases.both(
  "no-normalization",
  "[MQTT-4.7.3-4] [v3 MQTT-4.7.3-4] composed and decomposed letters are different topics",
  async (t) => {
    const composed = `${t.topic()}/\u00e9`;
    const client = await t.connect();
    await client.subscribe([
      [composed, 0],
      [t.topic("end"), 0],
    ]);
    const publisher = await t.connect();
    for (const topic of [`${t.topic()}/e\u0301`, `${t.topic()}/\u00c9`, `${t.topic()}//\u00e9`, `${composed}/`]) {
      await publisher.publish({ topic });
    }
    await publisher.publish({ topic: t.topic("end") });
    await client.expect("PUBLISH", { topic: t.topic("end") });
  },
);

stringCases.both(
  "string-past-the-end",
  "[MQTT-3.3.2-1] [v3 MQTT-3.3.2-1] a Topic Name that is longer than its packet closes",
  async (t) => {
    const client = await t.connect();
    client.send(packet(0x30, twoByteInteger(200), Buffer.from("short")));
    await client.expectError(ReasonCode.MALFORMED, ReasonCode.INVALID_TOPIC);
  },
);

stringCases.both(
  "topic-65535-bytes",
  "[MQTT-4.7.3-3] [v3 MQTT-4.7.3-3] a Topic Name of 65,535 bytes is routed, or refused by a limit of the server",
  async (t) => {
    const topic = t.topic().padEnd(65_535, "x");
    const client = await t.subscriber(t.topic("#"));
    const publisher = await t.connect();
    publisher.sendPublish({ topic, payload: "long", qos: 1 });
    const answer = await publisher.next("PUBACK or a close");
    t.check(answer !== "the connection is closed" && answer.reasonCode === 0, "PUBACK with 0", "a refusal");
    const message = await client.expect("PUBLISH", { payload: "long" });
    t.check(message.topic === topic, "the same topic", `one of ${message.topic?.length} characters`);
  },
);

stringCases.both(
  "client-id-65535-bytes",
  "[MQTT-3.1.3-4] [MQTT-3.1.3-8] [v3 MQTT-3.1.3-4] a Client Identifier of 65,535 bytes is accepted, or refused with its code",
  async (t) => {
    const client = await t.attempt({ clientId: t.clientId().padEnd(65_535, "x") });
    const answer = await client.next("CONNACK or a close");
    if (answer === "the connection is closed") return;
    const refusals = t.version === 5 ? [0, ReasonCode.INVALID_CLIENT_ID, ReasonCode.TOO_LARGE] : [0, 2];
    t.check(refusals.includes(answer.reasonCode ?? -1), `CONNACK with one of ${refusals.join(", ")}`, String(answer.reasonCode));
  },
);

stringCases.both("payload-of-any-bytes", "[MQTT-3.3.4-1] [v3 MQTT-3.3.4-1] a payload may be any bytes", async (t) => {
  const client = await t.subscriber(t.topic());
  const publisher = await t.connect();
  const payload = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await publisher.publish({ topic: t.topic(), payload });
  const message = await client.expect("PUBLISH");
  t.check(message.payload?.equals(payload) === true, "the same 256 bytes", message.payload?.toString("hex") ?? "none");
});

stringCases.both(
  "filter-past-the-end",
  "[MQTT-3.8.3-1] [v3 MQTT-3.8.3-1] a Topic Filter that is longer than its packet closes",
  async (t) => {
    const client = await t.connect();
    const properties = t.version === 5 ? [0] : [];
    client.send(packet(0x82, twoByteInteger(1), ...properties, rawString(0x61, 0x62).subarray(0, 3), 0));
    await client.expectError(ReasonCode.MALFORMED, ReasonCode.INVALID_FILTER);
  },
);
