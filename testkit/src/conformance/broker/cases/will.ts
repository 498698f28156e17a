import { CaseList } from "../../case.ts";
import { disconnect, publish } from "../../wire/build.ts";
import { property } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import type { CaseClient } from "../case-client.ts";
import { lasting } from "./session.ts";

export const willCases: CaseList<BrokerContext> = new CaseList("will");

/** A witness of the will's topic, who is asked for it, and sees that nothing else came. */
async function expectNoWill(t: BrokerContext, witness: CaseClient): Promise<void> {
  const publisher = await t.connect();
  await publisher.publish({ topic: t.topic("will"), payload: "no will" });
  await witness.expect("PUBLISH", { payload: "no will" });
}

for (const qos of [0, 1, 2]) {
  willCases.both(
    `cut-qos-${qos}`,
    `[MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT-3.1.2-9] [MQTT-3.1.2-12] [MQTT-3.1.2-14] [v3 MQTT-3.1.2-8] [v3 MQTT-3.1.2-9] [v3 MQTT-3.1.2-14] [v3 MQTT-3.1.2-16] a will of QoS ${qos} is published when the connection is cut`,
    async (t) => {
      const witness = await t.subscriber(t.topic("will"), 2);
      const client = await t.connect({ will: { topic: t.topic("will"), payload: "gone", qos } });
      client.cut();
      await witness.receive({ topic: t.topic("will"), payload: "gone", qos, retain: false, dup: false });
    },
  );
}

willCases.both(
  "retained",
  "[MQTT-3.1.2-15] [v3 MQTT-3.1.2-17] a will with Will Retain is published as a retained message",
  async (t) => {
    t.requires(t.server.isRetainAvailable, "retained messages");
    const witness = await t.subscriber(t.topic("will"));
    const client = await t.connect({ will: { topic: t.topic("will"), payload: "kept", retain: true } });
    client.cut();
    await witness.expect("PUBLISH", { payload: "kept", retain: false });
    const late = await t.subscriber(t.topic("will"));
    await late.expect("PUBLISH", { payload: "kept", retain: true });
    await late.publish({ topic: t.topic("will"), retain: true });
  },
);

willCases.both("not-retained", "[MQTT-3.1.2-14] [v3 MQTT-3.1.2-16] a will without Will Retain is not retained", async (t) => {
  const witness = await t.subscriber(t.topic("will"));
  const client = await t.connect({ will: { topic: t.topic("will"), payload: "gone" } });
  client.cut();
  await witness.expect("PUBLISH", { payload: "gone" });
  const late = await t.subscriber(t.topic("will"));
  await late.expectQuiet();
});

willCases.both("empty-payload", "[MQTT-3.1.2-9] [v3 MQTT-3.1.2-9] a will may have no payload", async (t) => {
  const witness = await t.subscriber(t.topic("will"));
  const client = await t.connect({ will: { topic: t.topic("will"), payload: "" } });
  client.cut();
  await witness.expect("PUBLISH", { topic: t.topic("will"), payload: "" });
});

willCases.both(
  "disconnect",
  "[MQTT-3.14.4-3] [MQTT-3.1.2-10] [MQTT-3.1.2-8] [v3 MQTT-3.14.4-3] [v3 MQTT-3.1.2-10] a normal DISCONNECT removes the will",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const client = await t.connect({ will: { topic: t.topic("will"), payload: "gone" } });
    await client.disconnect();
    await expectNoWill(t, witness);
  },
);

willCases.both("no-will", "[MQTT-3.1.2-8] [v3 MQTT-3.1.2-12] a client without a will leaves none", async (t) => {
  const witness = await t.subscriber(`${t.topic()}/#`);
  const client = await t.connect();
  client.cut();
  const publisher = await t.connect();
  await publisher.publish({ topic: t.topic("t/x"), payload: "marker" });
  await witness.expect("PUBLISH", { payload: "marker" });
});

willCases.both("once", "[MQTT-3.1.2-10] [v3 MQTT-3.1.2-10] a will is published once", async (t) => {
  const witness = await t.subscriber(t.topic("will"));
  const clientId = t.clientId();
  const client = await t.connect({ clientId, ...lasting(), will: { topic: t.topic("will"), payload: "gone" } });
  client.cut();
  await witness.expect("PUBLISH", { payload: "gone" });
  const again = await t.connect({ clientId, ...lasting() });
  again.cut();
  await expectNoWill(t, witness);
});

willCases.both(
  "protocol-error",
  "[MQTT-3.1.2-8] [v3 MQTT-3.1.2-8] the will is published when the server closes because of an error",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const client = await t.connect({ will: { topic: t.topic("will"), payload: "error" } });
    client.send(publish({ version: t.version, topic: t.topic(), qos: 3, packetIdentifier: 1 }));
    await client.expectError(0x81);
    await witness.expect("PUBLISH", { payload: "error" });
  },
);

willCases.both(
  "takeover",
  "[MQTT-3.1.2-8] [v3 MQTT-3.1.2-8] the will of a connection that is taken over with a new session is published",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const clientId = t.clientId();
    await t.connect({ clientId, will: { topic: t.topic("will"), payload: "taken over" } });
    await t.connect({ clientId });
    await witness.expect("PUBLISH", { payload: "taken over" });
  },
);

willCases.both(
  "to-its-own-session",
  "[MQTT-3.1.2-8] [v3 MQTT-3.1.2-8] a will goes to every subscriber, its own session too",
  async (t) => {
    const clientId = t.clientId();
    const client = await t.connect({ clientId, ...lasting(), will: { topic: t.topic("will"), payload: "mine", qos: 1 } });
    await client.subscribe([[t.topic("will"), 1]]);
    const witness = await t.subscriber(t.topic("will"));
    client.cut();
    await witness.expect("PUBLISH", { payload: "mine" });
    const again = await t.connect({ clientId, ...lasting() });
    await again.receive({ payload: "mine", qos: 1 });
  },
);

for (const reasonCode of [0x04, 0x80, 0x81, 0x93]) {
  willCases.inVersion(
    5,
    `disconnect-${reasonCode.toString(16)}`,
    `[MQTT-3.1.2-8] [MQTT-3.14.2-1] DISCONNECT with 0x${reasonCode.toString(16)} publishes the will`,
    async (t) => {
      const witness = await t.subscriber(t.topic("will"));
      const client = await t.connect({ will: { topic: t.topic("will"), payload: "with will" } });
      client.send(disconnect({ reasonCode }));
      await client.expectClose();
      await witness.expect("PUBLISH", { payload: "with will" });
    },
  );
}

willCases.inVersion(
  5,
  "properties",
  "[MQTT-3.1.3-10] [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-20] the properties of a will are published with it, User Properties in order",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const client = await t.connect({
      will: {
        topic: t.topic("will"),
        payload: "text",
        properties: [
          property("userProperty", ["b", "1"]),
          property("payloadFormatIndicator", 1),
          property("contentType", "text/plain"),
          property("userProperty", ["a", "2"]),
          property("responseTopic", t.topic("answer")),
          property("correlationData", "\u0001\u0002"),
          property("userProperty", ["b", "3"]),
        ],
      },
    });
    client.cut();
    await witness.expect("PUBLISH", {
      payload: "text",
      properties: {
        payloadFormatIndicator: [1],
        contentType: ["text/plain"],
        responseTopic: [t.topic("answer")],
        correlationData: ["\u0001\u0002"],
        willDelayInterval: undefined,
        userProperty: [
          ["b", "1"],
          ["a", "2"],
          ["b", "3"],
        ],
      },
    });
  },
);

willCases.inVersion(5, "message-expiry", "[MQTT-3.3.2-6] a will's Message Expiry Interval is sent with it", async (t) => {
  const witness = await t.subscriber(t.topic("will"));
  const client = await t.connect({ will: { topic: t.topic("will"), properties: [property("messageExpiryInterval", 100)] } });
  client.cut();
  const message = await witness.expect("PUBLISH");
  const left = message.properties.find(({ name }) => name === "messageExpiryInterval")?.value;
  t.check(left === 100 || left === 99 || left === 98, "a Message Expiry Interval of about 100", left ?? "none");
});

willCases.inVersion(5, "delay", "[MQTT-3.1.2-8] a will waits for its Will Delay Interval", async (t) => {
  const witness = await t.subscriber(t.topic("will"));
  const will = { topic: t.topic("will"), payload: "late", properties: [property("willDelayInterval", 1)] };
  const client = await t.connect({ ...lasting(), will });
  const start = performance.now();
  client.cut();
  await witness.expect("PUBLISH", { payload: "late" });
  const waited = performance.now() - start;
  t.check(waited >= 900, "the will not before 1 s", `one after ${Math.round(waited)} ms`);
});

willCases.inVersion(
  5,
  "delay-cut-by-session-end",
  "[MQTT-3.1.2-8] a will is published when its session ends, though its delay is not over",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const will = { topic: t.topic("will"), payload: "session", properties: [property("willDelayInterval", 60)] };
    const client = await t.connect({ cleanStart: true, will });
    client.cut();
    await witness.expect("PUBLISH", { payload: "session" });
  },
);

willCases.inVersion(
  5,
  "delay-cut-by-session-expiry",
  "[MQTT-3.1.2-8] a will is published when its session expires, though its delay is not over",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const will = { topic: t.topic("will"), payload: "expired", properties: [property("willDelayInterval", 60)] };
    const client = await t.connect({ ...lasting(1), will });
    client.cut();
    await witness.expect("PUBLISH", { payload: "expired" });
  },
);

willCases.inVersion(
  5,
  "delay-cancelled",
  "[MQTT-3.1.3-9] [MQTT-3.1.2-8] a client that is back within the Will Delay Interval keeps its will from being sent",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const clientId = t.clientId();
    const will = { topic: t.topic("will"), payload: "cancelled", properties: [property("willDelayInterval", 1)] };
    const client = await t.connect({ clientId, ...lasting(), will });
    client.cut();
    await t.connect({ clientId, ...lasting() });
    await t.elapse(2_000);
    await expectNoWill(t, witness);
  },
);

willCases.inVersion(
  5,
  "delay-takeover",
  "[MQTT-3.1.3-9] a takeover that resumes the session cancels a will with a delay",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const clientId = t.clientId();
    const will = { topic: t.topic("will"), payload: "cancelled", properties: [property("willDelayInterval", 1)] };
    await t.connect({ clientId, ...lasting(), will });
    await t.connect({ clientId, ...lasting() }, { sessionPresent: true });
    await t.elapse(2_000);
    await expectNoWill(t, witness);
  },
);

willCases.inVersion(
  5,
  "delay-clean-start",
  "[MQTT-3.1.2-8] [section 3.1.2.5] a new connection with Clean Start 1 ends the session, which sends the will before its delay is over",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const clientId = t.clientId();
    const will = { topic: t.topic("will"), payload: "ended", properties: [property("willDelayInterval", 60)] };
    const client = await t.connect({ clientId, ...lasting(), will });
    client.cut();
    await t.connect({ clientId, cleanStart: true });
    await witness.expect("PUBLISH", { payload: "ended" });
  },
);

willCases.inVersion(5, "delay-disconnect", "[MQTT-3.14.4-3] a normal DISCONNECT removes a will with a delay too", async (t) => {
  const witness = await t.subscriber(t.topic("will"));
  const will = { topic: t.topic("will"), payload: "gone", properties: [property("willDelayInterval", 1)] };
  const client = await t.connect({ ...lasting(), will });
  await client.disconnect(0);
  await t.elapse(1_700);
  await expectNoWill(t, witness);
});

willCases.both("replaced", "[MQTT-3.1.2-7] [v3 MQTT-3.1.2-8] each connection has its own will", async (t) => {
  const witness = await t.subscriber(t.topic("will"));
  const clientId = t.clientId();
  const first = await t.connect({ clientId, ...lasting(), will: { topic: t.topic("will"), payload: "first" } });
  await first.disconnect();
  const second = await t.connect({ clientId, ...lasting(), will: { topic: t.topic("will"), payload: "second" } });
  second.cut();
  await witness.expect("PUBLISH", { payload: "second" });
});
