import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Persistent Sessions that are away, each with a topic of its own. */
const SESSIONS = 50;
const PUBLISHERS = 10;
/** Unacknowledged messages of one publisher. */
const WINDOW = 200;
const PAYLOAD_BYTES = 256;

/** MQTT 3.1.1 with as little work as can be: the load must not take what the broker is to have. */
export class OfflineLoad {
  acknowledged = 0;
  private readonly port: number;
  private readonly sockets: Socket[] = [];
  private isOver = false;

  constructor(port: number) {
    this.port = port;
  }

  /** Makes the Sessions and leaves them alone. */
  async prepare(): Promise<void> {
    for (let number = 0; number < SESSIONS; number++) {
      const socket = await this.open(`sleeper-${number}`, false);
      socket.write(subscribeTo(topicOf(number)));
      await once(socket, "data");
      socket.end(Buffer.from([0xe0, 0]));
      await once(socket, "close");
    }
  }

  async start(): Promise<void> {
    for (let number = 0; number < PUBLISHERS; number++) this.publish(await this.open(`publisher-${number}`, true), number);
  }

  stop(): void {
    this.isOver = true;
    for (const socket of this.sockets) socket.destroy();
  }

  private async open(clientIdentifier: string, isClean: boolean): Promise<Socket> {
    const socket = connect(this.port, "127.0.0.1").setNoDelay();
    socket.write(connectPacket(clientIdentifier, isClean));
    const [connack] = (await once(socket, "data")) as [Buffer];
    if (connack[3] !== 0) throw new Error(`CONNACK ${connack[3]}`);
    return socket;
  }

  /** Keeps a window of messages underway, to all topics in turn. */
  private publish(socket: Socket, number: number): void {
    this.sockets.push(socket);
    let next = number;
    let identifier = 0;
    const send = (count: number): void => {
      const packets = Buffer.allocUnsafe(count * publishes[0]!.length);
      for (let at = 0; at < packets.length; at += publishes[0]!.length) {
        identifier = (identifier % 60_000) + 1;
        const packet = publishes[next++ % SESSIONS]!;
        packet.copy(packets, at);
        packets.writeUInt16BE(identifier, at + IDENTIFIER_AT);
      }
      socket.write(packets);
    };
    let part = 0;
    socket.on("data", (chunk: Buffer) => {
      // A PUBACK is 4 bytes, and nothing else comes.
      part += chunk.length;
      const count = Math.floor(part / 4);
      part %= 4;
      this.acknowledged += count;
      if (!this.isOver) send(count);
    });
    socket.on("error", () => {});
    send(WINDOW);
  }
}

/** All of one length. */
function topicOf(number: number): string {
  return `plant/line-${100 + number}/temperature`;
}

function packetOf(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function connectPacket(clientIdentifier: string, isClean: boolean): Buffer {
  return packetOf(0x10, text("MQTT"), Buffer.from([4, isClean ? 2 : 0, 0, 0]), text(clientIdentifier));
}

function subscribeTo(topicFilter: string): Buffer {
  return packetOf(0x82, Buffer.from([0, 1]), text(topicFilter), Buffer.from([1]));
}

/** A PUBLISH of QoS 1 for each Session, and where its Packet Identifier is: behind the topic, and 5 bytes before that. */
const payload = Buffer.alloc(PAYLOAD_BYTES, "x");
const publishes = Array.from({ length: SESSIONS }, (_, number) => packetOf(0x32, text(topicOf(number)), Buffer.alloc(2), payload));
const IDENTIFIER_AT = topicOf(0).length + 5;
