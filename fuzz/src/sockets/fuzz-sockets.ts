import { type AttackedBroker, type FriendReport, Link } from "@bowline/testkit/security";
import { Random } from "../random.ts";
import { type Attack, AttackMaker } from "./attack-maker.ts";

/** What a run met; a run that returns found no connection that is neither answered nor closed. */
export interface SocketReport {
  readonly seed: number;
  /** Connections made, and those among them that a transport's handshake ended. */
  inputs: number;
  unopened: number;
  /** Connections that got any byte back. */
  answered: number;
  sentBytes: number;
  receivedBytes: number;
  /** Anonymous memory of the broker: before, the most in the first half of the inputs and in the second, and after all is over. */
  startBytes: number;
  firstHalfBytes: number;
  secondHalfBytes: number;
  endBytes: number;
  friend: FriendReport;
}

/** The broker's own deadlines for a peer that has said its last are 5 s; beyond this nobody ends it. */
const PATIENCE_MS = 15_000;
/** Connections at once: enough that they meet, by Client Identifiers, topics and takeovers. */
const AT_ONCE = 16;
/** A process that has served thousands holds more than one that has just started; it must hold no more after a million. */
export const WARM_BYTES: number = 160 * 1_048_576;
/** What the second half may hold above the first. */
export const GROWTH_MAX: number = 50 * 1_048_576;

/**
 * Attacks a broker over real sockets with seeded inputs while a friend of it looks on. Each ends with the attacker saying its last; the
 * broker must then end the connection.
 *
 * @param isOver Asked before each input.
 * @throws Error naming seed and input, for a connection that nobody ends.
 */
export async function fuzzSockets(
  broker: AttackedBroker,
  seed: number,
  first: number,
  isOver: (input: number) => boolean,
): Promise<SocketReport> {
  const maker = await AttackMaker.make();
  const friend = await broker.friend();
  const startBytes = broker.ownBytes;
  const counts = { seed, inputs: 0, unopened: 0, answered: 0, sentBytes: 0, receivedBytes: 0, startBytes };
  const samples: number[] = [];
  let next = first;
  const worker = async (): Promise<void> => {
    for (let input = next++; !isOver(input); input = next++) {
      const attack = maker.attack(new Random(seed, input));
      const link = await run(broker, attack);
      if (link === undefined) throw new Error(`seed ${seed}, input ${input}, ${attack.kind}: neither answered nor closed`);
      counts.inputs++;
      if (link.chunks.length > 0) counts.answered++;
      for (const piece of attack.pieces) counts.sentBytes += piece.length;
      for (const chunk of link.chunks) counts.receivedBytes += chunk.length;
      if (!link.wasOpen) counts.unopened++;
      if (counts.inputs % 500 === 0) samples.push(broker.ownBytes);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const middle = samples.length / 2;
  const [firstHalfBytes, secondHalfBytes] = [samples.slice(0, middle), samples.slice(middle)].map((half) => Math.max(...half)) as [
    number,
    number,
  ];
  const report = { ...counts, firstHalfBytes, secondHalfBytes, friend: await friend.leave() };
  const fault = ended.find((one) => one.status === "rejected");
  if (fault !== undefined) throw new Error(JSON.stringify(report), { cause: fault.reason });
  return { ...report, endBytes: await broker.ownBytesBelow(startBytes + WARM_BYTES) };
}

/** Undefined when it does not end. */
async function run(broker: AttackedBroker, { kind, isRaw, pieces }: Attack): Promise<Link | undefined> {
  const link = await (isRaw ? Link.openRaw(broker.port(kind)) : Link.open(broker.url(kind)));
  await link.sendPieces(pieces);
  link.end();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, false);
  });
  const isEnded = await Promise.race([link.ended.then(() => true), tooLate]);
  clearTimeout(timer);
  link.destroy();
  return isEnded ? link : undefined;
}
