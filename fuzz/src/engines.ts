import type { ProtocolVersion } from "@bowline/protocol";
import { SessionState } from "@bowline/protocol/internal";
import { FuzzedClient } from "./client-engine.ts";
import { corpusBytes } from "./corpus.ts";
import { mutate, mutationBuffer } from "./mutate.ts";
import { Neighbour } from "./neighbour.ts";
import { PacketMaker } from "./packet-maker.ts";
import { Random } from "./random.ts";
import { seedsOf } from "./seeds.ts";
import { FuzzedServer } from "./server-engine.ts";

/** What a run met; a run that returns found nothing. */
export interface EngineReport {
  readonly seed: number;
  /** Sequences of packets, each on one to three connections of one session. */
  inputs: number;
  /** Packets that the engines wrote. */
  written: number;
  /** Connections that were open once, and those that ended before their sequence did. */
  opened: number;
  ended: number;
}

export type Role = "server" | "client";

const versions: readonly ProtocolVersion[] = [3, 4, 5];
const seeds: ReadonlyMap<ProtocolVersion, readonly Uint8Array[]> = new Map(versions.map((version) => [version, seedsOf(version)]));
const STEPS = 25;
const fromClient: readonly number[] = [3, 3, 3, 4, 5, 6, 7, 8, 10, 12, 15];
const fromServer: readonly number[] = [3, 3, 3, 4, 4, 5, 6, 7, 13];
/** Answers: mostly nobody asked, and that ends a client. */
const answers: readonly number[] = [9, 11, 15];
const anyType: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/**
 * Drives the engines of one role with packets in any order and state, well formed, mutated and from the security history, cut at
 * random, while the other side of the border (storage, routing, the application) answers as the dice fall.
 *
 * @throws Error naming seed and input, for a promise that an engine broke.
 */
export function fuzzEngines(
  role: Role,
  seed: number,
  first: number,
  count: number,
  progress?: (input: number) => void,
): EngineReport {
  const report: EngineReport = { seed, inputs: count, written: 0, opened: 0, ended: 0 };
  const neighbour = new Neighbour();
  for (let input = first; input < first + count; input++) {
    progress?.(input);
    try {
      runSequence(role, new Random(seed, input), report);
      neighbour.check();
    } catch (cause) {
      throw new Error(`${role}, seed ${seed}, input ${input}: ${String(cause)}`, { cause });
    }
  }
  return report;
}

function runSequence(role: Role, random: Random, report: EngineReport): void {
  const version = versions[random.below(3)]!;
  const session = new SessionState();
  session.survives = random.below(2) === 0;
  let now = 1_000;
  for (let connections = 1 + random.below(3); connections > 0; connections--) {
    const engine = role === "server" ? new FuzzedServer(random, session, now) : new FuzzedClient(random, session, version, now);
    const hasOpened = runConnection(engine, new Source(role, random, version, engine.namesMethod), random);
    engine.connection.channelClosed();
    report.written += engine.view.packets.length;
    if (hasOpened) report.opened++;
    if (engine.isClosed) report.ended++;
    if (!session.survives) session.clear();
    now += 100_000;
  }
}

function runConnection(engine: FuzzedServer | FuzzedClient, source: Source, random: Random): boolean {
  let hasOpened = false;
  for (let step = 0; step < STEPS && !engine.isClosed; step++) {
    for (const piece of cut(source.next(), random)) if (!engine.isClosed) engine.receive(piece);
    hasOpened ||= engine.connection.isOpen;
    if (random.below(2) === 0) engine.step();
    const [finding] = engine.view.findings;
    if (finding !== undefined) throw new Error(`step ${step}: ${finding}`);
  }
  return hasOpened;
}

/** What the peer sends, chunk by chunk: mostly what it may, in any order. */
class Source {
  private readonly role: Role;
  private readonly random: Random;
  private readonly version: ProtocolVersion;
  private readonly maker: PacketMaker;
  private isFirst = true;

  constructor(role: Role, random: Random, version: ProtocolVersion, namesMethod: boolean) {
    this.role = role;
    this.random = random;
    this.version = version;
    this.maker = new PacketMaker(random, version, namesMethod);
  }

  next(): Uint8Array {
    const { random, maker } = this;
    const opening = this.role === "server" ? [1] : [2];
    if (this.isFirst && random.below(20) !== 0) {
      this.isFirst = false;
      return maker.bytes(opening);
    }
    const dice = random.below(100);
    if (dice < 1) return mutate(random, seeds.get(this.version)!, mutationBuffer()).slice();
    if (dice < 2) return corpusBytes[random.below(corpusBytes.length)]!;
    if (dice < 3) return maker.bytes(anyType);
    if (dice < 5) return maker.bytes(opening);
    if (dice < 15 && this.role === "client") return maker.bytes(answers);
    const types = this.role === "server" ? fromClient : fromServer;
    return Buffer.concat(Array.from({ length: 1 + random.below(4) }, () => maker.bytes(types)));
  }
}

/** The bytes whole, or in a few pieces that each have an array of their own, as reads from a socket do. */
function cut(bytes: Uint8Array, random: Random): Uint8Array[] {
  if (random.below(3) !== 0) return [bytes.slice()];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(bytes.length - at);
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return pieces;
}
