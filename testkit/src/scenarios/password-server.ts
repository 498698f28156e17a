import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type ConnectPacket, type Packet, PacketType } from "@bowline/protocol";
import { decodePacket, encodeToBytes, FrameDecoder, NO_LIMIT } from "@bowline/protocol/internal";

/** One connection as the server saw it; times are of `performance.now`. */
export interface SeenConnection {
  readonly socket: Socket;
  connect?: ConnectPacket;
  isAccepted: boolean;
  refusedAt?: number;
  closedAt?: number;
  /** Bytes that came after the CONNECT. */
  bytesAfter: number;
}

/**
 * A server that lets in who knows the password, and does nothing else but answer what must be answered. It may keep the connection
 * of who was refused open, which the specification forbids and some do.
 */
export class PasswordServer {
  password = "good";
  keepsOpen = false;
  /** False: connections are taken, and a CONNECT gets no answer. */
  answers = true;
  /** False: after the CONNACK not a byte comes. */
  pongs = true;
  /** Closes in place of the CONNACK. */
  closesAtConnect = false;
  readonly seen: SeenConnection[] = [];
  private readonly server: Server = createServer((socket) => this.serve(socket));
  private port = 0;

  static async start(): Promise<PasswordServer> {
    const one = new PasswordServer();
    await one.listen();
    return one;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  get refused(): SeenConnection[] {
    return this.seen.filter(({ refusedAt }) => refusedAt !== undefined);
  }

  get accepted(): SeenConnection[] {
    return this.seen.filter(({ isAccepted }) => isAccepted);
  }

  /** Connections whose socket is not closed. */
  get open(): SeenConnection[] {
    return this.seen.filter(({ closedAt }) => closedAt === undefined);
  }

  /** On the same port as before, after `close`. */
  async listen(): Promise<void> {
    this.server.listen(this.port, "127.0.0.1");
    await once(this.server, "listening");
    this.port = (this.server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const { socket } of this.open) socket.destroy();
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.cut();
    await once(this.server, "close");
  }

  private serve(socket: Socket): void {
    const one: SeenConnection = { socket, isAccepted: false, bytesAfter: 0 };
    this.seen.push(one);
    socket.on("error", () => undefined);
    socket.on("close", () => (one.closedAt = performance.now()));
    const decoder = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          this.answer(decodePacket(new Uint8Array(chunk), start, bodyStart, end, one.connect?.protocolVersion ?? 4), one);
          return true;
        },
        malformed: () => socket.destroy(),
      },
      NO_LIMIT,
    );
    socket.on("data", (chunk) => {
      if (one.connect !== undefined) one.bytesAfter += chunk.length;
      decoder.push(chunk);
    });
  }

  private answer(packet: Packet, one: SeenConnection): void {
    if (packet.type === PacketType.CONNECT) {
      one.connect = packet;
      if (this.closesAtConnect) one.socket.destroy();
      else if (this.answers) this.judge(packet, one);
      return;
    }
    const version = one.connect?.protocolVersion ?? 4;
    const send = (answer: Packet): void => void one.socket.write(encodeToBytes(answer, version));
    if (packet.type === PacketType.PINGREQ && this.pongs) send({ type: PacketType.PINGRESP });
    if (packet.type === PacketType.SUBSCRIBE) {
      send({ type: PacketType.SUBACK, packetIdentifier: packet.packetIdentifier, reasonCodes: packet.subscriptions.map(() => 0) });
    }
  }

  /** Answers a CONNECT. */
  judge(packet: ConnectPacket, one: SeenConnection): void {
    one.isAccepted = new TextDecoder().decode(packet.password) === this.password;
    const reasonCode = one.isAccepted ? 0 : 0x86;
    one.socket.write(encodeToBytes({ type: PacketType.CONNACK, sessionPresent: false, reasonCode }, packet.protocolVersion));
    if (one.isAccepted) return;
    one.refusedAt = performance.now();
    if (!this.keepsOpen) one.socket.end();
  }
}
