import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { decodePacket, encodeToBytes, FrameDecoder, matches } from "@bowline/protocol/internal";
import type { Packet, PublishPacket, SubscribePacket } from "@bowline/protocol";

/** What a broker for tests does wrong, once, with the fiftieth message. */
export type BrokerFault =
  | "none"
  | "loses"
  | "doubles"
  | "reorders"
  | "corrupts"
  | "cuts"
  | "misroutes"
  | "retains"
  | "takes the wrong topic"
  | "forgets to acknowledge"
  | "swaps acknowledgements"
  | "closes"
  | "takes one connection only"
  | "refuses every other connection"
  | "falls silent";

const FAULTY_MESSAGE = 50;

/** The least that a broker can be, to test the load generator, with one fault that the generator has to see. */
export class FaultyBroker {
  /** PUBLISH packets that went out. */
  delivered = 0;
  private readonly fault: BrokerFault;
  private readonly version: 4 | 5;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly subscribers = new Map<string, Socket[]>();
  private readonly heldBack: (() => void)[] = [];
  private forwarded = 0;
  private acknowledged = 0;
  private nextIdentifier = 1;
  private accepted = 0;

  private constructor(fault: BrokerFault, version: 4 | 5) {
    this.fault = fault;
    this.version = version;
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  static async start(fault: BrokerFault, version: 4 | 5 = 4): Promise<FaultyBroker> {
    const broker = new FaultyBroker(fault, version);
    broker.server.listen(0, "127.0.0.1");
    await once(broker.server, "listening");
    return broker;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** CONNECTs that were answered. */
  get welcomed(): number {
    return this.accepted;
  }

  /** Connections that are there. */
  get connections(): number {
    return this.sockets.size;
  }

  cutAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cutAll();
    this.server.close();
    await once(this.server, "close");
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    const decoder = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          this.take(socket, decodePacket(chunk, start, bodyStart, end, this.version));
          return true;
        },
        malformed: () => socket.destroy(),
      },
      1_000_000,
    );
    socket.on("data", (chunk) => decoder.push(chunk)).on("error", () => {});
    socket.on("close", () => this.sockets.delete(socket));
  }

  private take(socket: Socket, packet: Packet): void {
    if (packet.type === 1) this.send(socket, { type: 2, sessionPresent: false, reasonCode: this.answerToConnect() });
    else if (packet.type === 8) this.subscribe(socket, packet);
    else if (packet.type === 3) this.publish(socket, packet);
    // PUBREC and PUBREL have one answer each.
    else if (packet.type === 5) this.send(socket, { ...packet, type: 6 });
    else if (packet.type === 6) this.send(socket, { ...packet, type: 7 });
  }

  private answerToConnect(): number {
    const turn = ++this.accepted;
    const isTooMany =
      (turn > 1 && this.fault === "takes one connection only") ||
      (turn % 2 === 0 && this.fault === "refuses every other connection");
    return isTooMany ? (this.version === 5 ? 0x97 : 3) : 0;
  }

  private subscribe(socket: Socket, { packetIdentifier, subscriptions }: SubscribePacket): void {
    const { topicFilter, qos } = subscriptions[0]!;
    this.subscribers.set(topicFilter, [...(this.subscribers.get(topicFilter) ?? []), socket]);
    this.send(socket, { type: 9, packetIdentifier, reasonCodes: [qos] });
  }

  private publish(socket: Socket, packet: PublishPacket): void {
    for (const [topicFilter, sockets] of this.subscribers) {
      if (matches(topicFilter, packet.topicName)) for (const subscriber of sockets) this.forward(subscriber, packet);
    }
    this.acknowledge(socket, packet);
  }

  private forward(socket: Socket, packet: PublishPacket): void {
    if (++this.forwarded === FAULTY_MESSAGE && this.misbehaves(socket, packet)) return;
    this.deliver(socket, packet);
    this.heldBack.shift()?.();
  }

  /** False when the fault is none of delivery. */
  private misbehaves(socket: Socket, packet: PublishPacket): boolean {
    const { payload } = packet;
    const all = [...this.subscribers.values()].flat();
    const faults: Partial<Record<BrokerFault, () => void>> = {
      loses: () => {},
      doubles: () => [packet, packet].forEach((one) => this.deliver(socket, one)),
      reorders: () => this.heldBack.push(() => this.deliver(socket, packet)),
      corrupts: () => this.deliver(socket, { ...packet, payload: Uint8Array.of(...payload.slice(0, -1), payload.at(-1)! ^ 1) }),
      cuts: () => this.deliver(socket, { ...packet, payload: payload.slice(0, -1) }),
      misroutes: () => this.deliver(all.find((other) => other !== socket)!, packet),
      retains: () => this.deliver(socket, { ...packet, retain: true }),
      "takes the wrong topic": () => this.deliver(socket, { ...packet, topicName: packet.topicName.replace(/.$/, "0") }),
      closes: () => socket.destroy(),
      "falls silent": () => this.fallSilent(),
    };
    const fault = faults[this.fault];
    fault?.();
    return fault !== undefined;
  }

  /** Reads no more, and says nothing. */
  private fallSilent(): void {
    for (const socket of this.sockets) socket.pause();
  }

  private deliver(socket: Socket, packet: PublishPacket): void {
    this.delivered++;
    this.send(socket, packet.qos === 0 ? packet : { ...packet, packetIdentifier: this.takeIdentifier() });
  }

  private acknowledge(socket: Socket, { qos, packetIdentifier }: PublishPacket): void {
    if (packetIdentifier === undefined) return;
    const turn = ++this.acknowledged;
    const send = (): void => this.send(socket, { type: qos === 1 ? 4 : 5, packetIdentifier, reasonCode: 0 });
    if (turn === FAULTY_MESSAGE && this.fault === "forgets to acknowledge") return;
    if (turn === FAULTY_MESSAGE && this.fault === "swaps acknowledgements") {
      setImmediate(send);
      return;
    }
    send();
  }

  private takeIdentifier(): number {
    const identifier = this.nextIdentifier;
    this.nextIdentifier = identifier === 0xffff ? 1 : identifier + 1;
    return identifier;
  }

  private send(socket: Socket, packet: Packet): void {
    socket.write(encodeToBytes(packet, this.version));
  }
}
