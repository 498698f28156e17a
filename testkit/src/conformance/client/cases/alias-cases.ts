import { valueOf, type WirePacket } from "../../wire/parse.ts";
import { property } from "../../wire/properties.ts";
import { clientCase, type ClientCase, V5 } from "../client-case.ts";
import { check, type Kit } from "../kit.ts";

/* Section 3.3.2.3.4, as the sender: whether a client uses Topic Aliases is its own affair, but how is not. */

/** The topics of that many messages, their aliases resolved as a server does. */
function resolve(packets: readonly WirePacket[], maximum: number): string[] {
  const topics = new Map<number, string>();
  return packets.map((one) => {
    const alias = valueOf(one, "topicAlias") as number | undefined;
    if (alias === undefined) return one.topic ?? "";
    check(alias >= 1 && alias <= maximum, `an alias from 1 to ${maximum}`, alias);
    if (one.topic !== "") topics.set(alias, one.topic ?? "");
    const topic = topics.get(alias);
    check(topic !== undefined, `that alias ${alias} was set on this connection`, "an empty topic");
    return topic;
  });
}

function publishAll(kit: Kit, topics: readonly string[]): void {
  topics.forEach((topicName, i) => {
    kit.client.publish({ topicName, payload: "x", qos: ([0, 1, 2] as const)[i % 3] ?? 0 }).catch(() => undefined);
  });
}

const TOPICS = Array.from({ length: 60 }, (_, i) => `a/long/topic/number/${(i * i) % 7}`);

export const aliasCases: readonly ClientCase[] = [
  clientCase("[MQTT-3.2.2-18] without a Topic Alias Maximum no alias is sent", V5, ["publish"], async (kit) => {
    const connection = await kit.connected();
    publishAll(kit, TOPICS);
    for (const one of await connection.peer.expectAll("PUBLISH", TOPICS.length)) {
      check(valueOf(one, "topicAlias") === undefined, "no alias", one.properties);
    }
  }),
  clientCase("[MQTT-3.2.2-18] with Topic Alias Maximum 0 no alias is sent", V5, ["publish"], async (kit) => {
    const connection = await kit.connected({}, { properties: [property("topicAliasMaximum", 0)] });
    publishAll(kit, TOPICS);
    for (const one of await connection.peer.expectAll("PUBLISH", TOPICS.length)) {
      check(valueOf(one, "topicAlias") === undefined, "no alias", one.properties);
    }
  }),
  ...[1, 3, 65_535].map((maximum) =>
    clientCase(
      `[MQTT-3.2.2-17] [MQTT-3.3.2-9] [MQTT-3.3.2-8] with Topic Alias Maximum ${maximum} aliases stay within it and stand for their topics`,
      V5,
      ["publish"],
      async (kit) => {
        const connection = await kit.connected({}, { properties: [property("topicAliasMaximum", maximum)] });
        publishAll(kit, TOPICS);
        const topics = resolve(await connection.peer.expectAll("PUBLISH", TOPICS.length), maximum);
        check(String(topics) === String(TOPICS), "the topics in order", topics);
      },
    ),
  ),
];
