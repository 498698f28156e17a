import { statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { CopyOutcome } from "./backup-store.ts";
import { LmdbStore, MissingRows } from "./lmdb-store.ts";

// The program of the child process that backup-store.ts starts: copies a store, whoever else has it open, to a folder. It reads pages
// that nobody has looked at for long, and what is damaged among them ends this process and not the broker.
const [directory = "", target = ""] = process.argv.slice(2);
let copied = 0;
const progress = setInterval(tellGrowth, 1_000);
const outcome: CopyOutcome = {};
try {
  const store = LmdbStore.open(directory, { create: false, readOnly: true });
  await store.copyTo(target);
  await store.close();
} catch (error) {
  const { message } = error as Error;
  if (error instanceof MissingRows || message.startsWith("MDB_")) outcome.damage = message;
  else outcome.failure = message;
}
clearInterval(progress);
writeSync(1, `\n${JSON.stringify(outcome)}\n`);

/** A dot for each second in which the copy has grown: one that does not turns in a circle of damaged pages. */
function tellGrowth(): void {
  const size = statSync(join(target, "data.mdb"), { throwIfNoEntry: false })?.size ?? 0;
  if (size > copied) writeSync(1, ".");
  copied = size;
}
