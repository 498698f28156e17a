import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { connack, publish } from "../../wire/build.ts";
import { ConformanceFailure } from "../../wire/conformance-failure.ts";
import { describePacket } from "../../wire/describe.ts";
import { Frames } from "../../wire/frames.ts";
import type { PacketName } from "../../wire/packet-name.ts";
import { parsePacket, type WirePacket } from "../../wire/parse.ts";
import { BOTH, clientCase, type ClientCase } from "../client-case.ts";
import { check, type Kit } from "../kit.ts";

/* Section 6: MQTT over WebSocket. */

const NEEDS = ["WebSocket"] as const;

/** A server of one case, over WebSocket. */
class WebSocketKit {
  /** What the client offered. */
  offered: readonly string[] = [];
  isBinary = true;
  private readonly kit: Kit;
  private readonly server: WebSocketServer;
  private readonly packets: WirePacket[] = [];
  private socket: WebSocket | undefined;
  private wake: (() => void) | undefined;
  private isClosed = false;

  constructor(kit: Kit, answer: string | false) {
    this.kit = kit;
    const handleProtocols = (offered: Set<string>): string | false => {
      this.offered = [...offered];
      return answer;
    };
    this.server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols });
    this.server.on("connection", (socket) => this.serve(socket));
    kit.onClose(() => this.close());
  }

  async start(): Promise<void> {
    if (this.server.address() === null) await once(this.server, "listening");
    this.kit.start({}, `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/mqtt`);
  }

  /** In one binary frame, or in one for each of the pieces. */
  send(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.socket?.send(piece, { binary: true });
  }

  sendText(text: string): void {
    this.socket?.send(text, { binary: false });
  }

  async expect(name: PacketName): Promise<WirePacket> {
    await this.until(() => this.packets.length > 0 || this.isClosed, name);
    const packet = this.packets.shift();
    check(packet?.name === name && packet.fault === undefined, name, packet === undefined ? "a close" : describePacket(packet));
    return packet;
  }

  /** The end of its WebSocket, or of its attempt to open one. */
  async expectClose(): Promise<void> {
    await this.until(() => this.isClosed, "a close");
  }

  private serve(socket: WebSocket): void {
    const frames = new Frames();
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("message", (data, isBinary) => {
      this.isBinary &&= isBinary;
      for (const bytes of frames.push(data as Buffer)) this.packets.push(parsePacket(Buffer.from(bytes), this.kit.version));
      this.wake?.();
    });
    socket.on("close", () => {
      this.isClosed = true;
      this.wake?.();
    });
  }

  private async until(isThere: () => boolean, expected: string): Promise<void> {
    const deadline = performance.now() + this.kit.limitMs;
    while (!isThere()) {
      const left = deadline - performance.now();
      if (left <= 0) throw new ConformanceFailure(expected, `nothing within ${this.kit.limitMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private async close(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function connected(kit: Kit): Promise<WebSocketKit> {
  const server = new WebSocketKit(kit, "mqtt");
  await server.start();
  await server.expect("CONNECT");
  server.send(connack({ version: kit.version }));
  return server;
}

function message(kit: Kit, payload: string, packetIdentifier: number): Buffer {
  return publish({ version: kit.version, topic: "a", payload, qos: 1, packetIdentifier });
}

export const webSocketCases: readonly ClientCase[] = [
  clientCase("[MQTT-6.0.0-3] [v3 MQTT-6.0.0-3] the client offers the subprotocol mqtt", BOTH, NEEDS, async (kit) => {
    const server = new WebSocketKit(kit, "mqtt");
    await server.start();
    await server.expect("CONNECT");
    check(server.offered.includes("mqtt"), "mqtt", server.offered);
  }),
  clientCase("[MQTT-6.0.0-1] [v3 MQTT-6.0.0-1] the client sends binary frames", BOTH, [...NEEDS, "publish"], async (kit) => {
    const server = await connected(kit);
    kit.client.publish({ topicName: "text", payload: "text" }).catch(() => undefined);
    await server.expect("PUBLISH");
    check(server.isBinary, "binary frames", "a text frame");
  }),
  clientCase("[MQTT-6.0.0-1] [v3 MQTT-6.0.0-1] a text frame: closes", BOTH, NEEDS, async (kit) => {
    const server = await connected(kit);
    server.send(message(kit, "x", 1));
    await server.expect("PUBACK");
    // As bytes it would be a PINGRESP before a fault, and that alone is no reason to close.
    server.sendText("\u0050");
    await server.expectClose();
  }),
  clientCase(
    "[MQTT-6.0.0-2] [v3 MQTT-6.0.0-2] packets need not begin and end with frames",
    BOTH,
    [...NEEDS, "receive"],
    async (kit) => {
      const server = await connected(kit);
      const bytes = Buffer.concat([message(kit, "one", 1), message(kit, "two", 2), message(kit, "three", 3)]);
      server.send(bytes.subarray(0, 5), bytes.subarray(5, 6), Buffer.alloc(0), bytes.subarray(6, 20), bytes.subarray(20));
      for (let i = 0; i < 3; i++) await server.expect("PUBACK");
      check(String(await kit.payloads(3)) === "one,two,three", "one two three", kit.received);
    },
  ),
  clientCase("[MQTT-6.0.0-4] [v3 MQTT-6.0.0-4] a server that chooses another subprotocol: closes", BOTH, NEEDS, async (kit) => {
    const server = new WebSocketKit(kit, "chat");
    await server.start();
    await server.expectClose();
  }),
];
