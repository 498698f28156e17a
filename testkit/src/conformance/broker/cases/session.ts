import { CaseList } from "../../case.ts";
import { disconnect } from "../../wire/build.ts";
import { valueOf } from "../../wire/parse.ts";
import { property } from "../../wire/properties.ts";
import type { CaseClient, ConnectFields } from "../case-client.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";

/** Session State: kept, resumed, taken over, expired. */
export const sessionCases: CaseList<BrokerContext> = new CaseList("session");

/** Servers look for silent clients now and then: mosquitto every 5 s. */
const SWEEP_LIMIT_MS = 10_000;

/** A session that outlives its connection, on any version. */
export function lasting(seconds = 60): ConnectFields {
  return { cleanStart: false, properties: [property("sessionExpiryInterval", seconds)] };
}

sessionCases.both(
  "new-session",
  "[MQTT-3.1.2-6] [MQTT-3.2.2-3] [v3 MQTT-3.2.2-3] [v3 MQTT-3.1.2-4] Clean Start 0 without a session: a new one, Session Present 0",
  async (t) => {
    await t.connect(lasting(), { sessionPresent: false });
  },
);

sessionCases.both(
  "resume",
  "[MQTT-3.1.2-5] [MQTT-3.1.2-23] [MQTT-3.2.2-3] [MQTT-3.1.3-2] [v3 MQTT-3.1.2-4] [v3 MQTT-3.2.2-2] [v3 MQTT-3.1.3-2] [v3 MQTT-4.1.0-1] Clean Start 0 resumes the session with its subscriptions",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    await first.subscribe([[t.topic(), 1]]);
    await first.disconnect();
    const second = await t.connect({ clientId, ...lasting() }, { sessionPresent: true });
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "kept", qos: 1 });
    await second.receive({ topic: t.topic(), payload: "kept", qos: 1 });
  },
);

sessionCases.both(
  "resume-after-cut",
  "[MQTT-3.1.2-23] [MQTT-4.1.0-1] [v3 MQTT-4.1.0-1] a session outlives a connection that was cut",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    await first.subscribe([[t.topic(), 1]]);
    first.cut();
    await t.connect({ clientId, ...lasting() }, { sessionPresent: true });
  },
);

sessionCases.both(
  "queued-while-away",
  "[MQTT-4.5.0-1] [v3 MQTT-3.1.2-5] [v3 MQTT-4.5.0-1] QoS 1 and 2 messages wait for a client that is away, in order",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    await first.subscribe([[`${t.topic()}/#`, 2]]);
    await first.disconnect();
    const publisher = await t.connect();
    for (let i = 0; i < 10; i++) await publisher.publish({ topic: t.topic("t/a"), payload: `${i}`, qos: 1 });
    for (let i = 10; i < 20; i++) await publisher.publish({ topic: t.topic("t/b"), payload: `${i}`, qos: 2 });
    const second = await t.connect({ clientId, ...lasting() }, { sessionPresent: true });
    const seen: number[] = [];
    const acknowledged = new Set<number>();
    while (seen.length < 20 || acknowledged.size < 10) {
      const packet = await second.next("20 messages and their PUBRELs");
      if (packet === "the connection is closed") t.check(false, "20 messages", `${seen.length} and a close`);
      else if (packet.name === "PUBLISH") {
        seen.push(Number(packet.payload?.toString()));
        second.acknowledge(packet.qos === 1 ? "PUBACK" : "PUBREC", packet);
      } else {
        t.check(packet.name === "PUBREL", "PUBREL", packet.name);
        acknowledged.add(packet.packetIdentifier ?? 0);
        second.acknowledge("PUBCOMP", packet);
      }
    }
    t.check(
      seen.every((number, i) => number === i),
      "0 to 19 in order",
      seen,
    );
  },
);

sessionCases.both(
  "clean-start-discards",
  "[MQTT-3.1.2-4] [MQTT-3.2.2-2] [MQTT-3.1.4-4] [v3 MQTT-3.1.2-6] [v3 MQTT-3.2.2-1] [v3 MQTT-3.1.4-3] Clean Start 1 discards the session, its subscriptions and its messages",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    await first.subscribe([[t.topic(), 1]]);
    await first.disconnect();
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "old", qos: 1 });
    const second = await t.connect({ clientId, ...lasting(), cleanStart: true }, { sessionPresent: false });
    await publisher.publish({ topic: t.topic(), payload: "new", qos: 1 });
    await second.expectQuiet();
  },
);

sessionCases.inVersion(
  5,
  "clean-start-then-resume",
  "[MQTT-3.1.2-4] [MQTT-3.1.2-23] a session that Clean Start 1 began is kept by its own expiry interval",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting(), cleanStart: true });
    await first.subscribe([[t.topic(), 1]]);
    await first.disconnect();
    await t.connect({ clientId, ...lasting() }, { sessionPresent: true });
  },
);

sessionCases.both(
  "ends-with-its-connection",
  "[MQTT-4.1.0-2] [v3 MQTT-3.1.2-6] a session without expiry (CleanSession 1) ends with its connection",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, cleanStart: true });
    await first.subscribe([[t.topic(), 1]]);
    await first.disconnect();
    const second = await t.connect({ clientId, cleanStart: false }, { sessionPresent: false });
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), qos: 1 });
    await second.expectQuiet();
  },
);

sessionCases.inVersion(
  5,
  "expiry-0",
  "[MQTT-4.1.0-2] a Session Expiry Interval of 0 ends the session with its connection, cut or not",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting(0) });
    await first.subscribe([[t.topic(), 1]]);
    first.cut();
    await t.connect({ clientId, ...lasting() }, { sessionPresent: false });
  },
);

sessionCases.inVersion(
  5,
  "expiry-1-second",
  "[MQTT-4.1.0-2] a session is discarded when its expiry interval is over",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting(1) });
    await first.disconnect();
    await t.elapse(2_500);
    await t.connect({ clientId, ...lasting(1) }, { sessionPresent: false });
  },
);

sessionCases.inVersion(5, "expiry-not-over", "[MQTT-3.1.2-23] a session is there before its expiry interval is over", async (t) => {
  const clientId = t.clientId();
  const first = await t.connect({ clientId, ...lasting(5) });
  await first.disconnect();
  await t.elapse(1_000);
  await t.connect({ clientId, ...lasting(5) }, { sessionPresent: true });
});

sessionCases.inVersion(
  5,
  "expiry-counts-from-the-close",
  "[MQTT-4.1.0-1] a session does not expire while its connection is open",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting(1) });
    await first.subscribe([[t.topic(), 0]]);
    await t.elapse(2_000);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "still" });
    await first.expect("PUBLISH", { payload: "still" });
  },
);

sessionCases.inVersion(
  5,
  "disconnect-shortens",
  "[section 3.14.2.2.2] DISCONNECT may set another Session Expiry Interval: 0 ends the session",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    await first.disconnect(0, [property("sessionExpiryInterval", 0)]);
    await t.connect({ clientId, ...lasting() }, { sessionPresent: false });
  },
);

sessionCases.inVersion(
  5,
  "disconnect-lengthens",
  "[section 3.14.2.2.2] DISCONNECT may set a longer Session Expiry Interval",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting(1) });
    await first.disconnect(0, [property("sessionExpiryInterval", 30)]);
    await t.elapse(2_500);
    await t.connect({ clientId, ...lasting() }, { sessionPresent: true });
  },
);

sessionCases.inVersion(
  5,
  "disconnect-from-0",
  "[section 3.14.2.2.2] a Session Expiry Interval above 0 in DISCONNECT after 0 in CONNECT is a Protocol Error, and the session ends",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting(0) });
    first.send(disconnect({ reasonCode: 0, properties: [property("sessionExpiryInterval", 30)] }));
    await first.expectError(ReasonCode.PROTOCOL_ERROR);
    await t.connect({ clientId, ...lasting() }, { sessionPresent: false });
  },
);

sessionCases.inVersion(
  5,
  "expiry-changes-on-resume",
  "[MQTT-4.1.0-2] the expiry interval of the newest CONNECT counts",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting(60) });
    await first.disconnect();
    const second = await t.connect({ clientId, cleanStart: false }, { sessionPresent: true });
    await second.disconnect();
    await t.connect({ clientId, ...lasting() }, { sessionPresent: false });
  },
);

sessionCases.both(
  "takeover",
  "[MQTT-3.1.4-3] [v3 MQTT-3.1.4-2] a second connection with a Client Identifier closes the first (5.0: with 0x8E)",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId });
    const second = await t.connect({ clientId }, { sessionPresent: false });
    if (t.version === 5) {
      await first.expect("DISCONNECT", { reasonCode: ReasonCode.TAKEN_OVER, properties: { sessionExpiryInterval: undefined } });
    }
    await first.expectClose();
    await second.expectQuiet();
  },
);

sessionCases.both(
  "takeover-resumes",
  "[MQTT-3.1.4-3] [MQTT-3.1.2-5] [v3 MQTT-3.1.4-2] [v3 MQTT-3.1.2-4] a takeover with Clean Start 0 goes on with the session",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    await first.subscribe([[t.topic(), 1]]);
    const second = await t.connect({ clientId, ...lasting() }, { sessionPresent: true });
    if (t.version === 5) await first.expect("DISCONNECT", { reasonCode: ReasonCode.TAKEN_OVER });
    await first.expectClose();
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "taken over", qos: 1 });
    await second.receive({ payload: "taken over" });
  },
);

sessionCases.both(
  "takeover-unacknowledged",
  "[MQTT-4.4.0-1] [MQTT-3.3.1-1] [v3 MQTT-4.4.0-1] [v3 MQTT-3.3.1-1] what the first connection did not acknowledge is sent again to the one that takes over",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    await first.subscribe([[t.topic(), 1]]);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "again", qos: 1 });
    const { packetIdentifier = 0 } = await first.expect("PUBLISH", { dup: false });
    const second = await t.connect({ clientId, ...lasting() }, { sessionPresent: true });
    await second.receive({ packetIdentifier, payload: "again", dup: true, qos: 1 });
  },
);

sessionCases.both(
  "retained-outlives-session",
  "[section 4.1] [v3 MQTT-3.1.2-7] retained messages are no part of a session",
  async (t) => {
    t.requires(t.server.isRetainAvailable, "retained messages");
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "retained", retain: true, qos: 1 });
    await publisher.disconnect();
    const client = await t.subscriber(t.topic());
    await client.expect("PUBLISH", { payload: "retained", retain: true });
    const clearing = await t.connect();
    await clearing.publish({ topic: t.topic(), retain: true, qos: 1 });
  },
);

sessionCases.both(
  "two-clients-two-sessions",
  "[MQTT-3.1.3-2] [v3 MQTT-3.1.3-2] Client Identifiers that differ in the case of a letter are two clients",
  async (t) => {
    const lower = await t.connect({ clientId: t.clientId("a") });
    const upper = await t.connect({ clientId: t.clientId("A") });
    await lower.expectQuiet();
    await upper.expectQuiet();
  },
);

/** A client whose Keep Alive the server leaves as it is. */
async function withKeepAlive(t: BrokerContext, keepAlive: number, fields: ConnectFields = {}): Promise<CaseClient> {
  const client = await t.open();
  const connack = await client.connect({ clientId: t.clientId(), keepAlive, ...fields });
  const given = valueOf(connack, "serverKeepAlive") ?? keepAlive;
  t.requires(given === keepAlive || (keepAlive === 0 && given === 65_535), `Keep Alive of ${keepAlive}`);
  return client;
}

sessionCases.both(
  "keep-alive",
  "[MQTT-3.1.2-22] [MQTT-3.2.2-22] [v3 MQTT-3.1.2-24] a silent client is closed after one and a half times its Keep Alive, as if the network had failed",
  async (t) => {
    const witness = await t.subscriber(t.topic("will"));
    const client = await withKeepAlive(t, 1, { will: { topic: t.topic("will"), payload: "silent" } });
    const start = performance.now();
    const event = await client.next("a close after 1.5 s", SWEEP_LIMIT_MS);
    const waited = performance.now() - start;
    const isClose = event === "the connection is closed" || (event.name === "DISCONNECT" && event.reasonCode === 0x8d);
    t.check(isClose, "a close, or DISCONNECT 0x8d", event === "the connection is closed" ? event : event.name);
    t.check(waited >= 1_400, "a close not before 1.5 s", `one after ${Math.round(waited)} ms`);
    await witness.expect("PUBLISH", { payload: "silent" });
  },
);

sessionCases.both(
  "keep-alive-any-packet",
  "[MQTT-3.1.2-22] [MQTT-3.12.4-1] [MQTT-4.1.0-1] [v3 MQTT-3.1.2-24] [v3 MQTT-4.1.0-2] any packet within the Keep Alive keeps the connection and its session",
  async (t) => {
    const client = await withKeepAlive(t, 1);
    await client.subscribe(t.topic("own"));
    for (let i = 0; i < 5; i++) {
      await t.elapse(500);
      if (i % 2 === 0) await client.expectQuiet();
      else client.sendPublish({ topic: t.topic() });
    }
    client.sendPublish({ topic: t.topic("own") });
    await client.expect("PUBLISH", { topic: t.topic("own") });
  },
);

sessionCases.both("keep-alive-0", "[MQTT-3.1.2-22] [v3 MQTT-3.1.2-24] with a Keep Alive of 0 a silent client stays", async (t) => {
  const client = await withKeepAlive(t, 0);
  await t.elapse(2_500);
  await client.expectQuiet();
});
