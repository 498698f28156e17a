import { PacketType, type Packet } from "@bowline/protocol";
import { DefaultMessageIdProvider, type IMessageIdProvider, UniqueMessageIdProvider } from "@bowline/mqttjs";
import * as theirs from "mqtt";
import { describe, expect, test } from "vitest";
import { type Library, runWith, type Scenario } from "./mqttjs-both.ts";
import type { Script } from "./mqttjs-scripted-server.ts";

// Options of MQTT.js that choose what goes over the wire: the same script with both, and the same result.

const both: readonly Library[] = ["ours", "theirs"];
const encoder = new TextEncoder();

async function same(scenario: Scenario, script?: Script, compared = /./): Promise<string[]> {
  const runs = await Promise.all(both.map((library) => runWith(library, scenario, script)));
  const [ours, others] = runs.map((lines) => lines.filter((line) => compared.test(line)));
  expect(ours).toEqual(others);
  return ours as string[];
}

describe("customHandleAcks", () => {
  /** A server that sends messages of each kind at a SUBSCRIBE. */
  const sends: Script = (packet, connection) => {
    connection.answer(packet);
    if (packet.type !== PacketType.SUBSCRIBE) return;
    for (const [index, topicName] of ["take", "refuse", "take", "full"].entries()) {
      const payload = encoder.encode(String(index));
      connection.send({
        type: PacketType.PUBLISH,
        topicName,
        payload,
        qos: 1,
        retain: false,
        dup: false,
        packetIdentifier: index + 1,
      });
    }
  };
  const codes: Record<string, number> = { take: 0, refuse: 0x87, full: 0x97 };

  test.each(["at once", "later"])("answers %s, in order, and only what is taken is told", async (when) => {
    const lines = await same(
      async ({ connect, recording: { until } }) => {
        const client = connect({
          protocolVersion: 5,
          customHandleAcks: (topic, _message, _packet, done) => {
            if (when === "at once") done(codes[topic]);
            else setImmediate(() => done(null, codes[topic]));
          },
        });
        client.subscribe("#", { qos: 1 });
        await until("packetsend puback", 4);
        // MQTT.js reads a packet only when the one before is handled.
      },
      sends,
      /^(message|packetsend puback)/,
    );
    expect(lines).toEqual([
      "message take 0",
      "packetsend puback",
      "packetsend puback 135",
      "message take 2",
      "packetsend puback",
      "packetsend puback 151",
    ]);
  });

  test("[MQTT-4.3.3-9] refuses QoS 2, and the identifier is free again", async () => {
    let sent = 0;
    const again: Script = (packet, connection) => {
      if (packet.type === PacketType.PUBREC && sent === 2) connection.answer(packet);
      else if (packet.type !== PacketType.PUBREC) connection.answer(packet);
      if (packet.type !== PacketType.SUBSCRIBE && packet.type !== PacketType.PUBREC) return;
      if (sent++ < 2) {
        const topicName = sent === 1 ? "refuse" : "take";
        const payload = encoder.encode(String(sent));
        connection.send({ type: PacketType.PUBLISH, topicName, payload, qos: 2, retain: false, dup: false, packetIdentifier: 7 });
      }
    };
    const lines = await runWith(
      "ours",
      async ({ connect, recording: { until } }) => {
        const client = connect({
          protocolVersion: 5,
          customHandleAcks: (topic, _message, _packet, done) => done(codes[topic]),
        });
        client.subscribe("#", { qos: 2 });
        await until("packetsend pubcomp");
      },
      again,
    );
    expect(lines.filter((line) => /^(message|packetsend pub)/.test(line))).toEqual([
      "packetsend pubrec 135",
      "message take 2",
      "packetsend pubrec",
      "packetsend pubcomp",
    ]);
  });

  test("an error or a code that is none is told, and the server gets an answer", async () => {
    for (const answer of [new Error("no"), 1]) {
      const lines = await runWith(
        "ours",
        async ({ connect, recording: { until } }) => {
          const client = connect({ protocolVersion: 5, customHandleAcks: (_topic, _message, _packet, done) => done(answer) });
          client.subscribe("#", { qos: 1 });
          await until("packetsend puback", 4);
        },
        sends,
      );
      expect(lines.filter((line) => line.startsWith("error"))).toEqual(
        Array.from({ length: 4 }, () => (answer === 1 ? "error Wrong reason code for puback" : "error no")),
      );
      expect(lines.filter((line) => line.startsWith("packetsend puback"))).toEqual(
        Array.from({ length: 4 }, () => "packetsend puback 128"),
      );
    }
  });
});

describe("enhanced authentication", () => {
  const properties = { authenticationMethod: "ECHO", authenticationData: Buffer.from("hello") };
  const asks: Script = (packet, connection) => {
    const auth = (text: string): Packet => ({
      type: PacketType.AUTH,
      reasonCode: 0x18,
      properties: { authenticationMethod: "ECHO", authenticationData: encoder.encode(text) },
    });
    if (packet.type === PacketType.CONNECT) connection.send(auth("one"));
    else if (packet.type !== PacketType.AUTH) connection.answer(packet);
    else if (Buffer.from(packet.properties?.authenticationData ?? []).toString() === "re:one") connection.send(auth("two"));
    else connection.accept({ properties: { authenticationMethod: "ECHO" } });
  };

  test("[MQTT-4.12.0-3] handleAuth answers each AUTH of the server", () =>
    same(async ({ connect, recording: { until } }) => {
      const client = connect({ protocolVersion: 5, properties, manualConnect: true });
      client.handleAuth = (packet, callback) => {
        const authenticationData = Buffer.from(`re:${packet.properties?.authenticationData?.toString()}`);
        callback(undefined, { cmd: "auth", reasonCode: 0x18, properties: { authenticationMethod: "ECHO", authenticationData } });
      };
      client.connect();
      await until("connect");
    }, asks));

  test("an error of handleAuth is told, and so is its silence", async () => {
    for (const error of [new Error("no key"), undefined]) {
      const lines = await same(async ({ connect, recording: { until } }) => {
        const client = connect({ protocolVersion: 5, properties, manualConnect: true, reconnectPeriod: 0 });
        if (error !== undefined) client.handleAuth = (_packet, callback) => void callback(error);
        client.connect();
        await until("close");
      }, asks);
      expect(lines.filter((line) => line.startsWith("error"))).toEqual([
        error === undefined ? "error Protocol error: No auth packet to continue the authentication exchange (130)" : "error no key",
      ]);
    }
  });

  test("authPacket answers the server's AUTH, and is not sent before it", async () => {
    const lines = await runWith(
      "ours",
      async ({ connect, recording: { until } }) => {
        connect({ protocolVersion: 5, properties, authPacket: { properties: { authenticationData: Buffer.from("x") } } });
        await until("connect");
      },
      asks,
    );
    expect(lines.filter((line) => line.includes("auth"))).toEqual(["packetreceive auth 24", "packetsend auth 24"]);
  });
});

describe("Topic Aliases", () => {
  const offers: Script = (packet, connection) => {
    if (packet.type === PacketType.CONNECT) connection.accept({ properties: { topicAliasMaximum: 2 } });
    else connection.answer(packet);
  };
  const topics = ["topic/1", "topic/1", "topic/2", "topic/3", "topic/1"];
  const wire = (received: readonly Packet[]): unknown[] =>
    received.flatMap((packet) => (packet.type === PacketType.PUBLISH ? [[packet.topicName, packet.properties?.topicAlias]] : []));

  test("autoAssignTopicAlias: each topic gets one, and the one used longest ago is given anew", () =>
    same(async ({ connect, server, recording: { until, note } }) => {
      const client = connect({ protocolVersion: 5, autoAssignTopicAlias: true });
      await until("connect");
      for (const topic of topics) await client.publishAsync(topic, "x", { qos: 1 });
      note(JSON.stringify(wire(server.received)));
    }, offers));

  test("an alias out of range is an error of the callback", () =>
    same(async ({ connect, recording: { until, callback } }) => {
      const client = connect({ protocolVersion: 5 });
      await until("connect");
      client.publish("t", "x", { properties: { topicAlias: 3 } }, callback("published"));
      await until("published");
    }, offers));

  test("an alias of the application's own stands for its topic", async () => {
    await runWith(
      "ours",
      async ({ connect, server, recording: { until, callback } }) => {
        const client = connect({ protocolVersion: 5 });
        await until("connect");
        client.publish("", "x", { properties: { topicAlias: 2 } }, callback("unknown"));
        await until("unknown: Unregistered Topic Alias");
        await client.publishAsync("own", "1", { qos: 1, properties: { topicAlias: 2 } });
        await client.publishAsync("", "2", { qos: 1, properties: { topicAlias: 2 } });
        expect(wire(server.received)).toEqual([
          ["own", undefined],
          ["own", undefined],
        ]);
      },
      offers,
    );
  });
});

describe("what a server must not do, and MQTT.js takes", () => {
  test.each([4, 5] as const)("a session after a clean start, version %d: it counts as none", async (protocolVersion) => {
    const lines = await same(
      async ({ connect, recording: { until, note } }) => {
        const client = connect({ protocolVersion });
        client.on("connect", ({ sessionPresent }) => note(`present ${sessionPresent}`));
        await until("connect");
        await client.subscribeAsync("t");
        client.stream.end();
        await until("packetsend subscribe", 2);
      },
      (packet, connection) => {
        if (packet.type === PacketType.CONNECT) connection.accept({ sessionPresent: true });
        else connection.answer(packet);
      },
      /^(present|error)/,
    );
    expect(lines).toEqual(["present true", "present true"]);
  });

  test.each([1, 2])("a message with QoS %d and Packet Identifier 0 is told and acknowledged with it", async (qos) => {
    for (const library of both) {
      const lines = await runWith(
        library,
        async ({ connect, recording: { until, note } }) => {
          connect().on("packetsend", ({ messageId, cmd }) => note(`${cmd} ${messageId}`));
          await until(qos === 1 ? "puback 0" : "pubcomp 0");
        },
        (packet, connection) => {
          if (packet.type !== PacketType.CONNECT) return;
          connection.accept();
          connection.socket.write(Uint8Array.of(0x30 | (qos << 1), 6, 0, 1, 0x74, 0, 0, 0x78));
          if (qos === 2) connection.socket.write(Uint8Array.of(0x62, 2, 0, 0));
        },
      );
      expect(lines).toContain("message t x");
    }
  });

  test("the packet of a message that came by its Topic Alias alone has no topic; the event has it", () =>
    same(
      async ({ connect, recording: { until, note } }) => {
        const client = connect({ protocolVersion: 5, properties: { topicAliasMaximum: 1 } });
        client.on("message", (topic, _payload, packet) => note(`told ${topic} by ${packet.topic || "its alias"}`));
        await until("told", 2);
      },
      (packet, connection) => {
        connection.answer(packet);
        if (packet.type !== PacketType.CONNECT) return;
        const message = { type: PacketType.PUBLISH, payload: encoder.encode("x"), qos: 0, retain: false, dup: false } as const;
        const properties = { topicAlias: 1 };
        connection.send({ ...message, topicName: "t", properties }, { ...message, topicName: "", properties });
      },
      /^told/,
    ));
});

describe("messageIdProvider", () => {
  test("UniqueMessageIdProvider gives what MQTT.js's gives", () => {
    const run = (provider: IMessageIdProvider): unknown[] => [
      provider.allocate(),
      provider.allocate(),
      provider.register(3),
      provider.register(3),
      provider.allocate(),
      provider.deallocate(2),
      provider.allocate(),
      provider.getLastAllocated(),
      provider.clear(),
      provider.allocate(),
    ];
    expect(run(new UniqueMessageIdProvider())).toEqual(run(new theirs.UniqueMessageIdProvider()));
    const all = new UniqueMessageIdProvider();
    for (let id = 1; id <= 0xffff; id++) expect(all.allocate()).toBe(id);
    expect(all.allocate()).toBeNull();
    const byDefault = new DefaultMessageIdProvider();
    const first = byDefault.allocate();
    expect(byDefault.allocate()).toBe((first % 0xffff) + 1);
  });

  test("chooses the identifiers of messages and requests, and hears when they are free", async () => {
    const freed: number[] = [];
    let next = 100;
    const provider: IMessageIdProvider = {
      allocate: () => next++,
      getLastAllocated: () => next - 1,
      register: () => true,
      deallocate: (id) => void freed.push(id),
      clear: () => undefined,
    };
    await runWith("ours", async ({ connect, server, recording: { until } }) => {
      const client = connect({ messageIdProvider: provider });
      await until("connect");
      await client.subscribeAsync("t");
      await client.publishAsync("t", "x", { qos: 1 });
      await client.publishAsync("t", "x", { qos: 2 });
      const ids = server.received.flatMap((packet) => ("packetIdentifier" in packet ? [packet.packetIdentifier] : []));
      expect(ids).toEqual([100, 101, 102, 102]);
      expect(client.getLastMessageId()).toBe(102);
    });
    expect(freed).toEqual([100, 101, 102]);
  });

  test("one that gives identifiers in use is passed over", async () => {
    const given = [5, 5, 5, 6];
    const provider: IMessageIdProvider = {
      allocate: () => given.shift() ?? null,
      getLastAllocated: () => null,
      register: () => true,
      deallocate: () => undefined,
      clear: () => undefined,
    };
    await runWith(
      "ours",
      async ({ connect, server, recording: { until, callback } }) => {
        const client = connect({ messageIdProvider: provider });
        await until("connect");
        client.publish("t", "1", { qos: 1 });
        client.publish("t", "2", { qos: 1 });
        client.subscribe("t", callback("subscribed"));
        await until("subscribed: IDENTIFIERS_EXHAUSTED");
        client.publish("t", "3");
        await until("packetreceive publish");
        const ids = server.received.flatMap((packet) => ("packetIdentifier" in packet ? [packet.packetIdentifier] : []));
        expect(ids).toEqual([5, 6]);
      },
      (packet, connection) => {
        if (packet.type === PacketType.CONNECT) connection.answer(packet);
        if (packet.type === PacketType.PUBLISH && packet.qos === 0) connection.send(packet);
      },
    );
  });
});

describe("client.stream", () => {
  test.each(["end", "destroy"] as const)("%s() is a loss, after which the client comes back", async (how) => {
    await same(async ({ connect, recording: { until } }) => {
      const client = connect();
      await until("connect");
      client.stream[how]();
      await until("connect", 2);
    });
  });
});
