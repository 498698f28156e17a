import { describe, expect, test } from "vitest";
import type { Properties, Will } from "@bowline/protocol";
import { BrokerWorld } from "@bowline/testkit/broker";

function aWill(changes: Partial<Will> = {}): Will {
  return { topicName: "will", payload: Buffer.from("gone"), qos: 1, retain: false, ...changes };
}

function delayed(seconds: number): Partial<Will> {
  return { properties: { willDelayInterval: seconds } };
}

async function watched(version: 4 | 5 = 5) {
  const world = await BrokerWorld.start();
  const watcher = await world.client(version);
  await watcher.subscribe("will", 1);
  return { world, watcher };
}

describe.each([4, 5] as const)("wills, version %i", (version) => {
  test("published when the connection breaks, not after DISCONNECT, [MQTT-3.1.2-8] and -10", async () => {
    const { world, watcher } = await watched(version);
    const broken = await world.client(version, { will: aWill() });
    await broken.cut();
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    const proper = await world.client(version, { will: aWill() });
    await proper.disconnect();
    expect(await watcher.takeTexts()).toEqual([]);
  });

  test("published when Keep Alive runs out, within 1.5 times of it and 250 ms", async () => {
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

  test("a retained will is retained, with its QoS", async () => {
    const { world } = await watched(version);
    const client = await world.client(version, { will: aWill({ retain: true, qos: 2 }) });
    await client.cut();
    const late = await world.client(version);
    await late.subscribe("will", 2);
    expect(await late.takeMessages()).toMatchObject([{ retain: true, qos: 2, topicName: "will" }]);
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

  test("the delay passes first, and a client that comes back in time takes the will away, [MQTT-3.1.3-9]", async () => {
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

  test("a restart of the broker loses none: one that was due later, and that of a client which was connected", async () => {
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
});
