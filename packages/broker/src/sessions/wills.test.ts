import { describe, expect, test } from "vitest";
import type { Properties, Will } from "@bowline/protocol";
import { BrokerWorld, connectOf } from "@bowline/testkit/broker";

function aWill(changes: Partial<Will> = {}): Will {
  return { topicName: "will", payload: Buffer.from("gone"), qos: 1, retain: false, ...changes };
}

function delayed(seconds: number): Partial<Will> {
  return { properties: { willDelayInterval: seconds } };
}

function lastingName(version: 4 | 5) {
  const properties = { sessionExpiryInterval: 100 };
  return { clientIdentifier: "x", cleanStart: false, ...(version === 5 ? { properties } : {}) };
}

async function watched(version: 4 | 5 = 5) {
  const world = await BrokerWorld.start();
  const watcher = await world.client(version);
  await watcher.subscribe("will", 1);
  return { world, watcher };
}

describe.each([4, 5] as const)("wills, version %i", (version) => {
  // covers: [v3 MQTT-3.1.2-8] [v3 MQTT-3.1.2-10] [v3 MQTT-3.14.4-3] [MQTT-3.1.2-7]
  test("[MQTT-3.1.2-8] [MQTT-3.1.2-10] [MQTT-3.14.4-3] published when the connection breaks, not after DISCONNECT", async () => {
    const { world, watcher } = await watched(version);
    const broken = await world.client(version, { will: aWill() });
    await broken.cut();
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    const proper = await world.client(version, { will: aWill() });
    await proper.disconnect();
    expect(await watcher.takeTexts()).toEqual([]);
  });

  test("[MQTT-3.1.2-22] [v3 MQTT-3.1.2-24] published when Keep Alive runs out, within 1.5 times of it and 250 ms", async () => {
    const { world, watcher } = await watched(version);
    const silent = await world.client(version, { will: aWill(), keepAlive: 10 });
    await world.clock.advance(8_000);
    silent.send({ type: 12 });
    await world.settle();
    await world.clock.advance(14_900);
    expect(await watcher.takeTexts()).toEqual([]);
    await world.clock.advance(350);
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    await world.settle();
    expect(silent.packets.at(-1)).toMatchObject(version === 5 ? { type: 14, reasonCode: 0x8d } : { type: 13 });
    expect(silent.isClosed).toBe(true);
  });

  test("published on a takeover where the Session ends, and when the client breaks the protocol", async () => {
    const { world, watcher } = await watched(version);
    await world.client(version, { will: aWill(), clientIdentifier: "x" });
    const second = await world.client(version, { will: aWill({ payload: Buffer.from("second") }), clientIdentifier: "x" });
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    second.channel.write(Uint8Array.of(0xf0, 0x00, 0x00));
    expect(await watcher.takeTexts()).toEqual(["will=second"]);
  });

  test("[MQTT-3.1.2-15] [v3 MQTT-3.1.2-17] a retained will is retained, with its QoS", async () => {
    const { world } = await watched(version);
    const client = await world.client(version, { will: aWill({ retain: true, qos: 2 }) });
    await client.cut();
    const late = await world.client(version);
    await late.subscribe("will", 2);
    expect(await late.takeMessages()).toMatchObject([{ retain: true, qos: 2, topicName: "will" }]);
  });
});

describe.each([4, 5] as const)("what a will leaves behind, version %i", (version) => {
  test("[MQTT-3.1.2-14] [v3 MQTT-3.1.2-16] one that is not to be retained is not, and takes no retained message away", async () => {
    const { world, watcher } = await watched(version);
    watcher.publish("will", "old", 1, { retain: true });
    await watcher.take();
    for (const payload of ["", "gone"]) {
      const client = await world.client(version, { will: aWill({ payload: Buffer.from(payload) }) });
      await client.cut();
    }
    expect((await watcher.takeMessages()).map(({ retain }) => retain)).toEqual([false, false]);
    const late = await world.client(version);
    await late.subscribe("will", 0);
    expect(await late.takeTexts()).toEqual(["will=old"]);
  });

  test("a retained will without payload removes the retained message", async () => {
    const { world, watcher } = await watched(version);
    watcher.publish("will", "old", 1, { retain: true });
    await world.settle();
    await (await world.client(version, { will: aWill({ retain: true, payload: new Uint8Array() }) })).cut();
    expect(world.broker.retainedCount).toBe(0);
  });

  test("[v3 MQTT-3.1.2-12] without one nothing is published", async () => {
    const { world, watcher } = await watched(version);
    await watcher.subscribe("#", 0);
    await (await world.client(version)).cut();
    expect(await watcher.takeTexts()).toEqual([]);
  });

  test("[MQTT-3.1.2-10] it is published once, and a will of an earlier CONNECT never", async () => {
    const { world, watcher } = await watched(version);
    const name = lastingName(version);
    await (await world.client(version, { ...name, will: aWill() })).cut();
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    await (await world.client(version, name)).cut();
    await world.clock.advance(10_000);
    expect(await watcher.takeTexts()).toEqual([]);
    await (await world.client(version, { ...name, will: aWill() })).disconnect();
    await (await world.client(version, name)).cut();
    expect(await watcher.takeTexts()).toEqual([]);
  });

  test("its publisher's own subscription gets it, when the Session lasts", async () => {
    const { world } = await watched(version);
    const client = await world.client(version, { ...lastingName(version), will: aWill() });
    await client.subscribe("will", 1);
    await client.cut();
    const again = world.dial(version);
    again.send(connectOf(version, lastingName(version)));
    expect(await again.takeTexts()).toEqual(["will=gone"]);
  });

  test("one that its client may not publish is refused with the CONNECT", async () => {
    const may = {
      mayPublish: (_who: unknown, topic: string) => topic !== "will",
      maySubscribe: () => true,
      mayReceive: () => true,
    };
    const world = await BrokerWorld.start({ access: may });
    const client = world.dial(version);
    expect(await client.connect({ will: aWill() })).toMatchObject({ reasonCode: 0x87 });
    expect(client.isClosed).toBe(true);
    expect(world.broker.sessionCount).toBe(0);
  });

  test("one whose client has lost the right meanwhile is not published, and that is told", async () => {
    let isAllowed = true;
    const world = await BrokerWorld.start({
      access: { mayPublish: () => isAllowed, maySubscribe: () => true, mayReceive: () => true },
    });
    const watcher = await world.client();
    await watcher.subscribe("will", 0);
    const client = await world.client(version, { will: aWill() });
    isAllowed = false;
    await client.cut();
    expect(await watcher.takeTexts()).toEqual([]);
    expect(world.broker.counters.willsDropped).toBe(1);
  });
});

describe("wills on 5.0", () => {
  const lasting = (will: Will, sessionExpiryInterval = 100) => ({
    clientIdentifier: "x",
    will,
    cleanStart: false,
    properties: { sessionExpiryInterval },
  });

  test("DISCONNECT 0x04 asks for it", async () => {
    const { world, watcher } = await watched();
    const client = await world.client(5, { will: aWill() });
    await client.disconnect(0x04);
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
  });

  test("with its properties, its expiry counted from its publication", async () => {
    const { world, watcher } = await watched();
    const properties: Properties = {
      willDelayInterval: 3,
      messageExpiryInterval: 60,
      contentType: "c",
      userProperties: [["k", "v"]],
    };
    const client = await world.client(5, lasting(aWill({ properties })));
    await client.cut();
    await world.clock.advance(3_250);
    const [message] = await watcher.takeMessages();
    expect(message).toMatchObject({ properties: { messageExpiryInterval: 60, contentType: "c", userProperties: [["k", "v"]] } });
    expect(message!.properties!.willDelayInterval).toBeUndefined();
  });

  test("[MQTT-3.1.3-9] the delay passes first, and a client that comes back in time takes the will away", async () => {
    const { world, watcher } = await watched();
    const first = await world.client(5, lasting(aWill(delayed(10))));
    await first.cut();
    await world.clock.advance(9_900);
    expect(await watcher.takeTexts()).toEqual([]);
    const second = await world.client(5, lasting(aWill(delayed(10))));
    await world.clock.advance(20_000);
    expect(await watcher.takeTexts()).toEqual([]);
    await second.cut();
    await world.clock.advance(10_250);
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    await world.clock.advance(100_000);
    expect(await watcher.takeTexts()).toEqual([]);
  });

  test("the end of the Session comes before the end of the delay: by expiry, by no expiry at all, by Clean Start", async () => {
    const { world, watcher } = await watched();
    const expiring = await world.client(5, lasting(aWill(delayed(60)), 5));
    await expiring.cut();
    await world.clock.advance(5_250);
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    const none = await world.client(5, lasting(aWill(delayed(60)), 0));
    await none.cut();
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    const restarted = await world.client(5, lasting(aWill(delayed(60))));
    await restarted.cut();
    await world.client(5, { clientIdentifier: "x", cleanStart: true });
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
  });

  test("[MQTT-3.1.2-7] a restart of the broker loses none: one that was due later, and that of a client which was connected", async () => {
    const world = await BrokerWorld.start();
    const watcher = await world.client(5, {
      clientIdentifier: "w",
      cleanStart: false,
      properties: { sessionExpiryInterval: 1000 },
    });
    await watcher.subscribe("will", 1);
    const waiting = await world.client(5, lasting(aWill({ ...delayed(30), payload: Buffer.from("waiting") })));
    await waiting.cut();
    await world.client(5, { ...lasting(aWill({ payload: Buffer.from("connected") })), clientIdentifier: "y" });
    await world.clock.advance(10_000);
    await world.crash();
    await world.clock.advance(1_000);
    const again = world.dial();
    again.send({
      type: 1,
      protocolVersion: 5,
      cleanStart: false,
      keepAlive: 0,
      clientIdentifier: "w",
      properties: { sessionExpiryInterval: 1000 },
    });
    expect(await again.takeTexts()).toEqual(["will=connected"]);
    await world.clock.advance(20_000);
    expect(await again.takeTexts()).toEqual(["will=waiting"]);
  });

  test("on a takeover: at once without a delay, not at all with one, since the client is back", async () => {
    const { world, watcher } = await watched();
    await world.client(5, lasting(aWill()));
    await world.client(5, lasting(aWill(delayed(10))));
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    const third = await world.client(5, lasting(aWill({ ...delayed(10), payload: Buffer.from("third") })));
    await world.clock.advance(30_000);
    expect(await watcher.takeTexts()).toEqual([]);
    await third.cut();
    await world.clock.advance(10_250);
    expect(await watcher.takeTexts()).toEqual(["will=third"]);
  });

  test("[MQTT-3.1.3-10] its User Properties keep their order, and all its properties come through", async () => {
    const { world, watcher } = await watched();
    const userProperties = [
      ["b", "1"],
      ["a", "2"],
      ["b", "3"],
    ] as const;
    const properties: Properties = {
      payloadFormatIndicator: 1,
      responseTopic: "answers",
      correlationData: Uint8Array.of(0, 255),
      userProperties,
    };
    await (await world.client(5, { will: aWill({ properties }) })).cut();
    const [message] = await watcher.takeMessages();
    expect(message!.properties).toMatchObject({ payloadFormatIndicator: 1, responseTopic: "answers", userProperties });
    expect([...message!.properties!.correlationData!]).toEqual([0, 255]);
  });

  test("a Session Expiry Interval of 0 in DISCONNECT 0x04 ends delay and Session at once", async () => {
    const { world, watcher } = await watched();
    const client = await world.client(5, lasting(aWill(delayed(60))));
    await client.disconnect(0x04, { sessionExpiryInterval: 0 });
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
  });

  test("when the server ends the connection the will is published", async () => {
    const { world, watcher } = await watched();
    await world.client(5, { clientIdentifier: "x", will: aWill() });
    world.broker.disconnectClients((who) => who.clientIdentifier === "x");
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
  });
});
