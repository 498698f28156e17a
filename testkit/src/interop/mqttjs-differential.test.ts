import { type ConnectPacket, PacketType } from "@bowline/protocol";
import type { IClientOptions, ISubscriptionMap } from "@bowline/mqttjs";
import { describe, expect, test } from "vitest";
import { libraries, runWith, type Scenario } from "./mqttjs-both.ts";
import type { Script } from "./mqttjs-scripted-server.ts";

// The same script runs with MQTT.js and with the drop-in against the same server; what both did, in order, must be equal.

async function expectSame(scenario: Scenario, script?: Script): Promise<string[]> {
  const lines = await runWith("ours", scenario, script);
  expect(lines).toEqual(await runWith("theirs", scenario, script));
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

  test("a DISCONNECT of the server, which MQTT 3.1.1 forbids it", () =>
    expectSame(
      async ({ connect, recording: { until } }) => {
        const client = connect();
        await until("connect");
        client.publish("die", "");
        await until("connect", 2);
      },
      (packet, connection) => {
        if (packet.type === PacketType.PUBLISH) {
          connection.socket.end(Buffer.of(0xe0, 0));
        } else connection.answer(packet);
      },
    ));

  test.each([0, 20])("subscriptions on the next connection, with a reconnectPeriod of %d", async (reconnectPeriod) => {
    const lines = await expectSame(async ({ connect, recording: { until, callback, note } }) => {
      const client = connect({ reconnectPeriod });
      await until("connect");
      await client.subscribeAsync("a");
      note(`remembered ${Object.keys(client._resubscribeTopics).join()}`);
      client.end(callback("ended"));
      await until("ended");
      client.reconnect();
      await until("connect", 2);
      client.subscribe("a", callback("asked again"));
      await until("asked again");
    });
    expect(lines.filter((line) => line.startsWith("packetsend subscribe"))).toHaveLength(2);
  });

  test("options of a subscription in a map are its own, and those of the call are for lists", async () => {
    const taken: unknown[] = [];
    await expectSame(
      async ({ connect, recording: { until } }) => {
        const client = connect({ protocolVersion: 5 });
        await until("connect");
        const all = { qos: 2, rap: true, rh: 1, properties: { userProperties: { a: "b" } } } as const;
        await client.subscribeAsync({ own: { qos: 1, nl: true } }, all);
        await client.subscribeAsync(["listed"], all);
      },
      (packet, connection) => {
        connection.answer(packet);
        if (packet.type === PacketType.SUBSCRIBE) taken.push([packet.subscriptions, packet.properties]);
      },
    );
    expect(taken.slice(0, 2)).toEqual(taken.slice(2));
    expect(taken[0]).toMatchObject([
      [{ topicFilter: "own", qos: 1, noLocal: true, retainAsPublished: false, retainHandling: 0 }],
      {},
    ]);
  });

  // What is not of the declared type, and works with MQTT.js all the same.
  test.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["0", 0],
    ["an empty text", ""],
  ])("a payload of %s is an empty one", async (_name, payload) => {
    await expectSame(async ({ connect, server, recording: { callback, until, note } }) => {
      const client = connect();
      await until("connect");
      client.publish("a", payload as string, { retain: true }, callback("published"));
      await until("published");
      await client.publishAsync("end", "", { qos: 1 });
      const message = server.received.find((packet) => packet.type === PacketType.PUBLISH);
      note(JSON.stringify(message));
    });
  });

  // MQTT.js makes a packet of "1" that cannot be written.
  test.each<[unknown, number, readonly ("ours" | "theirs")[]]>([
    [null, 0, ["ours", "theirs"]],
    ["1", 1, ["ours"]],
  ])("a QoS of %j", async (qos, wanted, which) => {
    for (const library of which) {
      await runWith(library, async ({ connect, server, recording: { callback, until } }) => {
        const client = connect();
        await until("connect");
        client.publish("a", "x", { qos } as unknown as object, callback("published"));
        await until("published");
        await client.publishAsync("end", "", { qos: 1 });
        const message = server.received.find((packet) => packet.type === PacketType.PUBLISH);
        expect(message).toMatchObject({ qos: wanted, payload: Uint8Array.of(0x78) });
      });
    }
  });

  test.each<[string, object]>([
    ["null for what has a default", { keepalive: null, clean: null, username: null, will: null, protocolVersion: null }],
    ["a Client Identifier that is null", { clientId: null }],
    ["the QoS of a will as a text", { will: { topic: "w", payload: "x", qos: "1" } }],
    ["a will without a payload", { will: { topic: "w", payload: null, qos: 0 } }],
    ["certificates that are empty", { key: "", cert: "" }],
  ])("options: %s", async (_name, options) => {
    const lines = await expectSame(async ({ connect, server, recording: { until, note } }) => {
      const client = connect(options);
      await until("connect");
      const [packet] = server.received as [ConnectPacket];
      note(`${packet.clientIdentifier.replace(/_.*/, "")} ${JSON.stringify(packet.will)}`);
      client.end();
      await until("end");
    });
    expect(lines.join()).toContain("mqttjs");
  });

  test.each<[string, object]>([
    ["User Properties that are no texts", { userProperties: { at: 17, isNew: true, all: [1, "b"] } }],
    ["a Message Expiry Interval of 0", { messageExpiryInterval: 0, contentType: "c" }],
  ])("properties of a message: %s", async (_name, properties) => {
    await expectSame(async ({ connect, server, recording: { until, note } }) => {
      const client = connect({ protocolVersion: 5 });
      await until("connect");
      await client.publishAsync("a", "x", { qos: 1, properties });
      const message = server.received.find((packet) => packet.type === PacketType.PUBLISH);
      note(JSON.stringify(Object.entries(message?.properties ?? {}).toSorted()));
    });
  });

  test("no topic at all is an error of the callback", () =>
    runWith("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      client.subscribe(undefined as unknown as string, callback("subscribed"));
      await until("subscribed: Invalid topic undefined");
    }));

  test("a message that nobody can send is told by `error` where it has no callback", () =>
    runWith("ours", async ({ connect, recording: { until } }) => {
      const client = connect();
      client.publish("a", { a: 1 } as unknown as string);
      await until("error OPTION_INVALID");
      client.publish("a", "x", { qos: 3 } as unknown as object);
      await until("error OPTION_INVALID", 2);
    }));

  test("a second subscription to a known filter", () =>
    expectSame(async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      await until("connect");
      client.subscribe("a", { qos: 1 }, callback("subscribed"));
      await until("subscribed");
      client.subscribe("a", { qos: 1 }, callback("again"));
      client.subscribe("a", { qos: 2 }, callback("with more"));
      await until("with more");
      client.subscribe({ a: { qos: 0 }, resubscribe: true } as unknown as ISubscriptionMap, callback("forced"));
      await until("forced");
    }));

  test("a message that the application marks as sent before", async () => {
    let dups: (boolean | undefined)[] = [];
    const scenario: Scenario = async ({ connect, server, recording: { callback, until } }) => {
      const client = connect();
      await until("connect");
      client.publish("a", "1", { qos: 1, dup: true }, callback("published 1"));
      client.publish("a", "2", { qos: 1 }, callback("published 2"));
      await until("published 2");
      dups = server.received.flatMap((packet) => (packet.type === PacketType.PUBLISH ? [packet.dup] : []));
    };
    await expectSame(scenario);
    expect(dups).toEqual([true, false]);
  });

  test("an application that comes back in the callback of end still hears of its messages", async () => {
    const scenario: Scenario = async ({ connect, recording: { callback, until, note } }) => {
      const { Store } = libraries.theirs;
      const stores = { incomingStore: new Store({ clean: false }), outgoingStore: new Store({ clean: false }) };
      const client = connect({ clean: false, clientId: "back", ...stores });
      await until("connect");
      client.publish("a", "1", { qos: 2 }, callback("published"));
      await until("packetsend pubrel");
      client.end(true, () => {
        note("ended");
        client.reconnect(stores);
      });
      await until("connect", 2);
      await until("published");
    };
    const script: Script = (packet, connection) => {
      if (packet.type === PacketType.CONNECT) connection.accept({ sessionPresent: connection.number > 1 });
      else if (packet.type !== PacketType.PUBREL || connection.number > 1) connection.answer(packet);
    };
    // `connect` comes later in MQTT.js: see the differences.
    for (const library of ["ours", "theirs"] as const) {
      const lines = await runWith(library, scenario, script);
      expect(lines.filter((line) => /^(published|ended|reconnect|packetsend pub)/.test(line))).toEqual([
        "packetsend publish a 2",
        "packetsend pubrel",
        "ended",
        "reconnect",
        "packetsend pubrel",
        "published: pubrel",
      ]);
    }
  });

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

  test("what a listener of packetsend publishes or ends does not show a packet twice", async () => {
    const lines = await runWith("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      await until("connect");
      client.once("packetsend", () => client.publish("b", "2", { qos: 1 }, callback("published b")));
      client.publish("a", "1", { qos: 1 }, callback("published a"));
      await until("published b");
      client.once("packetsend", () => client.end(callback("ended")));
      client.publish("c", "3", { qos: 1 }, callback("published c"));
      await until("ended");
    });
    const sent = lines.filter((line) => line.startsWith("packetsend"));
    expect(sent).toEqual(["packetsend publish a 1", "packetsend publish b 1", "packetsend publish c 1", "packetsend disconnect"]);
  });

  test("flags of a client that ends", () =>
    expectSame(async ({ connect, recording: { note, callback, until } }) => {
      const client = connect();
      const flags = (when: string): void =>
        note(JSON.stringify([when, client.connected, client.disconnecting, client.reconnecting]));
      await until("connect");
      client.once("close", () => flags("close"));
      client.end(callback("ended"));
      flags("end");
      await until("ended");
      flags("ended");
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

  test("reconnect at the close of an end", () =>
    expectSame(async ({ connect, recording: { until } }) => {
      const client = connect({ reconnectPeriod: 0 });
      await until("connect");
      client.once("close", () => client.reconnect());
      client.end();
      await until("connect", 2);
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

  test("a forced end of a client that stays away tells its messages first, connected or not", () =>
    expectSame(
      async ({ connect, recording: { callback, until } }) => {
        const client = connect({ reconnectPeriod: 0 });
        await until("close");
        client.publish("a", "1", { qos: 1 }, callback("published"));
        client.end(true, callback("ended"));
        await until("ended");
      },
      (packet, connection) => {
        connection.answer(packet);
        connection.socket.end();
      },
    ));

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
