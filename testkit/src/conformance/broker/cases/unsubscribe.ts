import { CaseList } from "../../case.ts";
import type { BrokerContext } from "../broker-context.ts";
import { lasting } from "./session.ts";

/** UNSUBSCRIBE and UNSUBACK. */
export const unsubscribeCases: CaseList<BrokerContext> = new CaseList("unsubscribe");

unsubscribeCases.both(
  "deletes",
  "[MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.11.3-2] [v3 MQTT-3.10.4-1] [v3 MQTT-3.10.4-2] [v3 MQTT-3.10.4-4] UNSUBSCRIBE ends the subscription of the same Topic Filter",
  async (t) => {
    const client = await t.connect();
    await client.subscribe([
      [t.topic("u/a"), 1],
      [t.topic("u/+"), 1],
      [t.topic("end"), 1],
    ]);
    await client.unsubscribe([t.topic("u/+")], t.version === 5 ? { reasonCodes: [0] } : {});
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic("u/b"), qos: 1 });
    await publisher.publish({ topic: t.topic("u/a"), payload: "still", qos: 1 });
    await client.receive({ topic: t.topic("u/a"), payload: "still" });
    await client.unsubscribe([t.topic("u/a")]);
    await publisher.publish({ topic: t.topic("u/a"), qos: 1 });
    await publisher.publish({ topic: t.topic("end"), qos: 1 });
    await client.receive({ topic: t.topic("end") });
  },
);

unsubscribeCases.both(
  "by-character",
  "[MQTT-3.10.4-1] [v3 MQTT-3.10.4-1] UNSUBSCRIBE with a wildcard that covers a subscription does not end it",
  async (t) => {
    const client = await t.subscriber(t.topic("u/a"));
    await client.unsubscribe(
      [t.topic("u/+"), t.topic("u/#"), t.topic("u/A")],
      t.version === 5 ? { reasonCodes: [0x11, 0x11, 0x11] } : {},
    );
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic("u/a"), payload: "still" });
    await client.expect("PUBLISH", { payload: "still" });
  },
);

unsubscribeCases.both(
  "unknown",
  "[MQTT-3.10.4-5] [MQTT-3.11.3-2] [v3 MQTT-3.10.4-5] UNSUBSCRIBE of what was not subscribed is answered",
  async (t) => {
    const client = await t.connect();
    await client.unsubscribe([t.topic()], t.version === 5 ? { reasonCodes: [0x11] } : {});
  },
);

unsubscribeCases.both(
  "several",
  "[MQTT-3.10.4-6] [MQTT-3.11.3-1] [v3 MQTT-3.10.4-6] an UNSUBSCRIBE of several Topic Filters is answered once, its codes in their order",
  async (t) => {
    const client = await t.connect();
    await client.subscribe([
      [t.topic("a"), 0],
      [t.topic("c"), 0],
    ]);
    const filters = ["a", "b", "c", "a"].map((name) => t.topic(name));
    const answer = await client.unsubscribe(filters, t.version === 5 ? { reasonCodes: [0, 0x11, 0, 0x11] } : {});
    t.check(t.version === 5 || answer.bytes.length === 4, "an UNSUBACK without codes", `${answer.bytes.length} bytes`);
    await client.expectQuiet();
  },
);

unsubscribeCases.both(
  "in-flight",
  "[MQTT-3.10.4-3] [v3 MQTT-3.10.4-3] a delivery that had begun is finished after UNSUBSCRIBE",
  async (t) => {
    const client = await t.subscriber(t.topic(), 2);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "begun", qos: 2 });
    const message = await client.expect("PUBLISH", { payload: "begun", qos: 2 });
    await client.unsubscribe([t.topic()]);
    client.acknowledge("PUBREC", message);
    await client.expect("PUBREL", { packetIdentifier: message.packetIdentifier ?? 0, reasonCode: 0 });
    client.acknowledge("PUBCOMP", message);
    await client.expectQuiet();
  },
);

unsubscribeCases.both(
  "outlives-connection",
  "[MQTT-3.10.4-1] [v3 MQTT-3.10.4-1] a deleted subscription does not come back with the session",
  async (t) => {
    const fields = { clientId: t.clientId(), ...lasting() };
    const client = await t.connect(fields);
    await client.subscribe([
      [t.topic("a"), 1],
      [t.topic("b"), 1],
    ]);
    await client.unsubscribe([t.topic("a")]);
    await client.disconnect();
    const again = await t.connect(fields, { sessionPresent: true });
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic("a"), qos: 1 });
    await publisher.publish({ topic: t.topic("b"), qos: 1 });
    await again.receive({ topic: t.topic("b") });
  },
);
