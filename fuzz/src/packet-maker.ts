import { encodeToBytes, type Packet, type Properties, type ProtocolVersion, type QoS } from "@bowline/protocol";
import type { Random } from "./random.ts";

const texts: readonly string[] = ["", "a", "a/b", "$SYS/x", "a/+/c", "#", "$share/g/a", "köln/🐙", "x".repeat(200), "a//b", "/"];
const topics: readonly string[] = ["a", "a/b", "$SYS/x", "köln/🐙", "a//b", "/", "x".repeat(200)];

/** Packets that are well formed and otherwise as wild as they come: few identifiers, so that they meet, and any order and role. */
export class PacketMaker {
  private readonly random: Random;
  private readonly version: ProtocolVersion;
  private readonly method: boolean;

  /** @param method Whether a CONNACK names an Authentication Method, mostly. */
  constructor(random: Random, version: ProtocolVersion, method: boolean) {
    this.random = random;
    this.version = version;
    this.method = method;
  }

  /** The bytes of a packet of one of these types; what cannot be encoded is made anew. */
  bytes(types: readonly number[]): Uint8Array {
    for (;;) {
      try {
        return encodeToBytes(this.packet(this.pick(types)), this.version);
      } catch {
        // A combination that a sender refuses, such as a Topic Name with wildcards: the mutations make those.
      }
    }
  }

  packet(type: number): Packet {
    const { random, version } = this;
    const packetIdentifier = 1 + random.below(6);
    const v5 = version === 5;
    switch (type) {
      case 1:
        return {
          type: 1,
          protocolVersion: version,
          cleanStart: this.maybe(),
          keepAlive: random.below(3),
          clientIdentifier: this.pick(["c", "", "client"]),
          ...(this.maybe() ? { username: this.pick(texts) } : {}),
          ...(this.maybe()
            ? { will: { topicName: this.pick(topics), payload: this.payload(), qos: this.qos(), retain: this.maybe() } }
            : {}),
          ...(v5 ? { properties: this.connectProperties() } : {}),
        };
      case 2:
        return {
          type: 2,
          sessionPresent: random.below(6) === 0,
          reasonCode: this.pick(v5 ? [0, 0, 0, 0, 0x87] : [0, 0, 0, 0, 0x85]),
          ...(v5 ? { properties: this.connackProperties() } : {}),
        };
      case 3:
        return this.publish(packetIdentifier);
      case 4:
      case 5:
        return { type, packetIdentifier, reasonCode: v5 ? this.pick([0, 0, 0, 0x10, 0x97]) : 0 };
      case 6:
      case 7:
        return { type, packetIdentifier, reasonCode: v5 ? this.pick([0, 0, 0x92]) : 0 };
      case 8:
        return {
          type: 8,
          packetIdentifier,
          subscriptions: [
            { topicFilter: this.pick(texts), qos: this.qos(), noLocal: false, retainAsPublished: false, retainHandling: 0 },
          ],
          ...(v5 && this.maybe() ? { properties: { subscriptionIdentifiers: [1 + random.below(300)] } } : {}),
        };
      case 9:
        return { type: 9, packetIdentifier, reasonCodes: this.maybe() ? [this.qos()] : [0, 0x80] };
      case 10:
        return { type: 10, packetIdentifier, topicFilters: [this.pick(texts)] };
      case 11:
        return { type: 11, packetIdentifier, reasonCodes: v5 ? (this.maybe() ? [0] : [0x11, 0]) : [] };
      case 12:
        return { type: 12 };
      case 13:
        return { type: 13 };
      case 14:
        return { type: 14, reasonCode: v5 ? this.pick([0, 4, 0x82, 0x8e]) : 0 };
      default:
        return {
          type: 15,
          reasonCode: this.pick([0, 0x18, 0x19]),
          properties: { authenticationMethod: this.pick(["m", "m", "n"]) },
        };
    }
  }

  maybe(): boolean {
    return this.random.below(2) === 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)]!;
  }

  qos(): QoS {
    return this.pick([0, 1, 2] as const);
  }

  private publish(packetIdentifier: number): Packet {
    const qos = this.qos();
    const alias = this.version === 5 && this.random.below(6) === 0 ? 1 + this.random.below(4) : 0;
    const properties: Properties = {
      ...(alias === 0 ? {} : { topicAlias: alias }),
      ...(this.maybe() ? { messageExpiryInterval: this.random.below(4) } : {}),
    };
    return {
      type: 3,
      topicName: alias > 0 && this.random.below(4) === 0 ? "" : this.pick(topics),
      payload: this.payload(),
      qos,
      retain: this.maybe(),
      dup: qos > 0 && this.random.below(4) === 0,
      ...(qos === 0 ? {} : { packetIdentifier }),
      ...(this.version === 5 ? { properties } : {}),
    };
  }

  private payload(): Uint8Array {
    return new Uint8Array(this.pick([0, 1, 30, 300]));
  }

  private connectProperties(): Properties {
    const { random } = this;
    return {
      ...(this.maybe() ? { receiveMaximum: 1 + random.below(4) } : {}),
      ...(this.maybe() ? { maximumPacketSize: 1 + random.below(200) } : {}),
      ...(this.maybe() ? { topicAliasMaximum: random.below(4) } : {}),
      ...(this.maybe() ? { requestProblemInformation: 0 } : {}),
      ...(random.below(3) === 0 ? { authenticationMethod: "m", authenticationData: this.payload() } : {}),
    };
  }

  private connackProperties(): Properties {
    const { random } = this;
    return {
      ...(this.maybe() ? { receiveMaximum: 1 + random.below(4) } : {}),
      ...(this.maybe() ? { maximumPacketSize: 20 + random.below(200) } : {}),
      ...(this.maybe() ? { topicAliasMaximum: random.below(4) } : {}),
      ...(this.maybe() ? { serverKeepAlive: random.below(3) } : {}),
      ...(this.method === (random.below(20) !== 0) ? { authenticationMethod: "m" } : {}),
    };
  }
}
