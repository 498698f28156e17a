import { openSync, writeSync } from "node:fs";
import { LmdbStore, MissingRows, type Table, tableNames } from "./lmdb-store.ts";
import { writeSpoolRow } from "./salvage-spool.ts";
import { decoders, decodes } from "./walk-store.ts";

// The program of a child process that salvage-store.ts starts: appends the sound rows of one table to a file, from one key to
// another, until there are no more or a damaged page ends it.
const [directory = "", tableName = "", spoolPath = "", direction = "", from = "", to = ""] = process.argv.slice(2);
const table = tableNames.indexOf(tableName) as Table;
const store = LmdbStore.open(directory, { create: false });
const spool = openSync(spoolPath, "a", 0o600);
const report = { expected: store.rowCount(table), read: 0, isWhole: false };
// Told first, since the walk may not survive.
writeSync(1, `\n${JSON.stringify(report)}\n`);
try {
  const range = { from: Buffer.from(from, "hex"), to: Buffer.from(to, "hex"), reverse: direction === "backward" };
  store.readRange(table, range, (key, record) => {
    report.read += 1;
    if (decodes(decoders[table], key, record)) writeSpoolRow(spool, { table, key, record });
  });
  report.isWhole = true;
} catch (error) {
  if (!(error instanceof MissingRows)) throw error;
}
await store.close();
writeSync(1, `\n${JSON.stringify(report)}\n`);
