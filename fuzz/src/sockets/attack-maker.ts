import { encodeToBytes, type ProtocolVersion } from "@bowline/protocol";
import { clientHello, frame, type LinkKind, requestText, UPGRADE_HEADERS, upgradeRequest } from "@bowline/testkit/security";
import { corpusBytes } from "../corpus.ts";
import { mutate, mutationBuffer } from "../mutate.ts";
import { PacketMaker } from "../packet-maker.ts";
import type { Random } from "../random.ts";
import { seedsOf } from "../seeds.ts";

/** The bytes of one connection, in the pieces they are sent in. */
export interface Attack {
  /** Whose listener it goes to; `isRaw` without the transport's own handshake, which is then part of what is attacked. */
  readonly kind: LinkKind;
  readonly isRaw: boolean;
  readonly pieces: readonly Uint8Array[];
}

const versions: readonly ProtocolVersion[] = [3, 4, 5];
const seeds: ReadonlyMap<ProtocolVersion, readonly Uint8Array[]> = new Map(versions.map((version) => [version, seedsOf(version)]));
const fromClient: readonly number[] = [3, 3, 3, 3, 4, 5, 6, 7, 8, 8, 10, 12, 14, 15];
const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

const CONNECT = encodeToBytes(
  { type: 1, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientIdentifier: "framed", properties: {} },
  5,
);

/** Frames that a mutation starts from: right ones, and one of each way to be wrong. */
const frameSeeds: readonly Uint8Array[] = [
  frame({ payload: CONNECT }),
  frame({ payload: CONNECT.subarray(0, 5), isFinal: false }),
  frame({ opcode: 0, payload: CONNECT.subarray(5) }),
  frame({ opcode: 1, payload: bytes("text") }),
  frame({ opcode: 8, payload: Uint8Array.of(3, 0xe8) }),
  frame({ opcode: 9, payload: bytes("ping") }),
  frame({ opcode: 9, payload: new Uint8Array(126) }),
  frame({ opcode: 3 }),
  frame({ reserved: 4, payload: CONNECT }),
  frame({ isMasked: false, payload: CONNECT }),
  frame({ declared: 70_000, payload: CONNECT }),
  frame({ declared: 2n ** 62n }),
];

const requestSeeds: readonly Uint8Array[] = [
  upgradeRequest(),
  upgradeRequest("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
  requestText("GET /mqtt HTTP/1.1", ...UPGRADE_HEADERS.slice(0, 3)),
  requestText("GET / HTTP/1.0"),
  `${requestText("POST /mqtt HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\n\r\n`,
  `${requestText("POST / HTTP/1.1", "Host: localhost", "Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
  requestText("PRI * HTTP/2.0", "", "SM"),
  requestText("OPTIONS * HTTP/1.1", "Host: localhost", "Expect: 100-continue"),
].map(bytes);

/** Makes the attack of an input number: most are conversations of MQTT, some begin a layer below. */
export class AttackMaker {
  private readonly helloSeeds: readonly Uint8Array[];
  private readonly buffer = mutationBuffer();

  private constructor(helloSeeds: readonly Uint8Array[]) {
    this.helloSeeds = helloSeeds;
  }

  static async make(): Promise<AttackMaker> {
    const alpn = { ALPNProtocols: ["mqtt", "http/1.1"] };
    return new AttackMaker([await clientHello(), await clientHello(alpn), await clientHello({ maxVersion: "TLSv1.2" })]);
  }

  attack(random: Random): Attack {
    const dice = random.below(20);
    if (dice === 0) return this.raw(random, "tls", [this.mutated(random, this.helloSeeds)]);
    if (dice <= 2) return this.raw(random, "ws", [this.mutated(random, requestSeeds)]);
    if (dice <= 5) return this.raw(random, "ws", [requestSeeds[0]!, ...this.several(random, frameSeeds)]);
    const kind: LinkKind = dice <= 13 ? "tcp" : dice <= 17 ? "ws" : dice === 18 ? "tls" : "wss";
    return { kind, isRaw: false, pieces: cut(random, this.conversation(random)) };
  }

  private raw(random: Random, kind: LinkKind, parts: readonly Uint8Array[]): Attack {
    return { kind, isRaw: true, pieces: cut(random, parts) };
  }

  private conversation(random: Random): Uint8Array[] {
    const version = versions[random.below(3)]!;
    const maker = new PacketMaker(random, version, false);
    const packets = random.below(8) === 0 ? [] : [maker.bytes([1])];
    for (let left = random.below(15); left > 0; left--) {
      const dice = random.below(20);
      if (dice < 12) packets.push(maker.bytes(fromClient));
      else if (dice < 17) packets.push(this.mutated(random, seeds.get(version)!));
      else packets.push(corpusBytes[random.below(corpusBytes.length)]!);
    }
    return packets;
  }

  private several(random: Random, from: readonly Uint8Array[]): Uint8Array[] {
    return Array.from({ length: 1 + random.below(4) }, () =>
      random.below(3) === 0 ? from[random.below(from.length)]! : this.mutated(random, from),
    );
  }

  private mutated(random: Random, from: readonly Uint8Array[]): Uint8Array {
    return mutate(random, from, this.buffer).slice();
  }
}

/** At random places; half of them whole. */
function cut(random: Random, parts: readonly Uint8Array[]): Uint8Array[] {
  const all = Buffer.concat(parts);
  if (random.below(2) === 0) return [all];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < all.length; ) {
    const size = 1 + random.below(random.below(2) === 0 ? 8 : all.length);
    pieces.push(all.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
