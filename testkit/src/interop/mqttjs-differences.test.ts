import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { PacketType } from "@bowline/protocol";
import ours from "@bowline/mqttjs";
import { describe, expect, test } from "vitest";
import { type Library, runWith, type Scenario } from "./mqttjs-both.ts";
import { Recording } from "./mqttjs-recording.ts";
import type { Script } from "./mqttjs-scripted-server.ts";

// Where the drop-in differs from MQTT.js on purpose the test says so in its name, and what MQTT.js does is pinned too where it can
// be waited for: each such test is a row of packages/mqttjs/README.md.

describe("other than MQTT.js, on purpose", () => {
  const closeAtOnce: Script = (_packet, connection) => connection.socket.end();

  test("a connection that closes before its CONNACK is told as an error", async () => {
    const scenario: Scenario = async ({ connect, recording: { until } }) => {
      connect();
      await until("close");
    };
    expect(await runWith("theirs", scenario, closeAtOnce)).toEqual(["offline", "close"]);
    const [error, ...rest] = await runWith("ours", scenario, closeAtOnce);
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
    const lines = await runWith(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect();
        client.publish("a", "0", callback("published 0"));
        client.publish("a", "1", { qos: 1 }, callback("published 1"));
        client.subscribe("a", callback("subscribed"));
        await until("close");
        client.end(callback("ended"));
        await until("subscribed");
      },
      closeAtOnce,
    );
    expect(lines.slice(3)).toEqual([
      "end",
      "ended: done",
      "published 0: Connection closed",
      "published 1: Connection closed",
      "subscribed: Connection closed",
    ]);
  });

  test("a forced end fails what is unacknowledged", async () => {
    const lines = await runWith(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect();
        await until("connect");
        client.publish("a", "1", { qos: 1 }, callback("published"));
        client.end(true, callback("ended"));
        await until("published");
      },
      (packet, connection) => packet.type === PacketType.CONNECT && connection.answer(packet),
    );
    expect(lines.slice(-4)).toEqual(["close", "end", "ended: done", "published: Connection closed"]);
  });

  test("promises that an end makes fail, and that nobody awaits, do not end the process", async () => {
    const unhandled: unknown[] = [];
    const record = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", record);
    await runWith(
      "ours",
      async ({ connect, recording: { until, note } }) => {
        const client = connect();
        await until("connect");
        void client.publishAsync("a", "1", { qos: 1 });
        void client.subscribeAsync("a");
        client.publishAsync("a", "2", { qos: 1 }).catch((error: Error) => note(`heard ${error.message}`));
        client.end(true);
        await until("heard Connection closed");
        await new Promise((resolve) => setImmediate(resolve));
      },
      (packet, connection) => packet.type === PacketType.CONNECT && connection.answer(packet),
    );
    process.off("unhandledRejection", record);
    expect(unhandled).toEqual([]);
  });

  test("an end before the CONNACK leaves no connection behind", async () => {
    const lines = await runWith("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      client.end(callback("ended"));
      await until("ended");
    });
    expect(lines).toEqual(["close", "end", "ended: done"]);
  });

  test("an end right after publishing sends the message first", async () => {
    const lines = await runWith("ours", async ({ connect, recording: { callback, until } }) => {
      const client = connect();
      client.publish("a", "1", { qos: 1 }, callback("published"));
      client.end(callback("ended"));
      await until("ended");
    });
    expect(lines).toContain("published: publish a 1");
  });

  test("a server that does not answer a SUBSCRIBE cannot keep the client from ending", async () => {
    const lines = await runWith(
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
    expect(lines.slice(-4)).toEqual(["subscribed: Connection closed", "close", "end", "ended: done"]);
  });

  test("messages leave in the order of the calls, whatever their QoS", async () => {
    const scenario: Scenario = async ({ connect, recording: { until } }) => {
      const client = connect();
      client.publish("a", "0");
      client.publish("b", "1", { qos: 1 });
      await until("packetsend publish", 2);
    };
    const sent = async (library: Library): Promise<string[]> =>
      (await runWith(library, scenario)).filter((line) => line.startsWith("packetsend publish"));
    expect(await sent("theirs")).toEqual(["packetsend publish b 1", "packetsend publish a 0"]);
    expect(await sent("ours")).toEqual(["packetsend publish a 0", "packetsend publish b 1"]);
  });

  test("a subscription made before the first connection waits for it", async () => {
    const lines = await runWith(
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
    const lines = await runWith(
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
    const order = async (library: Library): Promise<string[]> =>
      (await runWith(library, scenario, script)).filter((line) => line === "message t m" || line.startsWith("packetsend pubrec"));
    expect(await order("theirs")).toEqual(["packetsend pubrec", "message t m"]);
    expect(await order("ours")).toEqual(["message t m", "packetsend pubrec"]);
  });

  test("a topic name that is none fails the call and not the connection", async () => {
    const lines = await runWith("ours", async ({ connect, recording: { callback, until } }) => {
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

  test("a Subscription Identifier stays out of a message, [MQTT-3.3.4-6]: the server would end each connection for it", async () => {
    const sent: unknown[] = [];
    await runWith(
      "ours",
      async ({ connect, recording: { callback, until } }) => {
        const client = connect({ protocolVersion: 5 });
        await until("connect");
        const properties = { subscriptionIdentifier: 9, contentType: "text/plain" };
        client.publish("a", "1", { qos: 1, properties }, callback("published"));
        await until("published");
      },
      (packet, connection) => {
        if (packet.type === PacketType.PUBLISH) sent.push(packet.properties);
        connection.answer(packet);
      },
    );
    expect(sent).toEqual([{ contentType: "text/plain" }]);
  });

  test("a message sent again on a kept session carries DUP, [v3 MQTT-3.3.1-1]", async () => {
    const dups: boolean[] = [];
    await runWith(
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
    await runWith(
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
    const lines = await runWith(
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

  test("a URL object is its address", () => {
    const { username, host, port, path } = ours.connect(new URL("ws://u:p@127.0.0.9:1/x") as never, {
      manualConnect: true,
    }).options;
    expect({ username, host, port, path }).toEqual({ username: "u", host: "127.0.0.9", port: 1, path: "/x" });
  });

  test("an unknown scheme throws, and does not become plain MQTT", () => {
    expect(() => ours.connect("mqqt://localhost")).toThrow(/SCHEME_UNKNOWN/);
  });
});
