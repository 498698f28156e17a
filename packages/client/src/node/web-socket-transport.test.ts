import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { encodeToBytes } from "@bowline/protocol/internal";
import { afterEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { Client } from "../client.ts";
import { connect } from "../connect.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Met {
  client: Client;
  socket: WebSocket;
  offered: ReadonlySet<string>;
  /** Of each frame that came: whether it was binary. */
  frames: boolean[];
  closed: Promise<unknown>;
}

/** A client of ours, met at a WebSocket server that accepts its CONNECT with the CONNACK cut into single bytes. */
async function meet(protocolVersion: 4 | 5): Promise<Met> {
  let offered: ReadonlySet<string> = new Set();
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    handleProtocols: (protocols) => {
      offered = protocols;
      return "mqtt";
    },
  });
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect(`ws://127.0.0.1:${port}/mqtt`, { protocolVersion, reconnect: false });
  client.on("attemptFailed", () => {});
  cleanups.push(() => client.abort());
  const [socket] = (await once(server, "connection")) as [WebSocket];
  const closed = once(socket, "close");
  const frames: boolean[] = [];
  socket.on("message", (_chunk: Buffer, isBinary: boolean) => frames.push(isBinary));
  await once(socket, "message");
  const connack = encodeToBytes({ type: 2, sessionPresent: false, reasonCode: 0 }, protocolVersion);
  for (const byte of connack) socket.send(Uint8Array.of(byte));
  await client.online();
  return { client, socket, offered, frames, closed };
}

// covers: [MQTT-4.2.0-1] [v3 MQTT-7.1.2-1]
test.each([4, 5] as const)(
  "[MQTT-6.0.0-3] [v3 MQTT-6.0.0-3] [MQTT-6.0.0-2] [v3 MQTT-6.0.0-2] mqtt is offered, packets leave in binary frames and may come in pieces (version %i)",
  async (protocolVersion) => {
    const { client, offered, frames, closed } = await meet(protocolVersion);
    expect([...offered]).toContain("mqtt");
    await client.publish("t", "payload");
    await client.close();
    await closed;
    expect(frames.length).toBeGreaterThan(1);
    expect(frames).not.toContain(false);
  },
);

test.each([4, 5] as const)(
  "[MQTT-6.0.0-1] [v3 MQTT-6.0.0-1] a text frame from the server closes the connection (version %i)",
  async (protocolVersion) => {
    const { client, socket, closed } = await meet(protocolVersion);
    const lost = new Promise((resolve) => client.once("connectionLost", resolve));
    socket.send("text");
    await Promise.all([lost, closed]);
    expect(client.status.state).not.toBe("online");
  },
);
