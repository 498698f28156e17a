import { writeSync } from "node:fs";
import { openStorage, type Storage } from "@bowline/broker/internal/storage";
import { readStore } from "./read-store.ts";
import { aMessage, aQueueEntry, aSession, bytesOf } from "./storage-rows.ts";

/**
 * The process that is killed: arguments are the folder, the durability and the number of units a turn has at most. It appends for
 * ever, and writes a line for each commit it is told: what was reported must be there after any kill.
 *
 * One unit is a message, the queue entry that names it and an inbound identifier, all with one number; a turn is several units,
 * each of which names the first and the last of them. So whoever reads the store sees whether a turn is whole. Old turns are deleted, each in one
 * turn, so that free pages and deletions take part.
 */
const turnsKept = 100;
const sessionId = 1;

interface Turn {
  first: number;
  last: number;
  commit: number;
}

async function main(directory: string, durability: "durable" | "relaxed", unitsMax: number): Promise<void> {
  const storage = await openStorage({ directory, durability });
  const turns = await readTurns(storage);
  if (turns.length === 0) storage.putSession(aSession(sessionId));
  let next = (turns.at(-1)?.last ?? 0) + 1;
  const waiting: Turn[] = [];
  storage.onCommitted = (n) => {
    let kept: Turn | undefined;
    while ((waiting[0]?.commit ?? Infinity) <= n) kept = waiting.shift();
    if (kept !== undefined) writeSync(1, `${kept.last}\n`);
  };
  const appendTurn = (): void => {
    const turn = { first: next, last: next + Math.floor(Math.random() * unitsMax), commit: 0 };
    for (; next <= turn.last; next++) turn.commit = putUnit(storage, next, turn);
    turns.push(turn);
    waiting.push(turn);
    if (turns.length > turnsKept) deleteTurn(storage, turns.shift() as Turn);
    setImmediate(appendTurn);
  };
  writeSync(1, "ready\n");
  appendTurn();
}

async function readTurns(storage: Storage): Promise<Turn[]> {
  const turns = new Map<number, Turn>();
  for (const message of (await readStore(storage)).messages) {
    const { first, last } = turnOf(message.payload);
    turns.set(first, { first, last, commit: 0 });
  }
  return [...turns.values()];
}

/** What the payload of a unit says about its turn. */
export function turnOf(payload: Uint8Array): { first: number; last: number } {
  const [first = 0, last = 0] = Buffer.from(payload).toString().split(" ").map(Number);
  return { first, last };
}

function putUnit(storage: Storage, unit: number, { first, last }: Turn): number {
  const filling = "x".repeat(unit % 17 === 0 ? 20_000 : unit % 500);
  storage.putMessage(aMessage(unit, { payload: bytesOf(`${first} ${last} ${filling}`) }));
  storage.putQueueEntry(sessionId, aQueueEntry(unit, { messageId: unit }));
  return storage.putInboundIdentifier(sessionId, identifierOf(unit));
}

/** Far more identifiers than units are kept at a time. */
export function identifierOf(unit: number): number {
  return (unit % 65_535) + 1;
}

function deleteTurn(storage: Storage, { first, last }: Turn): void {
  for (let unit = first; unit <= last; unit++) {
    storage.deleteMessage(unit);
    storage.deleteQueueEntry(sessionId, unit);
    storage.deleteInboundIdentifier(sessionId, identifierOf(unit));
  }
}

if (process.argv[1]?.endsWith("crash-child.js") === true) {
  const [directory = "", durability = "durable", unitsMax = "20"] = process.argv.slice(2);
  await main(directory, durability as "durable", Number(unitsMax)).catch((error: unknown) => {
    writeSync(1, `${JSON.stringify({ failed: (error as { code?: unknown }).code, text: String(error) })}\n`);
    process.exitCode = 1;
  });
}
