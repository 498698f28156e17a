import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Packet, PacketType } from "@bowline/protocol";
import { decodePacket, encodeToBytes, FrameDecoder, NO_LIMIT } from "@bowline/protocol/internal";

export const METHOD = "token";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A server of 5.0 that lets in by enhanced authentication: it asks each client for a proof, shows one of its own in the CONNACK, and
 * takes a new token on the open connection.
 */
export class ProvingServer {
  /** What the server says of itself. */
  proof = "I am the server";
  /** Tokens as they came: of a CONNECT, or of a re-authentication. */
  readonly tokens: string[] = [];
  connections = 0;
  /** Goodbyes. */
  disconnects = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((socket) => this.serve(socket));

  static async start(): Promise<ProvingServer> {
    const one = new ProvingServer();
    one.server.listen(0, "127.0.0.1");
    await once(one.server, "listening");
    return one;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, "close");
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.sockets.delete(socket));
    const frames = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          const answer = this.answerTo(decodePacket(new Uint8Array(chunk), start, bodyStart, end, 5));
          if (answer !== undefined) socket.write(encodeToBytes(answer, 5));
          return true;
        },
        malformed: () => socket.destroy(),
      },
      NO_LIMIT,
    );
    socket.on("data", (chunk) => frames.push(chunk));
  }

  private answerTo(packet: Packet): Packet | undefined {
    if (packet.type === PacketType.DISCONNECT) this.disconnects++;
    if (packet.type === PacketType.PUBLISH) {
      return { type: PacketType.PUBACK, packetIdentifier: packet.packetIdentifier ?? 0, reasonCode: 0 };
    }
    if (packet.type !== PacketType.CONNECT && packet.type !== PacketType.AUTH) return undefined;
    const said = decoder.decode(packet.properties?.authenticationData);
    if (packet.type === PacketType.CONNECT) {
      this.connections++;
      this.tokens.push(said);
      return auth(0x18, "who are you?");
    }
    if (packet.reasonCode === 0x19) {
      this.tokens.push(said);
      return auth(0, this.proof);
    }
    return { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0, properties: properties(this.proof) };
  }
}

function auth(reasonCode: number, text: string): Packet {
  return { type: PacketType.AUTH, reasonCode, properties: properties(text) };
}

function properties(text: string): { authenticationMethod: string; authenticationData: Uint8Array } {
  return { authenticationMethod: METHOD, authenticationData: encoder.encode(text) };
}
