import { CaseList } from "../../case.ts";
import { connect, type PropertyList } from "../../wire/build.ts";
import { join, packet, twoByteInteger, utf8String, variableByteInteger } from "../../wire/bytes.ts";
import { valueOf } from "../../wire/parse.ts";
import { property, propertyNames, propertyRow, type PropertyName, type PropertyValue } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";

/** The properties of CONNECT, of its will, and of CONNACK. */
export const connectPropertyCases: CaseList<BrokerContext> = new CaseList("connect-properties");

const { MALFORMED, PROTOCOL_ERROR, BAD_METHOD, NOT_AUTHORIZED } = ReasonCode;

/** A value of which the type is right. */
export function sampleValue(name: PropertyName): PropertyValue {
  const samples = { byte: 1, two: 1, four: 1, variable: 1, string: "s", binary: "b", pair: ["n", "v"] } as const;
  return samples[propertyRow(name).kind];
}

const inConnect = propertyNames.filter((name) => propertyRow(name).in.split(" ").includes("CONNECT"));
const inWill = propertyNames.filter((name) => propertyRow(name).in.split(" ").includes("WILL"));

// covers: [MQTT-4.12.0-1] [MQTT-4.12.0-4] [MQTT-3.1.4-2]
function refusesProperties(id: string, title: string, properties: PropertyList, ...codes: number[]): void {
  connectPropertyCases.inVersion(5, id, title, async (t) => {
    const client = await t.attempt({ properties });
    await client.expectRefusal(...codes);
  });
}

for (const name of inConnect) {
  if (name === "userProperty") continue;
  const value = property(name, sampleValue(name));
  const method = name === "authenticationData" ? [property("authenticationMethod", "m")] : [];
  refusesProperties(
    `duplicate-${name}`,
    `[MQTT-3.1.4-1] CONNECT with ${name} twice is refused`,
    [...method, value, value],
    PROTOCOL_ERROR,
    MALFORMED,
    ...(name.startsWith("auth") ? [BAD_METHOD, NOT_AUTHORIZED] : []),
  );
}

for (const name of propertyNames.filter((one) => !inConnect.includes(one))) {
  refusesProperties(
    `foreign-${name}`,
    `[MQTT-3.1.4-1] CONNECT with the property ${name} is refused`,
    [property(name, sampleValue(name))],
    PROTOCOL_ERROR,
    MALFORMED,
  );
}

for (const name of inWill) {
  if (name === "userProperty") continue;
  connectPropertyCases.inVersion(5, `duplicate-will-${name}`, `[MQTT-3.1.4-1] a will with ${name} twice is refused`, async (t) => {
    const value = property(name, sampleValue(name));
    const client = await t.attempt({ will: { topic: t.topic(), payload: "p", properties: [value, value] } });
    await client.expectRefusal(PROTOCOL_ERROR, MALFORMED);
  });
}

for (const name of ["topicAlias", "sessionExpiryInterval", "subscriptionIdentifier", "receiveMaximum"] as const) {
  connectPropertyCases.inVersion(
    5,
    `foreign-will-${name}`,
    `[MQTT-3.1.4-1] a will with the property ${name} is refused`,
    async (t) => {
      const client = await t.attempt({ will: { topic: t.topic(), properties: [property(name, sampleValue(name))] } });
      await client.expectRefusal(PROTOCOL_ERROR, MALFORMED);
    },
  );
}

refusesProperties(
  "unknown-property",
  "[MQTT-3.1.4-1] CONNECT with the property identifier 0x7f is refused",
  [Buffer.from([0x7f, 1])],
  MALFORMED,
  PROTOCOL_ERROR,
);
refusesProperties(
  "property-identifier-0",
  "[MQTT-3.1.4-1] CONNECT with the property identifier 0 is refused",
  [Buffer.from([0, 1])],
  MALFORMED,
  PROTOCOL_ERROR,
);
refusesProperties(
  "two-byte-identifier",
  "[MQTT-3.1.4-1] CONNECT with a property identifier above 127 is refused",
  [join(variableByteInteger(300), 1)],
  MALFORMED,
  PROTOCOL_ERROR,
);
refusesProperties(
  "truncated-property",
  "[MQTT-3.1.4-1] CONNECT with a property that its length cuts is refused",
  [Buffer.from([0x11, 0, 0])],
  MALFORMED,
  PROTOCOL_ERROR,
);
refusesProperties(
  "receive-maximum-0",
  "[MQTT-3.1.4-1] a Receive Maximum of 0 is refused",
  [property("receiveMaximum", 0)],
  PROTOCOL_ERROR,
);
refusesProperties(
  "maximum-packet-size-0",
  "[MQTT-3.1.4-1] a Maximum Packet Size of 0 is refused",
  [property("maximumPacketSize", 0)],
  PROTOCOL_ERROR,
);
refusesProperties(
  "request-problem-information-2",
  "[MQTT-3.1.4-1] Request Problem Information of 2 is refused",
  [property("requestProblemInformation", 2)],
  PROTOCOL_ERROR,
);
refusesProperties(
  "request-response-information-2",
  "[MQTT-3.1.4-1] Request Response Information of 2 is refused",
  [property("requestResponseInformation", 2)],
  PROTOCOL_ERROR,
);
refusesProperties(
  "authentication-data-alone",
  "[MQTT-3.1.4-1] Authentication Data without a method is refused",
  [property("authenticationData", "d")],
  PROTOCOL_ERROR,
);
refusesProperties(
  "authentication-method-unknown",
  "[MQTT-4.12.0-1] [MQTT-4.12.0-4] [MQTT-3.1.4-2] [MQTT-3.2.2-8] an Authentication Method that no server has is refused",
  [property("authenticationMethod", "none of this name")],
  BAD_METHOD,
  NOT_AUTHORIZED,
);

connectPropertyCases.inVersion(
  5,
  "will-payload-format-2",
  "[MQTT-3.1.4-1] a will with a Payload Format Indicator of 2 is refused",
  async (t) => {
    const client = await t.attempt({ will: { topic: t.topic(), properties: [property("payloadFormatIndicator", 2)] } });
    await client.expectRefusal(PROTOCOL_ERROR, MALFORMED);
  },
);

connectPropertyCases.inVersion(5, "will-topic-wildcard", "[MQTT-4.7.0-1] a Will Topic with a wildcard is refused", async (t) => {
  const client = await t.attempt({ will: { topic: `${t.topic()}/+` } });
  await client.expectRefusal(ReasonCode.INVALID_TOPIC, PROTOCOL_ERROR, MALFORMED);
});

connectPropertyCases.inVersion(4, "will-topic-wildcard", "[v3 MQTT-4.7.1-1] a Will Topic with a wildcard is refused", async (t) => {
  const client = await t.attempt({ will: { topic: `${t.topic()}/+` } });
  await client.expectClose();
});

connectPropertyCases.inVersion(
  5,
  "will-response-topic-wildcard",
  "[MQTT-3.3.2-14] a will whose Response Topic has a wildcard is refused",
  async (t) => {
    const client = await t.attempt({ will: { topic: t.topic(), properties: [property("responseTopic", "a/#")] } });
    await client.expectRefusal(ReasonCode.INVALID_TOPIC, PROTOCOL_ERROR, MALFORMED);
  },
);

connectPropertyCases.both("will-topic-empty", "[MQTT-4.7.3-1] [v3 MQTT-4.7.3-1] an empty Will Topic is refused", async (t) => {
  const client = await t.attempt({ will: { topic: "" } });
  await client.expectMalformedConnect(ReasonCode.INVALID_TOPIC, PROTOCOL_ERROR, MALFORMED);
});

connectPropertyCases.inVersion(
  5,
  "property-length-past-the-end",
  "[MQTT-3.1.4-1] a Property Length beyond the packet is refused",
  async (t) => {
    const client = await t.open();
    client.send(packet(0x10, utf8String("MQTT"), 5, 2, twoByteInteger(0), variableByteInteger(200), utf8String(t.clientId())));
    await client.expectRefusal(MALFORMED);
  },
);

connectPropertyCases.inVersion(
  5,
  "no-property-length",
  "[MQTT-2.2.2-1] CONNECT without a Property Length is refused",
  async (t) => {
    const client = await t.open();
    client.send(connect({ version: 4, protocolLevel: 5, clientId: "" }));
    await client.expectRefusal(MALFORMED, PROTOCOL_ERROR);
  },
);

connectPropertyCases.inVersion(
  5,
  "all-properties",
  "[MQTT-3.1.4-5] every property of CONNECT is accepted together, User Properties many times",
  async (t) => {
    await t.connect({
      properties: [
        property("sessionExpiryInterval", 0xffff_ffff),
        property("receiveMaximum", 65_535),
        property("maximumPacketSize", 0xffff_ffff),
        property("topicAliasMaximum", 65_535),
        property("requestResponseInformation", 1),
        property("requestProblemInformation", 1),
        ...["a", "a", "b"].map((name) => property("userProperty", [name, ""])),
      ],
      will: {
        topic: t.topic("will"),
        properties: [
          property("willDelayInterval", 0),
          property("payloadFormatIndicator", 0),
          property("messageExpiryInterval", 5),
          property("contentType", "text"),
          property("responseTopic", t.topic("answer")),
          property("correlationData", "c"),
          property("userProperty", ["a", "b"]),
        ],
      },
    });
  },
);

connectPropertyCases.inVersion(
  5,
  "no-response-information",
  "[MQTT-3.1.2-28] Response Information is not sent unless it was asked for",
  async (t) => {
    await t.connect(
      { properties: [property("requestResponseInformation", 0)] },
      { properties: { responseInformation: undefined } },
    );
    await t.connect({}, { properties: { responseInformation: undefined } });
  },
);

connectPropertyCases.inVersion(
  5,
  "no-authentication-method",
  "[MQTT-4.12.0-6] CONNACK names no Authentication Method to a client that named none",
  async (t) => {
    await t.connect({}, { properties: { authenticationMethod: undefined, authenticationData: undefined } });
  },
);

connectPropertyCases.inVersion(
  5,
  "connack-values",
  "[MQTT-3.2.2-8] [MQTT-3.2.2-9] [section 3.2.2.3] the properties of CONNACK have values that are allowed",
  async (t) => {
    const client = await t.open();
    const connack = await client.connect({ clientId: t.clientId() });
    const flag = (name: PropertyName): boolean => [undefined, 0, 1].includes(valueOf(connack, name) as number | undefined);
    const flags = [
      "maximumQoS",
      "retainAvailable",
      "wildcardSubscriptionAvailable",
      "subscriptionIdentifierAvailable",
      "sharedSubscriptionAvailable",
    ] as const;
    t.check(flags.every(flag), "0 or 1 for the properties that say whether", connack.properties);
    t.check(valueOf(connack, "receiveMaximum") !== 0, "a Receive Maximum above 0", 0);
    t.check(valueOf(connack, "maximumPacketSize") !== 0, "a Maximum Packet Size above 0", 0);
  },
);

connectPropertyCases.inVersion(
  5,
  "connack-within-maximum",
  "[MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.1.2-24] a CONNACK is not larger than the client's Maximum Packet Size",
  async (t) => {
    const client = await t.attempt({ properties: [property("maximumPacketSize", 60)] });
    const answer = await client.next("CONNACK of at most 60 bytes or a close");
    t.check(
      answer === "the connection is closed" || answer.bytes.length <= 60,
      "CONNACK of at most 60 bytes",
      answer === "the connection is closed" ? answer : `${answer.bytes.length} bytes`,
    );
  },
);
