import { type Packet as ProtocolPacket, PacketType } from "@bowline/protocol";
import { type IStore, type Packet, Store } from "@bowline/mqttjs";
import { describe, expect, test } from "vitest";
import { runWith, type Scenario } from "./mqttjs-both.ts";
import type { Script } from "./mqttjs-scripted-server.ts";

// Stores of the application by the interface of MQTT.js: what they hold is what a later program has to know.

/** Answers later, as a store on a disk does. */
class SlowStore extends Store {
  readonly calls: string[] = [];

  override put(packet: Packet, done?: () => void): this {
    this.calls.push(`put ${packet.cmd}`);
    setImmediate(() => super.put(packet, done));
    return this;
  }

  override del(packet: Pick<Packet, "messageId">, done?: Parameters<IStore["del"]>[1]): this {
    this.calls.push("del");
    setImmediate(() => super.del(packet, done));
    return this;
  }
}

const session = { clean: false, clientId: "stored" } as const;
const isPublish = (packet: ProtocolPacket): boolean => packet.type === PacketType.PUBLISH;

/** Answers nothing but CONNECT until the connection with that number. */
function silentBefore(number: number): Script {
  return (packet, connection) => {
    if (packet.type === PacketType.CONNECT) connection.accept({ sessionPresent: connection.number > 1 });
    else if (connection.number >= number) connection.answer(packet);
  };
}

describe("stores of the application", () => {
  for (const make of [() => new Store({ clean: false }), () => new SlowStore({ clean: false })]) {
    const name = make().constructor.name;

    test(`${name}: a later program sends again what an earlier one left, with the same identifiers`, async () => {
      const outgoingStore = make();
      let sent: ProtocolPacket[] = [];
      const scenario: Scenario = async ({ connect, server, recording: { callback, until } }) => {
        const first = connect({ ...session, outgoingStore });
        await until("connect");
        first.publish("a", "1", { qos: 1 });
        first.publish("a", "2", { qos: 2 });
        await until("packetsend publish", 2);
        first.end(true, callback("gone"));
        await until("gone");
        const second = connect({ ...session, outgoingStore });
        await until("packetreceive pubcomp");
        second.end(callback("ended"));
        await until("ended");
        sent = server.received.filter(isPublish);
      };
      await runWith("ours", scenario, silentBefore(2));
      const seen = sent.map((packet) => packet.type === PacketType.PUBLISH && [packet.packetIdentifier, packet.qos, packet.dup]);
      expect(seen.slice(0, 2)).toEqual([
        [expect.any(Number), 1, false],
        [expect.any(Number), 2, false],
      ]);
      expect(seen.slice(2)).toEqual([
        [seen[0] && seen[0][0], 1, true],
        [seen[1] && seen[1][0], 2, true],
      ]);
      expect(outgoingStore.createStream().read()).toBeNull();
    });

    test(`${name}: QoS 2 of the server is told once, also to a program that begins after its PUBREC`, async () => {
      const incomingStore = make();
      const publish = { type: PacketType.PUBLISH, topicName: "a", payload: Uint8Array.of(49), qos: 2, retain: false } as const;
      const lines = await runWith(
        "ours",
        async ({ connect, recording: { callback, until } }) => {
          const first = connect({ ...session, incomingStore });
          await until("packetsend pubrec");
          first.end(true, callback("gone"));
          await until("gone");
          connect({ ...session, incomingStore });
          await until("packetsend pubcomp");
        },
        (packet, connection) => {
          if (packet.type === PacketType.CONNECT) {
            connection.accept({ sessionPresent: connection.number > 1 });
            connection.send({ ...publish, packetIdentifier: 7, dup: connection.number > 1 });
          } else if (packet.type === PacketType.PUBREC && connection.number > 1) connection.answer(packet);
        },
      );
      expect(lines.filter((line) => line.startsWith("message"))).toEqual(["message a 1"]);
    });
  }

  test("a message leaves when the store has it, and its PUBREL when that is kept", async () => {
    const outgoingStore = new SlowStore({ clean: false });
    const lines = await runWith("ours", async ({ connect, recording: { note, callback, until } }) => {
      const client = connect({ ...session, outgoingStore });
      await until("connect");
      client.publish("a", "1", { qos: 2, cbStorePut: () => note("kept") }, callback("published"));
      await until("published");
    });
    expect(outgoingStore.calls).toEqual(["put publish", "put pubrel", "del"]);
    expect(lines.slice(lines.indexOf("kept"))).toEqual([
      "kept",
      "packetsend publish a 2",
      "packetreceive pubrec",
      "packetsend pubrel",
      "packetreceive pubcomp",
      "published: pubrel",
    ]);
  });

  test("a client ends as soon as a slow store has let its messages go", async () => {
    const scenario: Scenario = async ({ connect, recording: { callback, until } }) => {
      const client = connect({ ...session, outgoingStore: new SlowStore(), bowline: { drainTimeoutMs: 60_000 } });
      await until("connect");
      client.publish("a", "1", { qos: 1 });
      await until("packetsend publish");
      client.end(false, callback("ended"));
      await until("ended");
    };
    const lines = await runWith("ours", scenario);
    expect(lines.slice(-4)).toEqual(["packetsend disconnect", "close", "end", "ended: done"]);
  });

  test("a store that cannot keep a message fails it, and nothing else", async () => {
    const outgoingStore = new Store();
    outgoingStore.put = (_packet, done) => {
      setImmediate(() => done?.(new Error("disk full")));
      return outgoingStore;
    };
    const lines = await runWith("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect({ outgoingStore });
      await until("connect");
      client.publish("a", "1", { qos: 1 }, callback("published 1"));
      client.publish("a", "0", callback("published 0"));
      await until("published 1");
      client.end(callback("ended"));
      await until("ended");
    });
    expect(lines).toContain("published 1: disk full");
    expect(lines).toContain("published 0: done");
  });

  test("the error of closing a store is told to who ended the client", async () => {
    const incomingStore = new Store();
    incomingStore.close = (done) => done?.(new Error("still open"));
    const lines = await runWith("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect({ incomingStore });
      await until("connect");
      client.end(callback("ended"));
      await until("ended");
    });
    expect(lines.slice(-2)).toEqual(["end", "ended: still open"]);
  });
});

describe("what MQTT.js keeps inside", () => {
  test("messages and requests without a connection have their identifiers from the call on", () =>
    runWith("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      client.publish("a", "0");
      client.publish("a", "1", { qos: 1 }, callback("published"));
      const removed = client.getLastMessageId();
      client.subscribe(["s", "t"]);
      const subscribed = client.getLastMessageId();
      client.unsubscribe("u");
      expect(client.queue.map(({ packet }) => packet.cmd)).toEqual(["publish", "subscribe", "unsubscribe"]);
      expect(Object.keys(client.outgoing)).toHaveLength(3);
      expect(client.messageIdToTopic).toEqual({ [subscribed]: ["s", "t"] });
      expect(client._resubscribeTopics).toEqual({ s: { qos: 0 }, t: { qos: 0 } });
      client.removeOutgoingMessage(removed);
      expect(client.outgoing[removed]).toBeUndefined();
      await until("published: Message removed");
      await until("connect");
      expect(client.queue).toEqual([]);
      expect(client.keepaliveManager?.keepalive).toBe(60_000);
      await until("packetreceive unsuback");
      expect([client.outgoing, client.messageIdToTopic, client.reconnectTimer]).toEqual([{}, {}, null]);
      const id = client._nextId() ?? 0;
      expect(client._nextId()).toBe(id + 1);
      client.stream.end();
      await until("close");
      expect(client.keepaliveManager).toBeNull();
      expect(client.reconnectTimer).not.toBeNull();
    }).then((lines) => expect(lines).not.toContain("packetsend publish a 1")));
});
