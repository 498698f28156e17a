import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Packet } from "@bowline/protocol";
import { decodePacket, encodeToBytes, FrameDecoder } from "@bowline/protocol/internal";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, startServer } from "../server/start-server.ts";

let folder = "";
let server: Server;
const open: { terminate(): void }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-ws-"));
  const listen = ["ws://127.0.0.1:0/mqtt", "mqtt://127.0.0.1:0"];
  const overrides = { data: "data", memory: true, anonymous: true, console: false as const, listen };
  const config = await loadConfig({ directory: folder, overrides });
  server = await startServer({ config, logger: silentLogger, version: "1.2.3", consoleFiles: undefined });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  for (const each of open.splice(0)) each.terminate();
});

test("a first message that is larger than any CONNECT is cut off before it is whole", async () => {
  const { webSocket } = await openWebSocket(5);
  const before = server.broker.counters.bytesReceived;
  webSocket.on("error", () => {});
  const closed = once(webSocket, "close");
  // A PUBLISH-sized message of 8 MiB, which a client that is known may send.
  webSocket.send(Buffer.alloc(8 << 20));
  await closed;
  expect(server.broker.counters.bytesReceived).toBe(before);
});

test("a client that is known sends messages of any size, also in pieces", async () => {
  const { webSocket, queue } = await openWebSocket(5);
  webSocket.send(connectBytes(5, "large"));
  await queue.next();
  const payload = new Uint8Array(1 << 20);
  const bytes = encodeToBytes({ type: 3, topicName: "large", payload, qos: 1, packetIdentifier: 1, retain: false, dup: false }, 5);
  webSocket.send(bytes.subarray(0, 400_000), { fin: false });
  webSocket.send(bytes.subarray(400_000), { fin: true });
  expect(await queue.next()).toMatchObject({ type: 4, packetIdentifier: 1 });
});

/** Reads packets off a stream of chunks, however they are cut. */
class PacketQueue {
  private readonly packets: Packet[] = [];
  private wake: () => void = () => {};
  private readonly decoder: FrameDecoder;

  constructor(version: 4 | 5) {
    this.decoder = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          this.packets.push(decodePacket(chunk.slice(), start, bodyStart, end, version));
          this.wake();
          return true;
        },
        malformed: (reasonCode, detail) => {
          throw new Error(`0x${reasonCode.toString(16)} ${detail}`);
        },
      },
      1 << 20,
    );
  }

  push(chunk: Uint8Array): void {
    this.decoder.push(chunk);
  }

  async next(): Promise<Packet> {
    while (this.packets.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.packets.shift()!;
  }
}

async function openWebSocket(version: 4 | 5): Promise<{ webSocket: WebSocket; queue: PacketQueue; isBinary: boolean[] }> {
  const webSocket = new WebSocket(server.listeners.find((url) => url.startsWith("ws:"))!, ["mqtt"]);
  open.push(webSocket);
  const queue = new PacketQueue(version);
  const isBinary: boolean[] = [];
  webSocket.on("message", (chunk: Buffer, binary: boolean) => {
    isBinary.push(binary);
    queue.push(chunk);
  });
  await once(webSocket, "open");
  return { webSocket, queue, isBinary };
}

const connectBytes = (version: 4 | 5, clientIdentifier: string): Uint8Array =>
  encodeToBytes({ type: 1, protocolVersion: version, cleanStart: true, keepAlive: 0, clientIdentifier }, version);
const pingreq = Uint8Array.of(0xc0, 0);

describe.each([4, 5] as const)("over WebSocket, version %i", (version) => {
  test("[MQTT-6.0.0-4] [v3 MQTT-6.0.0-4] the subprotocol selected is mqtt", async () => {
    const { webSocket } = await openWebSocket(version);
    expect(webSocket.protocol).toBe("mqtt");
  });

  test("[MQTT-6.0.0-2] [v3 MQTT-6.0.0-2] a frame may hold a byte of a packet, or the end of one, a whole one and the beginning of a third", async () => {
    const { webSocket, queue } = await openWebSocket(version);
    const connect = connectBytes(version, `frames-${version}`);
    for (const byte of connect.subarray(0, -1)) webSocket.send(Uint8Array.of(byte));
    webSocket.send(Buffer.concat([connect.subarray(-1), pingreq, pingreq.subarray(0, 1)]));
    webSocket.send(pingreq.subarray(1));
    expect([(await queue.next()).type, (await queue.next()).type, (await queue.next()).type]).toEqual([2, 13, 13]);
  });

  test("[MQTT-6.0.0-1] [v3 MQTT-6.0.0-1] all that is sent is in binary frames, and a text frame closes the connection", async () => {
    const { webSocket, queue, isBinary } = await openWebSocket(version);
    webSocket.send(connectBytes(version, `text-${version}`));
    expect(await queue.next()).toMatchObject({ type: 2, reasonCode: 0 });
    webSocket.send(pingreq);
    expect(await queue.next()).toMatchObject({ type: 13 });
    expect(isBinary.length).toBeGreaterThan(0);
    expect(isBinary).not.toContain(false);
    const closed = once(webSocket, "close");
    webSocket.send("\xc0\0");
    expect((await closed)[0]).toBe(1003);
  });

  test("[MQTT-4.2.0-1] [v3 MQTT-7.1.1-1] TCP and WebSocket carry the same bytes in order: what goes in here comes out there", async () => {
    const { webSocket, queue } = await openWebSocket(version);
    webSocket.send(connectBytes(version, `receiver-${version}`));
    await queue.next();
    const subscription = {
      topicFilter: `bytes/${version}`,
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    } as const;
    webSocket.send(encodeToBytes({ type: 8, packetIdentifier: 1, subscriptions: [subscription] }, version));
    expect(await queue.next()).toMatchObject({ type: 9, reasonCodes: [0] });
    const socket = openSocket();
    await once(socket, "connect");
    socket.write(connectBytes(version, `sender-${version}`));
    const payloads = [0, 1, 1_000, 100_000, 7].map((size, seed) =>
      Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed) & 0xff),
    );
    for (const payload of payloads) {
      const publish: Packet = { type: 3, topicName: subscription.topicFilter, payload, qos: 0, retain: false, dup: false };
      socket.write(encodeToBytes(publish, version));
    }
    for (const payload of payloads) {
      const packet = await queue.next();
      expect(packet.type === 3 && Buffer.compare(packet.payload, payload)).toBe(0);
    }
  });
});

function openSocket(): Socket {
  const url = new URL(server.listeners.find((each) => each.startsWith("mqtt:"))!);
  const socket = connectSocket(Number(url.port), "127.0.0.1");
  open.push({ terminate: () => socket.destroy() });
  return socket;
}
