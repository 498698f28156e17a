import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { type ConnackPacket, type Packet, PacketType, type ProtocolVersion } from "@bowline/protocol";
import { decodePacket, encodeToBytes, FrameDecoder, NO_LIMIT } from "@bowline/protocol/internal";

/** One connection of a client: what a script answers with. */
class ScriptedConnection {
  readonly socket: Socket;
  /** Number of this connection, from 1. */
  readonly number: number;
  version: ProtocolVersion = 4;

  constructor(socket: Socket, number: number) {
    this.socket = socket;
    this.number = number;
  }

  send(...packets: Packet[]): void {
    for (const packet of packets) this.socket.write(encodeToBytes(packet, this.version));
  }

  accept(connack: Partial<ConnackPacket> = {}): void {
    this.send({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0, ...connack });
  }

  /** Does what a broker does with a packet, but routes nothing. */
  answer(packet: Packet): void {
    switch (packet.type) {
      case PacketType.CONNECT:
        this.accept();
        return;
      case PacketType.SUBSCRIBE: {
        const reasonCodes = packet.subscriptions.map(({ qos }) => qos);
        this.send({ type: PacketType.SUBACK, packetIdentifier: packet.packetIdentifier, reasonCodes });
        return;
      }
      case PacketType.UNSUBSCRIBE: {
        const reasonCodes = packet.topicFilters.map(() => 0);
        this.send({ type: PacketType.UNSUBACK, packetIdentifier: packet.packetIdentifier, reasonCodes });
        return;
      }
      case PacketType.PUBLISH:
        if (packet.qos === 1) this.acknowledge(PacketType.PUBACK, packet.packetIdentifier);
        if (packet.qos === 2) this.acknowledge(PacketType.PUBREC, packet.packetIdentifier);
        return;
      case PacketType.PUBREC:
        this.acknowledge(PacketType.PUBREL, packet.packetIdentifier);
        return;
      case PacketType.PUBREL:
        this.acknowledge(PacketType.PUBCOMP, packet.packetIdentifier);
        return;
      case PacketType.PINGREQ:
        this.send({ type: PacketType.PINGRESP });
        return;
      default:
    }
  }

  acknowledge(
    type: typeof PacketType.PUBACK | typeof PacketType.PUBREC | typeof PacketType.PUBREL | typeof PacketType.PUBCOMP,
    packetIdentifier: number | undefined,
    reasonCode = 0,
  ): void {
    this.send({ type, packetIdentifier: packetIdentifier ?? 0, reasonCode });
  }
}

/** What a server does with a packet. */
export type Script = (packet: Packet, connection: ScriptedConnection) => void;

/** A server on a TCP port that does what a script says. */
export class ScriptedTcpServer {
  /** Packets that came, of all connections. */
  readonly received: Packet[] = [];
  private readonly script: Script;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private connections = 0;
  /** Also after the end, when nobody listens there any more. */
  url = "";

  private constructor(script: Script) {
    this.script = script;
    this.server = createServer((socket) => this.serve(socket));
  }

  static async start(script: Script = (packet, connection) => connection.answer(packet)): Promise<ScriptedTcpServer> {
    const one = new ScriptedTcpServer(script);
    one.server.listen(0, "127.0.0.1");
    await once(one.server, "listening");
    one.url = `mqtt://127.0.0.1:${(one.server.address() as AddressInfo).port}`;
    return one;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, "close");
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private serve(socket: Socket): void {
    const connection = new ScriptedConnection(socket, ++this.connections);
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    // Clients under test cut connections.
    socket.on("error", () => undefined);
    const decoder = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          const packet = decodePacket(new Uint8Array(chunk), start, bodyStart, end, connection.version);
          if (packet.type === PacketType.CONNECT) connection.version = packet.protocolVersion;
          this.received.push(packet);
          this.script(packet, connection);
          return true;
        },
        malformed: () => socket.destroy(),
      },
      NO_LIMIT,
    );
    socket.on("data", (chunk) => decoder.push(chunk));
  }
}
