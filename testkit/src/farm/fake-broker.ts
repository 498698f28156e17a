import type { Duplex } from "node:stream";
import { type ConnectPacket, decodePacket, encodeToBytes, type Packet, PacketType, type Properties } from "@bowline/protocol";
import { FrameWalk } from "@bowline/protocol/internal";

/** What one connection is to be like; the user name of its CONNECT picks it. */
interface Behaviour {
  readonly word: string;
  readonly number: number;
}

const DROP_AFTER_MS = 300;
/** Sooner, so that a doctor on a slow machine still waits for it: whatever it does meanwhile, it is told the reason. */
const DISCONNECT_AFTER_MS = 100;
const IDLE_MS = 1000;
/** Who was accepted late, by Client Identifier; those of the older version come later and are accepted sooner. */
const holders = new Map<string, Duplex>();

/**
 * A broker that does what the user name of a CONNECT says: `rc=135`, `disc=142`, `fin` and so on; else it works.
 *
 * @param anonymous what a CONNECT without a user name stands for
 */
export function serveFake(stream: Duplex, anonymous = ""): void {
  stream.on("error", () => undefined);
  let connection: Connection | undefined;
  const walk = new FrameWalk(
    {
      frame: (chunk, start, bodyStart, end) => {
        try {
          const packet = decodePacket(chunk, start, bodyStart, end, connection?.version ?? 5);
          if (packet.type === PacketType.CONNECT) connection = new Connection(stream, packet, anonymous);
          else connection?.take(packet);
          return true;
        } catch {
          stream.destroy();
          return false;
        }
      },
      malformed: () => stream.destroy(),
    },
    1 << 20,
  );
  stream.on("data", (chunk: Buffer) => walk.push(new Uint8Array(chunk)));
}

class Connection {
  readonly version: 3 | 4 | 5;
  private readonly stream: Duplex;
  private readonly behaviour: Behaviour;
  private idle: NodeJS.Timeout | undefined;

  constructor(stream: Duplex, connect: ConnectPacket, anonymous: string) {
    this.stream = stream;
    this.version = connect.protocolVersion;
    const [word = "", number = "0"] = (connect.username ?? anonymous).split(/[=?]/);
    this.behaviour = { word, number: Number(number) };
    stream.once("close", () => clearTimeout(this.idle));
    this.answer(connect);
  }

  private answer(connect: ConnectPacket): void {
    const { stream } = this;
    const { word, number } = this.behaviour;
    const isOwnId = !connect.clientIdentifier.startsWith("doctor");
    if (word === "rc")
      this.send({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: number, ...reason(this.version) }, true);
    else if (word === "badid" && isOwnId) this.send({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: number }, true);
    else if (word === "dropid" && isOwnId) stream.end();
    else if (word === "old" && this.version === 5) stream.end(Uint8Array.of(0x20, 2, 0, 1));
    else if (word === "mute5" && this.version === 5) stream.end();
    else if (word === "badwill" && connect.will !== undefined) stream.end();
    else if (word === "drop") stream.end();
    else if (word === "bad") stream.end(Uint8Array.of(0x20, 2, 0));
    else if (word === "garbage") stream.write(Uint8Array.of(0x90, 0x91, 0x92, 0xff));
    else if (word === "slow") this.acceptLate(connect.clientIdentifier, this.version === 5 ? number : number / 2);
    else if (word === "slowrc") setTimeout(() => this.refuse(135), number);
    else if (word === "moved") this.refuse(number, { serverReference: "other.example:1883" });
    else this.accept(isOwnId);
  }

  /** As brokers do, of those of one Client Identifier it keeps the last. */
  private acceptLate(clientIdentifier: string, ms: number): void {
    const { stream } = this;
    setTimeout(() => {
      if (stream.destroyed || stream.readableEnded) return;
      holders.get(clientIdentifier)?.end();
      holders.set(clientIdentifier, stream);
      this.accept(false);
    }, ms);
  }

  private refuse(reasonCode: number, properties: Properties = {}): void {
    this.send({ type: PacketType.CONNACK, sessionPresent: false, reasonCode, ...(this.version === 5 ? { properties } : {}) }, true);
  }

  private accept(isOwnId: boolean): void {
    const { stream } = this;
    const { word, number } = this.behaviour;
    const properties: Properties = {
      ...(word === "maxqos" ? { maximumQoS: number as 0 | 1 } : {}),
      ...(word === "noretain" ? { retainAvailable: 0 } : {}),
      ...(word === "keepalive" ? { serverKeepAlive: number } : {}),
      ...(word === "maxpacket" ? { maximumPacketSize: number } : {}),
    };
    const more = this.version === 5 ? { properties } : {};
    this.send({ type: PacketType.CONNACK, sessionPresent: word === "sp1", reasonCode: 0, ...more });
    const later = (act: () => void, ms: number = DROP_AFTER_MS): void => void setTimeout(act, ms);
    const disconnect = { type: PacketType.DISCONNECT, reasonCode: number, ...reason(this.version) } as const;
    if (word === "disc") later(() => this.send(disconnect, true), DISCONNECT_AFTER_MS);
    if (word === "fin" || (word === "taken" && isOwnId)) later(() => stream.end());
    if (word === "rst") later(() => stream.destroy());
    this.stayAwake();
  }

  take(packet: Packet): void {
    const { word, number } = this.behaviour;
    this.stayAwake();
    if (packet.type === PacketType.SUBSCRIBE) this.subscribe(packet.packetIdentifier);
    if (packet.type === PacketType.PINGREQ && word !== "noping") this.send({ type: PacketType.PINGRESP });
    if (packet.type === PacketType.DISCONNECT) this.stream.end();
    if (packet.type !== PacketType.PUBLISH) return;
    if (word === "pubclose" || (word === "disconpub" && this.version < 5)) {
      this.stream.end();
      return;
    }
    if (word === "disconpub") {
      this.send({ type: PacketType.DISCONNECT, reasonCode: number }, true);
      return;
    }
    const { packetIdentifier } = packet;
    const reasonCode = word === "nopub" ? number : 0;
    if (packetIdentifier !== undefined && packet.qos === 1) this.send({ type: PacketType.PUBACK, packetIdentifier, reasonCode });
    if (word === "nopub" || word === "swallow") return;
    const { topicName, payload } = packet;
    this.send({ type: PacketType.PUBLISH, topicName, payload, qos: 0, retain: false, dup: false });
  }

  private subscribe(packetIdentifier: number): void {
    const { word, number } = this.behaviour;
    if (word === "subclose") this.stream.end();
    else this.send({ type: PacketType.SUBACK, packetIdentifier, reasonCodes: [word === "nosub" ? number : 0] });
  }

  /** `idle`: cuts a connection that is silent, as a proxy does. */
  private stayAwake(): void {
    if (this.behaviour.word !== "idle") return;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stream.end(), IDLE_MS);
  }

  private send(packet: Packet, isLast = false): void {
    // Before 5.0 a server has no DISCONNECT.
    const bytes =
      packet.type === PacketType.DISCONNECT && this.version < 5 ? new Uint8Array(0) : encodeToBytes(packet, this.version);
    if (isLast) this.stream.end(bytes);
    else this.stream.write(bytes);
  }
}

const reason = (version: number): { properties?: Properties } =>
  version === 5 ? { properties: { reasonString: "because the farm says so" } } : {};
