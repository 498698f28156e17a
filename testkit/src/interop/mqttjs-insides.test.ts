import { once } from "node:events";
import { PassThrough } from "node:stream";
import { PacketType } from "@bowline/protocol";
import { type IStore, type Packet, Store } from "@bowline/mqttjs";
import { describe, expect, test } from "vitest";
import { libraries, type Library, runWith, type Scenario } from "./mqttjs-both.ts";
import { type Script, ScriptedTcpServer } from "./mqttjs-scripted-server.ts";

// What MQTT.js keeps to itself and programs reach for all the same: each test holds for both.

const both: readonly Library[] = ["theirs", "ours"];
const silent: Script = (packet, connection) => {
  if (packet.type === PacketType.CONNECT) connection.answer(packet);
};

describe.each(both)("the inside that programs use, of %s", (library) => {
  const mqtt = libraries[library];

  test("after its end a client without a reconnectPeriod takes messages again", async () => {
    const scenario: Scenario = async ({ connect, recording: { callback, until, note } }) => {
      const client = connect({ reconnectPeriod: 0 });
      await until("connect");
      client.end(() => {
        note(`in the callback ${client.disconnecting}`);
        setImmediate(() => {
          note(`later ${client.disconnecting}`);
          client.publish("a", "1", callback("published"));
          client.connect();
        });
      });
      await until("published");
    };
    const lines = await runWith(library, scenario);
    expect(lines).toContain("in the callback true");
    expect(lines).toContain("later false");
    expect(lines).toContain("published: done");
  });

  test("a Packet Identifier that the program took does not keep the client from ending", async () => {
    const lines = await runWith(library, async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      await until("connect");
      expect(client._nextId()).toBeGreaterThan(0);
      client.end(callback("ended"));
      await until("ended");
    });
    expect(lines).not.toContain("outgoingEmpty");
  });

  test("what a stream builder throws comes out of the constructor", () => {
    const make = (): never => {
      throw new Error("no stream today");
    };
    expect(() => new mqtt.MqttClient(make, {})).toThrow("no stream today");
  });

  test("a stream builder's stream is the client's", () => {
    const stream = new PassThrough();
    const client = new mqtt.MqttClient(() => stream, {});
    expect(client.stream).toBe(stream);
    client.end(true);
  });

  test("who watches its stream hears of an attempt that failed, after the client", async () => {
    const server = await ScriptedTcpServer.start();
    await server.close();
    const client = mqtt.connect(server.url, { reconnectPeriod: 0 });
    const heard: string[] = [];
    client.on("error", () => heard.push("client"));
    client.stream.setMaxListeners(0);
    const failed = new Promise<NodeJS.ErrnoException>((resolve) =>
      client.stream.on("error", (error: Error) => {
        heard.push("stream");
        resolve(error);
      }),
    );
    expect((await failed).code).toBe("ECONNREFUSED");
    expect(heard).toEqual(["client", "stream"]);
    client.end(true);
  });

  test("each attempt has a stream of its own", async () => {
    await runWith(library, async ({ connect, recording: { until } }) => {
      const client = connect();
      await until("connect");
      const first = client.stream;
      const closed = once(first as unknown as NodeJS.EventEmitter, "close");
      first.destroy();
      await closed;
      expect(first.destroyed).toBe(true);
      await until("connect", 2);
      expect(client.stream).not.toBe(first);
      // It is of the past, and what is done to it harms nobody.
      first.destroy();
      first.end();
      expect(client.connected).toBe(true);
    });
  });

  test("a method in the place of _reconnect keeps it from coming back", async () => {
    const lines = await runWith(library, async ({ connect, recording: { until } }) => {
      const client = connect({ reconnectPeriod: 5 });
      await until("connect");
      const called = new Promise<void>((resolve) => Object.assign(client, { _reconnect: resolve }));
      client.stream.end();
      await called;
    });
    expect(lines).not.toContain("reconnect");
  });

  test("a topic deleted from _resubscribeTopics is not subscribed again", async () => {
    const lines = await runWith(library, async ({ connect, recording: { until } }) => {
      const client = connect();
      await until("connect");
      client.subscribe(["a", "b"]);
      await until("packetreceive suback");
      expect("a" in client._resubscribeTopics).toBe(true);
      delete client._resubscribeTopics["a"];
      expect(Object.keys(client._resubscribeTopics)).toEqual(["b"]);
      client.stream.end();
      await until("packetsend subscribe", 2);
    });
    expect(lines.filter((line) => line.startsWith("packetsend subscribe"))).toEqual([
      "packetsend subscribe a@0,b@0",
      "packetsend subscribe b@0",
    ]);
  });

  test("Keep Alive pings through sendPing, and a PINGRESP moves the next one", async () => {
    await runWith(library, async ({ connect, recording: { until } }) => {
      const client = connect({ keepalive: 1 });
      const calls: string[] = [];
      const { sendPing, _reschedulePing } = client;
      Object.assign(client, {
        sendPing: () => {
          calls.push("ping");
          sendPing.call(client);
        },
        _reschedulePing: () => {
          calls.push("moved");
          _reschedulePing.call(client);
        },
      });
      await until("packetreceive pingresp");
      await Promise.resolve();
      expect(calls).toEqual(["ping", "moved"]);
    });
  });

  test("a server gone silent: a client that stays away tells its callbacks before the error", async () => {
    const scenario: Scenario = async ({ connect, recording: { callback, until } }) => {
      const client = connect({ keepalive: 1, reconnectPeriod: 0 });
      await until("connect");
      client.publish("a", "1", { qos: 1 }, callback("published"));
      client.unsubscribe("a", callback("unsubscribed"));
      await until("error");
    };
    const lines = await runWith(library, scenario, silent);
    expect(lines.slice(-3, -1).toSorted()).toEqual(["published: Connection closed", "unsubscribed: Connection closed"]);
    expect(lines.at(-1)).toBe("error Keepalive timeout");
  });

  test("close tells nothing: programs take an argument for an error to pass on", async () => {
    const refuse: Script = (_packet, connection) => connection.socket.end();
    await runWith(
      library,
      async ({ connect }) => {
        const client = connect({ reconnectPeriod: 0 });
        const args = await new Promise<unknown[]>((resolve) => client.on("close", (...given: unknown[]) => resolve(given)));
        expect(args).toEqual([]);
      },
      refuse,
    );
  });

  test("an error that a program emits on the stream needs no listener", async () => {
    await runWith(library, async ({ connect, recording: { until } }) => {
      const client = connect();
      await until("connect");
      client.stream.emit("error", new Error("simulated"));
      client.stream.end();
      await until("close");
    });
  });

  test("a return code that MQTT 3.1.1 does not define is told as it came", async () => {
    const refuse: Script = (_packet, connection) => connection.socket.end(Uint8Array.of(0x20, 2, 0, 135));
    const lines = await runWith(
      library,
      async ({ connect, recording: { until } }) => {
        connect({ reconnectPeriod: 0 });
        await until("error");
      },
      refuse,
    );
    expect(lines).toContain("packetreceive connack 135");
    expect(lines.at(-1)).toBe("error Connection refused: Not authorized (135)");
  });

  test("a store whose stream has events alone is read", async () => {
    const outgoingStore = new Store({ clean: false });
    const packet = { cmd: "publish", topic: "a", payload: "kept", qos: 1, messageId: 7, dup: false, retain: false } as Packet;
    outgoingStore.put(packet);
    const make = outgoingStore.createStream.bind(outgoingStore);
    const eventsAlone = (): object => {
      const stream = make();
      const on = stream.on.bind(stream);
      const events = { on, once: stream.once.bind(stream), read: stream.read.bind(stream), destroy: stream.destroy.bind(stream) };
      return Object.assign(events, { removeListener: () => events });
    };
    Object.assign(outgoingStore, { createStream: eventsAlone as unknown as IStore["createStream"] });
    const lines = await runWith(library, async ({ connect, recording: { until } }) => {
      connect({ clean: false, clientId: "kept", outgoingStore });
      await until("packetreceive puback");
    });
    expect(lines).toContain("packetsend publish a 1");
  });
});
