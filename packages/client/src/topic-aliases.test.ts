import { describe, expect, test } from "vitest";
import { PacketType } from "@bowline/protocol";
import type { ConnectOptions } from "./options.ts";
import { message, stage, type Stage } from "./testing/client-on-script.ts";
import { turn } from "./testing/virtual-clock.ts";

const { PUBLISH } = PacketType;

const offered = (topicAliasMaximum: number | undefined, options: ConnectOptions = {}): Promise<Stage> =>
  stage(options, (server) => void (server.connack = topicAliasMaximum === undefined ? {} : { topicAliasMaximum }));

/** Topic and alias of what was published on the last connection. */
const sent = ({ server }: Stage): unknown[] => server.link.of(PUBLISH).map((it) => [it.topicName, it.properties?.topicAlias]);

async function publishAll({ client }: Stage, topics: readonly string[]): Promise<void> {
  for (const topic of topics) await client.publish(topic, "x", { qos: 1 });
  await turn();
}

describe("messages of ours", () => {
  test("[MQTT-3.2.2-18] go by their topic where the server offers no alias", async () => {
    const it = await offered(undefined, { topicAliases: "always" });
    await publishAll(it, ["long/topic", "long/topic"]);
    expect(sent(it)).toEqual([
      ["long/topic", undefined],
      ["long/topic", undefined],
    ]);
  });

  test("[MQTT-3.2.2-17] [MQTT-3.3.2-9] go by an alias from the second time on, and by none above the maximum", async () => {
    const it = await offered(2);
    await publishAll(it, ["topic/one", "topic/two", "topic/three", "topic/one", "topic/two", "abc", "abc"]);
    expect(sent(it)).toEqual([
      ["topic/one", 1],
      ["topic/two", 2],
      ["topic/three", undefined],
      ["", 1],
      ["", 2],
      ["abc", undefined],
      ["abc", undefined],
    ]);
  });

  test("QoS 0 as well", async () => {
    const it = await offered(2);
    for (let i = 0; i < 3; i++) await it.client.publish("topic/zero", "x");
    await turn();
    expect(sent(it)).toEqual([
      ["topic/zero", 1],
      ["", 1],
      ["", 1],
    ]);
  });

  test("always: the alias used longest ago is given anew", async () => {
    const it = await offered(1, { topicAliases: "always" });
    await publishAll(it, ["a/1", "b/2", "b/2", "a/1"]);
    expect(sent(it)).toEqual([
      ["a/1", 1],
      ["b/2", 1],
      ["", 1],
      ["a/1", 1],
    ]);
  });

  test("never: none", async () => {
    const it = await offered(9, { topicAliases: "never" });
    await publishAll(it, ["topic/one", "topic/one"]);
    expect(sent(it)).toEqual([
      ["topic/one", undefined],
      ["topic/one", undefined],
    ]);
  });

  test("[MQTT-3.3.2-7] sent again after a cut go by their topic, since aliases ended with their connection", async () => {
    const it = await offered(5);
    it.server.sessionPresent = true;
    await publishAll(it, ["topic/one"]);
    it.server.script = ({ type }) => type === PUBLISH;
    const again = it.client.publish("topic/one", "again", { qos: 1 });
    await turn();
    it.server.script = () => false;
    it.server.link.cut();
    await it.clock.advance(1000);
    await again;
    expect(sent(it)).toEqual([["topic/one", 1]]);
  });
});

describe("messages of the server", () => {
  test("[MQTT-3.3.2-10] every alias up to the maximum of the CONNECT is taken, and may be set anew", async () => {
    const it = await stage();
    const got: string[] = [];
    it.client.on("message", ({ topicName, properties }) => {
      got.push(topicName);
      // It is the connection's business, not the message's.
      expect(properties).toEqual({});
    });
    const maximum = it.server.connects[0]?.properties?.topicAliasMaximum ?? 0;
    expect(maximum).toBe(32);
    const by = (topicAlias: number, topicName = "") => ({ ...message(topicName, "x"), properties: { topicAlias } });
    it.server.link.send(by(1, "one"), by(maximum, "last"), by(1), by(maximum), by(1, "other"), by(1));
    expect(got).toEqual(["one", "last", "one", "last", "other", "other"]);
  });

  test("none may come where the client offers none", async () => {
    const it = await stage({ topicAliasMaximum: 0 });
    it.server.link.send({ ...message("t", "x"), properties: { topicAlias: 1 } });
    expect(it.losses).toMatchObject([{ code: "ALIAS", reasonCode: 0x94 }]);
    await it.client.abort();
  });
});
