import { CaseList } from "../../case.ts";
import { acknowledgement, auth, disconnect, publish, subscribe, unsubscribe, withReason } from "../../wire/build.ts";
import { packet } from "../../wire/bytes.ts";
import { valueOf } from "../../wire/parse.ts";
import { property, propertyNames, propertyRow } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";
import { sampleValue } from "./connect-properties.ts";
import { lasting } from "./session.ts";

/** DISCONNECT, AUTH, what servers say of errors, and features they may lack. */
export const endingCases: CaseList<BrokerContext> = new CaseList("ending");

const { MALFORMED, PROTOCOL_ERROR, BAD_METHOD, NOT_AUTHORIZED } = ReasonCode;

endingCases.both(
  "disconnect",
  "[section 3.14.4] [v3 MQTT-3.14.4-3] after a DISCONNECT the server closes and says nothing more",
  async (t) => {
    const client = await t.connect();
    await client.disconnect();
  },
);

for (const reasonCode of [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]) {
  endingCases.inVersion(
    5,
    `disconnect-${reasonCode.toString(16)}`,
    `[MQTT-3.14.2-1] a DISCONNECT with 0x${reasonCode.toString(16).padStart(2, "0")} is taken`,
    async (t) => {
      const client = await t.connect();
      await client.disconnect(reasonCode, [property("reasonString", "because"), property("userProperty", ["a", "b"])]);
    },
  );
}

// covers: [MQTT-3.14.1-1] [MQTT-4.13.1-1]
/** A DISCONNECT that is wrong does not remove the will. */
const wrongDisconnects: readonly (readonly [id: string, clauses: string, what: string, bytes: Buffer])[] = [
  ["flags", "[MQTT-3.14.1-1] [v3 MQTT-3.14.1-1]", "reserved flags", disconnect({ firstByte: 0xe1 })],
  ["unknown-property", "[MQTT-4.13.1-1]", "a property that does not exist", packet(0xe0, 0, 2, 0x7f, 0)],
  [
    "foreign-property",
    "[MQTT-4.13.1-1]",
    "a property that does not belong",
    withReason("DISCONNECT", { reasonCode: 0, properties: [property("contentType", "x")] }),
  ],
  [
    "reason-string-twice",
    "[MQTT-4.13.1-1]",
    "two Reason Strings",
    withReason("DISCONNECT", { reasonCode: 0, properties: [property("reasonString", "x"), property("reasonString", "x")] }),
  ],
  [
    "expiry-twice",
    "[MQTT-4.13.1-1]",
    "two Session Expiry Intervals",
    withReason("DISCONNECT", {
      reasonCode: 0,
      properties: [property("sessionExpiryInterval", 0), property("sessionExpiryInterval", 0)],
    }),
  ],
  ["past-the-end", "[MQTT-4.13.1-1]", "a Property Length beyond the packet", packet(0xe0, 0, 9, 0x1f)],
  ["unknown-reason", "[MQTT-3.14.2-1]", "the Reason Code 0x05, which does not exist", packet(0xe0, 5)],
];

for (const [id, clauses, what, bytes] of wrongDisconnects) {
  endingCases.inVersion(
    5,
    `wrong-disconnect-${id}`,
    `${clauses} a DISCONNECT with ${what} is an error, after which the will is published`,
    async (t) => {
      const witness = await t.subscriber(t.topic("will"));
      const client = await t.connect({ will: { topic: t.topic("will"), payload: "wrong" } });
      client.send(bytes);
      await client.expectError(MALFORMED, PROTOCOL_ERROR);
      await witness.expect("PUBLISH", { payload: "wrong" });
    },
  );
}

for (const [id, bytes] of [
  ["flags", disconnect({ firstByte: 0xe1 })],
  ["body", packet(0xe0, 0)],
] as const) {
  endingCases.inVersion(
    4,
    `wrong-disconnect-${id}`,
    `[v3 MQTT-3.14.1-1] [v3 MQTT-4.8.0-1] a DISCONNECT with ${id} closes, and the will is published`,
    async (t) => {
      const witness = await t.subscriber(t.topic("will"));
      const client = await t.connect({ will: { topic: t.topic("will"), payload: "wrong" } });
      client.send(bytes);
      await client.expectError();
      await witness.expect("PUBLISH", { payload: "wrong" });
    },
  );
}

endingCases.inVersion(
  5,
  "server-disconnect",
  "[MQTT-3.14.0-1] [MQTT-3.14.2-1] [MQTT-3.14.2-2] [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-4.13.2-1] the server's DISCONNECT is its last packet, and has no Session Expiry Interval",
  async (t) => {
    const client = await t.connect(lasting());
    client.send(publish({ version: 5, topic: t.topic(), qos: 3, packetIdentifier: 1 }), packet(0xc0), packet(0xc0));
    const event = await client.next("DISCONNECT, or a close");
    if (event === "the connection is closed") return;
    t.check(event.name === "DISCONNECT" && event.fault === undefined, "DISCONNECT", event.name);
    t.check(valueOf(event, "sessionExpiryInterval") === undefined, "no Session Expiry Interval", "one");
    await client.expectClose();
  },
);

endingCases.both(
  "others-notice-nothing",
  "[MQTT-4.13.1-1] [v3 MQTT-4.8.0-1] an error of one client leaves the others alone",
  async (t) => {
    const other = await t.subscriber(t.topic());
    for (const bytes of [packet(0x36, 0), packet(0xff), Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff]), packet(0x10)]) {
      const client = await t.connect();
      client.sendRaw(bytes);
      await client.expectError(MALFORMED, PROTOCOL_ERROR, ReasonCode.TOO_LARGE);
    }
    await other.publish({ topic: t.topic(), payload: "still" });
    await other.expect("PUBLISH", { payload: "still" });
  },
);

// AUTH.

endingCases.inVersion(5, "auth-first", "[MQTT-3.1.0-1] AUTH before CONNECT closes", async (t) => {
  const client = await t.open();
  client.send(auth({ reasonCode: 0x18, properties: [property("authenticationMethod", "m")] }));
  await client.expectClose();
});

for (const reasonCode of [0x00, 0x18, 0x19]) {
  endingCases.inVersion(
    5,
    `auth-without-method-${reasonCode.toString(16)}`,
    `[MQTT-4.12.0-7] AUTH with 0x${reasonCode.toString(16)} of a client whose CONNECT named no method closes`,
    async (t) => {
      const client = await t.connect();
      client.send(auth({ reasonCode, properties: [property("authenticationMethod", "m")] }));
      await client.expectError(PROTOCOL_ERROR, MALFORMED, BAD_METHOD, NOT_AUTHORIZED);
    },
  );
}

endingCases.inVersion(
  5,
  "auth-empty",
  "[MQTT-3.15.2-1] [MQTT-4.12.0-7] an AUTH without Reason Code and method closes",
  async (t) => {
    const client = await t.connect();
    client.send(auth());
    await client.expectError(PROTOCOL_ERROR, MALFORMED);
  },
);

endingCases.inVersion(
  5,
  "auth-unknown-reason",
  "[MQTT-3.15.2-1] an AUTH with the Reason Code 0x05, which does not exist, closes",
  async (t) => {
    const client = await t.connect();
    client.send(auth({ reasonCode: 0x05, properties: [property("authenticationMethod", "m")] }));
    await client.expectError(PROTOCOL_ERROR, MALFORMED);
  },
);

for (const name of propertyNames.filter((one) => !propertyRow(one).in.split(" ").includes("AUTH"))) {
  endingCases.inVersion(5, `auth-foreign-${name}`, `[MQTT-4.13.1-1] AUTH with the property ${name} closes`, async (t) => {
    const client = await t.connect();
    client.send(auth({ reasonCode: 0x19, properties: [property("authenticationMethod", "m"), property(name, sampleValue(name))] }));
    await client.expectError(PROTOCOL_ERROR, MALFORMED);
  });
}

endingCases.inVersion(
  5,
  "auth-refused-session-present",
  "[MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-4.12.0-1] a refusal has Session Present 0 though there is a session, and leaves it",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    await first.disconnect();
    const refused = await t.attempt({
      clientId,
      cleanStart: false,
      properties: [property("authenticationMethod", "no such method")],
    });
    await refused.expectRefusal(BAD_METHOD, NOT_AUTHORIZED);
    await t.connect({ clientId, ...lasting() }, { sessionPresent: true });
  },
);

endingCases.inVersion(
  4,
  "refused-session-present",
  "[v3 MQTT-3.2.2-4] [v3 MQTT-3.2.2-5] a CONNACK that refuses has Session Present 0 and is followed by a close",
  async (t) => {
    const refused = await t.attempt({ clientId: "", cleanStart: false });
    await refused.expect("CONNACK", { reasonCode: 2, sessionPresent: false });
    await refused.expectClose();
  },
);

endingCases.inVersion(
  4,
  "refused-without-code",
  "[v3 MQTT-3.2.2-6] [v3 MQTT-3.1.4-1] where no return code fits the server closes without a CONNACK",
  async (t) => {
    const refused = await t.attempt({ moreFlags: 1 });
    await refused.expectClose();
  },
);

// What a client takes.

endingCases.inVersion(
  5,
  "no-problem-information",
  "[MQTT-3.1.2-29] without Request Problem Information only PUBLISH, CONNACK and DISCONNECT have a Reason String or User Properties",
  async (t) => {
    const client = await t.connect({ properties: [property("requestProblemInformation", 0)] });
    client.send(
      subscribe({
        version: 5,
        packetIdentifier: 1,
        filters: [
          [t.topic(), 1],
          ["$share/g", 0],
        ],
      }),
      unsubscribe({ version: 5, packetIdentifier: 2, filters: ["not/subscribed"] }),
      acknowledgement("PUBREL", { version: 5, packetIdentifier: 3 }),
      publish({ version: 5, topic: t.topic("nobody"), qos: 1, packetIdentifier: 4 }),
      publish({ version: 5, topic: t.topic(), qos: 0, properties: [property("userProperty", ["a", "b"])] }),
      packet(0xc0),
    );
    for (;;) {
      const event = await client.next("PINGRESP");
      if (event === "the connection is closed" || event.name === "PINGRESP" || event.name === "DISCONNECT") return;
      if (event.name === "PUBLISH") {
        t.check(valueOf(event, "userProperty") !== undefined, "a User Property on the PUBLISH", "none");
        continue;
      }
      const said = valueOf(event, "reasonString") ?? valueOf(event, "userProperty");
      t.check(said === undefined, `${event.name} without Reason String and User Properties`, said ?? "");
    }
  },
);

endingCases.inVersion(
  5,
  "small-answers",
  "[MQTT-3.1.2-24] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.14.2-3] [MQTT-3.14.2-4] PUBREC, PUBREL, PUBCOMP and DISCONNECT fit a Maximum Packet Size of 25 bytes",
  async (t) => {
    const client = await t.attempt({ properties: [property("maximumPacketSize", 25)] });
    const connack = await client.next("CONNACK");
    t.requires(connack !== "the connection is closed", "CONNACK of 25 bytes");
    client.send(
      publish({ version: 5, topic: t.topic("nobody"), qos: 2, packetIdentifier: 4 }),
      acknowledgement("PUBREL", { version: 5, packetIdentifier: 7 }),
      acknowledgement("PUBREC", { version: 5, packetIdentifier: 8 }),
      publish({ version: 5, topic: "a/#" }),
    );
    for (;;) {
      const event = await client.next("a close");
      if (event === "the connection is closed") return;
      t.check(event.bytes.length <= 25, "at most 25 bytes", `${event.name} of ${event.bytes.length}`);
    }
  },
);

// What servers may lack.

endingCases.inVersion(
  5,
  "maximum-qos",
  "[MQTT-3.2.2-9] [MQTT-3.2.2-10] [MQTT-3.2.2-12] a server with a Maximum QoS takes a SUBSCRIBE of QoS 2, and refuses wills and messages above its maximum",
  async (t) => {
    t.requires(t.server.maximumQoS < 2, "Maximum QoS below 2");
    const above = t.server.maximumQoS + 1;
    const client = await t.connect();
    client.send(subscribe({ version: 5, packetIdentifier: 1, filters: [[t.topic(), 2]] }));
    await client.expect("SUBACK", { packetIdentifier: 1, reasonCodes: [t.server.maximumQoS] });
    client.send(publish({ version: 5, topic: t.topic(), qos: above, packetIdentifier: 1 }));
    await client.expectError(0x9b);
    const refused = await t.attempt({ will: { topic: t.topic(), qos: above } });
    await refused.expectRefusal(0x9b);
  },
);

endingCases.inVersion(5, "no-retain", "[MQTT-3.2.2-13] a server without retained messages refuses them", async (t) => {
  t.requires(!t.server.isRetainAvailable, "lack of retained messages");
  const client = await t.connect();
  client.send(publish({ version: 5, topic: t.topic(), retain: true }));
  await client.expectError(0x9a);
  const refused = await t.attempt({ will: { topic: t.topic(), retain: true } });
  await refused.expectRefusal(0x9a);
});

endingCases.inVersion(5, "no-wildcards", "[section 3.2.2.3.11] a server without wildcards refuses them with 0xA2", async (t) => {
  t.requires(!t.server.hasWildcards, "lack of wildcards");
  const client = await t.connect();
  client.send(subscribe({ version: 5, packetIdentifier: 1, filters: [["a/+", 0]] }));
  const event = await client.next("SUBACK or DISCONNECT with 0xa2");
  t.check(event !== "the connection is closed" && (event.reasonCode ?? event.reasonCodes?.[0]) === 0xa2, "0xa2", "another answer");
});

endingCases.inVersion(
  5,
  "no-shared-subscriptions",
  "[section 3.2.2.3.13] a server without Shared Subscriptions refuses them with 0x9E",
  async (t) => {
    t.requires(!t.server.hasSharedSubscriptions, "lack of Shared Subscriptions");
    const client = await t.connect();
    client.send(subscribe({ version: 5, packetIdentifier: 1, filters: [["$share/g/a", 0]] }));
    const event = await client.next("SUBACK or DISCONNECT with 0x9e");
    t.check(
      event !== "the connection is closed" && (event.reasonCode ?? event.reasonCodes?.[0]) === 0x9e,
      "0x9e",
      "another answer",
    );
  },
);

endingCases.inVersion(
  5,
  "server-keep-alive",
  "[MQTT-3.2.2-22] [MQTT-3.1.2-22] a Server Keep Alive is what the server goes by",
  async (t) => {
    const seconds = t.server.serverKeepAlive;
    t.requires(seconds !== undefined && seconds > 0 && seconds <= 10, "Server Keep Alive of at most 10 s");
    const client = await t.connect({ keepAlive: 65_535 }, { properties: { serverKeepAlive: [seconds ?? 0] } });
    const start = performance.now();
    const event = await client.next("a close", (seconds ?? 0) * 1_500 + 10_000);
    const waited = performance.now() - start;
    t.check(event === "the connection is closed" || event.name === "DISCONNECT", "a close", "another packet");
    t.check(
      waited >= (seconds ?? 0) * 1_400,
      `a close after ${seconds} s and a half of that`,
      `one after ${Math.round(waited)} ms`,
    );
  },
);
