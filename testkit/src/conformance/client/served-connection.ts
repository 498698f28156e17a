import {
  acknowledgement,
  type AcknowledgementOptions,
  connack,
  type ConnackOptions,
  publish,
  type PublishOptions,
  reasonCodes,
} from "../wire/build.ts";
import { ConformanceFailure } from "../wire/conformance-failure.ts";
import { describePacket, hexByte } from "../wire/describe.ts";
import type { PacketName } from "../wire/packet-name.ts";
import type { WireConnect, WirePacket } from "../wire/parse.ts";
import { CLOSED, type Peer } from "../wire/peer.ts";
import type { Version } from "./client-driver.ts";
import { Recommendation } from "./recommendation.ts";

type Without<T> = Omit<T, "version">;
type Acknowledgement = "PUBACK" | "PUBREC" | "PUBREL" | "PUBCOMP";

/** A Packet Identifier that no case uses for anything else. */
const FENCE = 0xffff;
/** Messages on it are the kit's own. */
export const FENCE_TOPIC = "conformance/fence";

/** One Network Connection of the client under test, seen from its server, who has read the CONNECT. */
export class ServedConnection {
  readonly peer: Peer;
  readonly packet: WirePacket;

  constructor(peer: Peer, packet: WirePacket) {
    this.peer = peer;
    this.packet = packet;
  }

  get version(): Version {
    return this.peer.version;
  }

  get connect(): WireConnect {
    return this.packet.connect as WireConnect;
  }

  // What the server sends.

  accept(options: Without<ConnackOptions> = {}): void {
    this.peer.send(connack({ version: this.version, ...options }));
  }

  publish(options: Without<PublishOptions>): void {
    this.peer.send(publish({ version: this.version, ...options }));
  }

  acknowledge(type: Acknowledgement, packetIdentifier: number | undefined, reasonCode?: number): void {
    const options: AcknowledgementOptions = { version: this.version, packetIdentifier: packetIdentifier ?? 0 };
    this.peer.send(acknowledgement(type, reasonCode === undefined ? options : { ...options, reasonCode }));
  }

  /** Grants what a SUBSCRIBE asks for, or says that an UNSUBSCRIBE is done. */
  answer({ name, packetIdentifier = 0, filters = [] }: WirePacket): void {
    const { version } = this;
    if (name === "SUBSCRIBE") {
      const granted = filters.map(({ options = 0 }) => options & 3);
      this.peer.send(reasonCodes("SUBACK", { version, packetIdentifier, reasonCodes: granted }));
    } else {
      const codes = version === 5 ? filters.map(() => 0) : [];
      this.peer.send(reasonCodes("UNSUBACK", { version, packetIdentifier, reasonCodes: codes }));
    }
  }

  /** Ends the server's half of the stream. */
  endStream(): void {
    this.peer.endStream();
  }

  // What the client must do.

  /** That many packets, of any type, in the order they come. */
  async take(count: number): Promise<WirePacket[]> {
    const all: WirePacket[] = [];
    while (all.length < count) {
      const event = await this.peer.next(`packet ${all.length + 1} of ${count}`);
      if (event === CLOSED || event.fault !== undefined) {
        throw new ConformanceFailure(`packet ${all.length + 1} of ${count}`, shown(event));
      }
      all.push(event);
    }
    return all;
  }

  /**
   * What the client sent up to now, in answer to everything it was sent: a message it must acknowledge is sent, and its
   * acknowledgement is the end.
   */
  async settle(): Promise<WirePacket[]> {
    this.peer.send(this.fence());
    const before: WirePacket[] = [];
    const expected = "that the connection goes on: a PUBACK for a message at QoS 1";
    for (;;) {
      const event = await this.peer.next(expected);
      if (event === CLOSED || event.fault !== undefined) throw new ConformanceFailure(expected, shown(event));
      if (event.name === "PUBACK" && event.packetIdentifier === FENCE) return before;
      before.push(event);
    }
  }

  /** What the client sent in answer to everything up to now, or up to its close, which is its right too. */
  async answers(...names: readonly PacketName[]): Promise<WirePacket[]> {
    this.peer.send(this.fence());
    const all: WirePacket[] = [];
    for (;;) {
      const event = await this.peer.next("an answer or a close");
      if (event === CLOSED || (event.name === "PUBACK" && event.packetIdentifier === FENCE)) return all;
      if (names.length === 0 || names.includes(event.name)) all.push(event);
    }
  }

  /** Nothing but what was taken already has come, and the connection goes on. */
  async expectNothing(instead = "nothing more"): Promise<void> {
    const [first] = await this.settle();
    if (first !== undefined) throw new ConformanceFailure(instead, describePacket(first));
  }

  /** Ends without having to say why. Packets that came before are answered. */
  async expectEnd(expected = "that the client closes"): Promise<WirePacket[]> {
    const before: WirePacket[] = [];
    for (;;) {
      const event = await this.peer.next(expected);
      if (event === CLOSED) return before;
      before.push(event);
    }
  }

  /**
   * These bytes are a violation: the client closes, and on 5.0 says so with one of these codes before. A message sent right
   * behind them shows at once when it does not.
   */
  async expectRejected(bytes: readonly Uint8Array[], ...codes: readonly number[]): Promise<void> {
    this.peer.send(...bytes, this.fence());
    await this.expectGoodbye(...codes);
  }

  /** The client closes, and on 5.0 says so with one of these codes before. */
  async expectGoodbye(...codes: readonly number[]): Promise<void> {
    const wanted = `DISCONNECT ${codes.map(hexByte).join(" or ")} and a close`;
    const expected = this.version === 5 ? wanted : "a close";
    const before: WirePacket[] = [];
    for (;;) {
      const event = await this.peer.next(expected);
      if (event === CLOSED) break;
      if (event.fault !== undefined || (event.name === "PUBACK" && event.packetIdentifier === FENCE)) {
        throw new ConformanceFailure(expected, `${shown(event)}, and the connection goes on`);
      }
      before.push(event);
    }
    if (this.version !== 5) return;
    const last = before.at(-1);
    if (last?.name !== "DISCONNECT") throw new Recommendation(wanted, "a close without a word");
    if (!codes.includes(last.reasonCode ?? 0)) throw new Recommendation(wanted, describePacket(last));
  }

  private fence(): Uint8Array {
    return publish({ version: this.version, topic: FENCE_TOPIC, qos: 1, packetIdentifier: FENCE });
  }
}

function shown(event: WirePacket | typeof CLOSED): string {
  return event === CLOSED ? CLOSED : describePacket(event);
}
