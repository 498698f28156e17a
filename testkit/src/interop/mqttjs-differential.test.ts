import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { PacketType } from "@bowline/protocol";
import ours, { type IClientOptions, type MqttClient } from "@bowline/mqttjs";
import theirs from "mqtt";
import { describe, expect, test } from "vitest";
import { Recording } from "./mqttjs-recording.ts";
import { type Script, ScriptedTcpServer } from "./mqttjs-scripted-server.ts";

// The same script runs with MQTT.js and with the drop-in against the same server; what both did, in order, must be equal. Where
// the drop-in differs on purpose the test says so in its name, and what MQTT.js does is pinned too where it can be waited for:
// each such test is a row of packages/mqttjs/README.md.

interface Stage {
  /** Makes a client and watches it. */
  connect(options?: IClientOptions): MqttClient;
  readonly server: ScriptedTcpServer;
  readonly recording: Recording;
}
type Scenario = (stage: Stage) => Promise<void>;

const libraries = { ours, theirs: theirs as unknown as typeof ours };

async function run(library: keyof typeof libraries, scenario: Scenario, script?: Script): Promise<string[]> {
  const server = await ScriptedTcpServer.start(script);
  const recording = new Recording();
  const clients: MqttClient[] = [];
  const connect = (options: IClientOptions = {}): MqttClient => {
    const client = libraries[library].connect(server.url, { reconnectPeriod: 20, ...options });
    clients.push(client);
    recording.watch(client);
    return client;
  };
  try {
    await scenario({ connect, server, recording });
    return [...recording.lines];
  } finally {
    for (const client of clients) endSafely(client);
    await server.close();
  }
}

/** MQTT.js throws when it is ended before it was connected. */
function endSafely(client: MqttClient): void {
  try {
    client.end(true);
  } catch (error) {
    if (client instanceof ours.MqttClient) throw error;
  }
}

async function expectSame(scenario: Scenario, script?: Script): Promise<string[]> {
  const lines = await run("ours", scenario, script);
  expect(lines).toEqual(await run("theirs", scenario, script));
  return lines;
}

describe("as MQTT.js", () => {
  test("subscribe, publish with QoS 0 and 1, unsubscribe, end", async () => {
    const lines = await expectSame(
      async ({ connect, recording: { note, callback, until } }) => {
        const client = connect();
        await until("connect");
        client.subscribe(["a/#", "b"], { qos: 1 }, callback("subscribed"));
        note("after subscribe");
        await until("subscribed");
        client.publish("a/0", "zero", callback("published 0"));
        note("after publish 0");
        await until("message a/0");
        client.publish("a/1", Buffer.from("one"), { qos: 1, retain: true }, callback("published 1"));
        note("after publish 1");
        await until("packetsend puback");
        client.unsubscribe("b", callback("unsubscribed"));
        await until("unsubscribed");
        client.end(callback("ended"));
        note("after end");
        await until("ended");
      },
      (packet, connection) => {
        connection.answer(packet);
        if (packet.type === PacketType.PUBLISH) connection.send({ ...packet, dup: false });
      },
    );
    expect(lines).toContain("message a/1 one");
  });

  test("commands given before the connection leave in their order and before `connect`", () =>
    expectSame(async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      client.subscribe("a", callback("subscribed"));
      client.publish("a", "1", callback("published"));
      client.unsubscribe("a", callback("unsubscribed"));
      await until("unsubscribed");
    }));

  test("nobody listens at the port", () =>
    expectSame(async ({ connect, server, recording: { callback, until } }) => {
      await server.close();
      const client = connect();
      await until("close", 3);
      client.end(callback("ended"));
      await until("ended");
    }));

  for (const protocolVersion of [4, 5] as const) {
    const refuse: Script = (_packet, connection) => connection.accept({ reasonCode: 0x87 });
    test(`a refused CONNACK ends the attempts, version ${protocolVersion}`, () =>
      expectSame(async ({ connect, recording: { until } }) => {
        connect({ protocolVersion });
        await until("close");
      }, refuse));

    test(`a refused CONNACK is tried again with reconnectOnConnackError, version ${protocolVersion}`, () =>
      expectSame(async ({ connect, recording: { until } }) => {
        connect({ protocolVersion, reconnectOnConnackError: true });
        await until("close", 2);
      }, refuse));

    test(`refused subscriptions and messages, version ${protocolVersion}`, () =>
      expectSame(
        async ({ connect, recording: { callback, until } }) => {
          const client = connect({ protocolVersion });
          await until("connect");
          client.subscribe(["a", "b"], (error, _granted, packet) => callback("subscribed")(error, packet?.granted));
          await until("subscribed");
          if (protocolVersion === 5) {
            client.publish("a", "1", { qos: 1 }, callback("published 1"));
            client.publish("a", "2", { qos: 2 }, callback("published 2"));
            await until("published 2");
          }
          client.end(callback("ended"));
          await until("ended");
        },
        (packet, connection) => {
          if (packet.type === PacketType.SUBSCRIBE) {
            connection.send({ type: PacketType.SUBACK, packetIdentifier: packet.packetIdentifier, reasonCodes: [0, 0x80] });
          } else if (packet.type === PacketType.PUBLISH) {
            const isFirst = packet.qos === 1;
            connection.acknowledge(isFirst ? PacketType.PUBACK : PacketType.PUBREC, packet.packetIdentifier, isFirst ? 0x87 : 0x97);
          } else connection.answer(packet);
        },
      ));
  }

  test("a lost connection comes back and subscribes again", () =>
    expectSame(
      async ({ connect, recording: { callback, until } }) => {
        const client = connect();
        await until("connect");
        client.subscribe({ r1: { qos: 0 }, r2: { qos: 2 } }, callback("subscribed"));
        await until("subscribed");
        client.publish("die", "", callback("published"));
        await until("packetreceive suback", 2);
        client.end(callback("ended"));
        await until("ended");
      },
      (packet, connection) => {
        if (packet.type === PacketType.PUBLISH) connection.socket.end();
        else connection.answer(packet);
      },
    ));

  test("a DISCONNECT of the server, MQTT 5.0", () =>
    expectSame(
      async ({ connect, recording: { until } }) => {
        const client = connect({ protocolVersion: 5 });
        await until("connect");
        client.publish("die", "");
        await until("connect", 2);
      },
      (packet, connection) => {
        if (packet.type === PacketType.PUBLISH) {
          connection.send({ type: PacketType.DISCONNECT, reasonCode: 0x8b });
          connection.socket.end();
        } else connection.answer(packet);
      },
    ));

  test("no CONNACK within connectTimeout", () =>
    expectSame(
      async ({ connect, recording: { callback, until } }) => {
        const client = connect({ connectTimeout: 40 });
        await until("close", 2);
        client.end(callback("ended"));
        await until("ended");
      },
      () => undefined,
    ));

  test("a server that answers no ping", () =>
    expectSame(
      async ({ connect, recording: { until } }) => {
        connect({ keepalive: 1, reconnectPeriod: 60_000 });
        await until("close");
      },
      (packet, connection) => {
        if (packet.type !== PacketType.PINGREQ) connection.answer(packet);
      },
    ));

  test("manualConnect, and flags on the way", () =>
    expectSame(async ({ connect, recording: { note, until } }) => {
      const client = connect({ manualConnect: true, clientId: "manual" });
      const flags = (): void => {
        const { connected, disconnecting, disconnected, reconnecting } = client;
        note(JSON.stringify([connected, disconnecting, disconnected, reconnecting]));
      };
      flags();
      expect(client.connect()).toBe(client);
      await until("connect");
      flags();
    }));

  test("end, and connect again by reconnect", () =>
    expectSame(async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      await until("connect");
      client.subscribe("q", callback("subscribed"));
      await until("subscribed");
      client.end(() => client.reconnect());
      await until("packetreceive suback", 2);
    }));

  test("reconnect of an open connection", () =>
    expectSame(async ({ connect, recording: { until } }) => {
      const client = connect();
      await until("connect");
      client.reconnect();
      await until("connect", 2);
    }));

  test("a forced end sends no DISCONNECT", () =>
    expectSame(async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      await until("connect");
      client.end(true, callback("ended"));
      await until("ended");
    }));

  test("an end waits for what is unacknowledged", () =>
    expectSame(async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      await until("connect");
      client.publish("a", "1", { qos: 1 }, callback("published"));
      client.end(callback("ended"));
      await until("ended");
    }));

  test("calls after an end fail", () =>
    expectSame(async ({ connect, recording: { note, callback, until } }) => {
      const client = connect();
      await until("connect");
      client.end(callback("ended"));
      client.publish("a", "1", callback("published"));
      client.subscribe("a", callback("subscribed"));
      client.unsubscribe("a", callback("unsubscribed"));
      note("after the calls");
      await until("ended");
      client.publish("a", "1", callback("published later"));
      client.end(callback("ended again"));
      note("after the later calls");
    }));

  test("topic filters that are none", () =>
    expectSame(async ({ connect, recording: { note, callback, until } }) => {
      const client = connect({ manualConnect: true });
      client.subscribe("a/#/b", callback("subscribed"));
      client.subscribe([], callback("subscribed to nothing"));
      client.unsubscribe("x+", callback("unsubscribed"));
      note("after the calls");
      await until("unsubscribed");
    }));

  test("queueQoSZero: false refuses QoS 0 without a connection", () =>
    expectSame(async ({ connect, recording: { note, callback, until } }) => {
      const client = connect({ manualConnect: true, queueQoSZero: false });
      client.publish("a", "1", callback("published"));
      note("after the call");
      await until("published");
    }));

  test("promises resolve with the same", () =>
    expectSame(async ({ connect, recording: { note, until } }) => {
      const client = connect();
      await until("connect");
      const show = async (result: Promise<unknown>): Promise<void> => {
        const value = await result.catch((error: Error) => error.message);
        note(
          JSON.stringify(value, (key, part: unknown) => (key === "messageId" || key === "length" ? undefined : shortened(part))),
        );
      };
      await show(client.subscribeAsync(["a", "b"]));
      await show(client.publishAsync("a", "0"));
      await show(client.publishAsync("a", "1", { qos: 1 }));
      await show(client.publishAsync("a", "2", { qos: 2 }));
      await show(client.unsubscribeAsync("a").then((packet) => packet?.cmd));
      await show(client.endAsync());
      await show(client.publishAsync("a", "0"));
    }));

  test("properties of MQTT 5.0 both ways", () =>
    expectSame(
      async ({ connect, recording: { note, until } }) => {
        const client = connect({
          protocolVersion: 5,
          properties: { sessionExpiryInterval: 10, userProperties: { a: ["1", "2"] } },
        });
        client.on("connect", (packet) => note(sortedJson([packet.properties, client.serverProperties, client.keepalive])));
        client.on("message", (_topic, _payload, packet) => note(sortedJson(packet.properties)));
        await until("connect");
        client.subscribe("t", { qos: 1, nl: true, rap: true, rh: 1, properties: { subscriptionIdentifier: 7 } });
        client.publish("t", "x", {
          properties: {
            payloadFormatIndicator: true,
            messageExpiryInterval: 5,
            contentType: "text",
            responseTopic: "r",
            correlationData: Buffer.from("c"),
            userProperties: { a: ["1", "2"], b: "3" },
          },
        });
        await until("message");
      },
      (packet, connection) => {
        if (packet.type === PacketType.CONNECT)
          connection.accept({
            properties: { receiveMaximum: 5, serverKeepAlive: 7, assignedClientIdentifier: "x", retainAvailable: 0 },
          });
        else connection.answer(packet);
        if (packet.type === PacketType.PUBLISH)
          connection.send({ ...packet, properties: { ...packet.properties, subscriptionIdentifiers: [7] } });
      },
    ));

  test("options that cannot work throw", () => {
    for (const options of [{ clean: false }, { cert: "c", key: "k" }, { clean: false, clientId: "" }] as IClientOptions[]) {
      const messages = Object.values(libraries).map((library) => {
        try {
          library.connect({ manualConnect: true, ...options });
        } catch (error) {
          return (error as Error).message;
        }
        return "";
      });
      expect(messages[0]).not.toBe("");
      expect(messages[0]).toBe(messages[1]);
    }
  });
});

/** JSON whose order of names does not depend on the order in which an object got them. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Payloads are long when JSON shows them. */
function shortened(part: unknown): unknown {
  return (part as { type?: unknown } | null)?.type === "Buffer" ? "bytes" : part;
}

describe("other than MQTT.js, on purpose", () => {
  const closeAtOnce: Script = (_packet, connection) => connection.socket.end();

  test("a connection that closes before its CONNACK is told as an error", async () => {
    const scenario: Scenario = async ({ connect, recording: { until } }) => {
      connect();
      await until("close");
    };
    expect(await run("theirs", scenario, closeAtOnce)).toEqual(["offline", "close"]);
    const [error, ...rest] = await run("ours", scenario, closeAtOnce);
    expect(error).toMatch(/^error CONNACK_NONE: .* \(CONNACK_NONE\)$/);
    expect(rest).toEqual(["offline", "close"]);
  });

  test("an answer that is not MQTT does not end the attempts", async () => {
    const server = createServer((socket) => socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const recording = new Recording();
    const client = ours.connect(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, { reconnectPeriod: 10 });
    recording.watch(client);
    await recording.until("close", 2);
    client.end(true);
    server.close();
    expect(recording.lines[0]).toContain("MQTT_TO_HTTP");
  });

  test("an end without a connection fails what waits, and ends", async () => {
    const lines = await run(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect();
        client.publish("a", "0", callback("published 0"));
        client.publish("a", "1", { qos: 1 }, callback("published 1"));
        client.subscribe("a", callback("subscribed"));
        await until("close");
        client.end(callback("ended"));
        await until("ended");
      },
      closeAtOnce,
    );
    expect(lines.slice(3)).toEqual([
      "published 0: Connection closed",
      "published 1: Connection closed",
      "subscribed: Connection closed",
      "end",
      "ended: done",
    ]);
  });

  test("a forced end fails what is unacknowledged", async () => {
    const lines = await run(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect();
        await until("connect");
        client.publish("a", "1", { qos: 1 }, callback("published"));
        client.end(true, callback("ended"));
        await until("ended");
      },
      (packet, connection) => packet.type === PacketType.CONNECT && connection.answer(packet),
    );
    expect(lines.slice(-4)).toEqual(["close", "published: Connection closed", "end", "ended: done"]);
  });

  test("an end before the CONNACK leaves no connection behind", async () => {
    const lines = await run("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      client.end(callback("ended"));
      await until("ended");
    });
    expect(lines).toEqual(["close", "end", "ended: done"]);
  });

  test("an end right after publishing sends the message first", async () => {
    const lines = await run("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      client.publish("a", "1", { qos: 1 }, callback("published"));
      client.end(callback("ended"));
      await until("ended");
    });
    expect(lines).toContain("published: publish a 1");
  });

  test("a server that does not answer a SUBSCRIBE cannot keep the client from ending", async () => {
    const lines = await run(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect({ bowline: { drainTimeoutMs: 30 } });
        await until("connect");
        client.subscribe("a", callback("subscribed"));
        client.end(callback("ended"));
        await until("ended");
      },
      (packet, connection) => packet.type === PacketType.CONNECT && connection.answer(packet),
    );
    expect(lines.slice(-4)).toEqual(["close", "subscribed: Connection closed", "end", "ended: done"]);
  });

  test("messages leave in the order of the calls, whatever their QoS", async () => {
    const scenario: Scenario = async ({ connect, recording: { until } }) => {
      const client = connect();
      client.publish("a", "0");
      client.publish("b", "1", { qos: 1 });
      await until("packetsend publish", 2);
    };
    const sent = async (library: keyof typeof libraries): Promise<string[]> =>
      (await run(library, scenario)).filter((line) => line.startsWith("packetsend publish"));
    expect(await sent("theirs")).toEqual(["packetsend publish b 1", "packetsend publish a 0"]);
    expect(await sent("ours")).toEqual(["packetsend publish a 0", "packetsend publish b 1"]);
  });

  test("a subscription made before the first connection waits for it", async () => {
    const lines = await run(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect();
        client.subscribe("a", callback("subscribed"));
        await until("subscribed");
      },
      (packet, connection) => (connection.number === 1 ? connection.socket.end() : connection.answer(packet)),
    );
    expect(lines.at(-1)).toBe('subscribed: [{"topic":"a","qos":0}]');
  });

  test("subscriptions are renewed before messages that waited", async () => {
    const lines = await run(
      "ours",
      async ({ connect, recording: { until } }) => {
        const client = connect();
        await until("connect");
        client.subscribe("answer");
        await until("packetreceive suback");
        client.publish("die", "");
        await until("close");
        client.publish("question", "");
        await until("connect", 2);
      },
      (packet, connection) => {
        if (packet.type === PacketType.PUBLISH && packet.topicName === "die") connection.socket.end();
        else connection.answer(packet);
      },
    );
    expect(lines.slice(-3)).toEqual(["packetsend subscribe answer@0", "packetsend publish question 0", "connect"]);
  });

  test("a second subscription to a known filter is answered with its grant", async () => {
    const scenario: Scenario = async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      await until("connect");
      client.subscribe("a", { qos: 1 }, callback("subscribed"));
      await until("subscribed");
      client.subscribe("a", { qos: 1 }, callback("again"));
    };
    expect((await run("theirs", scenario)).at(-1)).toBe("again: []");
    expect((await run("ours", scenario)).at(-1)).toBe('again: [{"topic":"a","qos":1}]');
  });

  test("a message with QoS 2 is told when it comes, and not when it is released", async () => {
    const scenario: Scenario = async ({ connect, recording: { until } }) => {
      connect();
      await until("packetsend pubcomp");
    };
    const script: Script = (packet, connection) => {
      connection.answer(packet);
      if (packet.type !== PacketType.CONNECT) return;
      const payload = new TextEncoder().encode("m");
      connection.send({
        type: PacketType.PUBLISH,
        topicName: "t",
        payload,
        qos: 2,
        retain: false,
        dup: false,
        packetIdentifier: 1,
      });
    };
    const order = async (library: keyof typeof libraries): Promise<string[]> =>
      (await run(library, scenario, script)).filter((line) => line === "message t m" || line.startsWith("packetsend pubrec"));
    expect(await order("theirs")).toEqual(["packetsend pubrec", "message t m"]);
    expect(await order("ours")).toEqual(["message t m", "packetsend pubrec"]);
  });

  test("a topic name that is none fails the call and not the connection", async () => {
    const lines = await run("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      await until("connect");
      client.publish("a/#", "x", callback("published"));
      await until("published");
      client.end(callback("ended"));
      await until("ended");
    });
    expect(lines.find((line) => line.startsWith("published"))).toContain("TOPIC_INVALID");
    expect(lines).not.toContain("packetsend publish a/# 0");
  });

  test("a message sent again on a kept session carries DUP, [v3 MQTT-3.3.1-1]", async () => {
    const dups: boolean[] = [];
    await run(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect({ clean: false, clientId: "dup" });
        await until("connect");
        client.publish("a", "1", { qos: 1 }, callback("published"));
        await until("published");
      },
      (packet, connection) => {
        if (packet.type === PacketType.PUBLISH) dups.push(packet.dup);
        if (packet.type === PacketType.CONNECT) connection.accept({ sessionPresent: connection.number > 1 });
        else if (connection.number === 1) connection.socket.destroy();
        else connection.answer(packet);
      },
    );
    expect(dups).toEqual([false, true]);
  });

  test("the server's Receive Maximum is kept", async () => {
    let inFlight = 0;
    let most = 0;
    await run(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect({ protocolVersion: 5 });
        await until("connect");
        for (let i = 0; i < 50; i++) client.publish("a", String(i), { qos: 1 }, callback("published"));
        await until("published", 50);
      },
      (packet, connection) => {
        if (packet.type === PacketType.CONNECT) connection.accept({ properties: { receiveMaximum: 5 } });
        else if (packet.type === PacketType.PUBLISH) {
          most = Math.max(most, ++inFlight);
          setImmediate(() => {
            inFlight--;
            connection.answer(packet);
          });
        }
      },
    );
    expect(most).toBe(5);
  });

  test("a message larger than the server takes fails alone", async () => {
    const lines = await run(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect({ protocolVersion: 5 });
        await until("connect");
        client.publish("a", "x".repeat(5000), { qos: 1 }, callback("published"));
        await until("published");
        client.publish("a", "small", { qos: 1 }, callback("then"));
        await until("then");
      },
      (packet, connection) => {
        if (packet.type === PacketType.CONNECT) connection.accept({ properties: { maximumPacketSize: 2000 } });
        else connection.answer(packet);
      },
    );
    expect(lines.find((line) => line.startsWith("published"))).toContain("PACKET_TOO_LARGE");
    expect(lines.at(-1)).toBe("then: publish a 1");
  });

  test("an unknown scheme throws, and does not become plain MQTT", () => {
    expect(() => ours.connect("mqqt://localhost")).toThrow(/SCHEME_UNKNOWN/);
  });
});
