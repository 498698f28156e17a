import { openSync, writeSync } from "node:fs";
import { LmdbStore, MissingRows, type Table, tableNames } from "./lmdb-store.ts";
import { writeSpoolRow } from "./salvage-spool.ts";
import { decoders, decodes } from "./walk-store.ts";

// The program of a child process that salvage-store.ts starts: appends the sound rows of one table to a file, in one direction,
// until there are no more or a damaged page ends it.
const [directory = "", tableName = "", spoolPath = "", direction = ""] = process.argv.slice(2);
const table = tableNames.indexOf(tableName) as Table;
const store = LmdbStore.open(directory, { create: false });
const spool = openSync(spoolPath, "a", 0o600);
const report = { expected: store.rowCount(table), isWhole: false };
// Told first, since the walk may not survive.
writeSync(1, `\n${JSON.stringify(report)}\n`);
try {
  store.readTable(
    table,
    (key, record) => {
      if (decodes(decoders[table], key, record)) writeSpoolRow(spool, { table, key, record });
    },
    direction === "backward",
  );
  report.isWhole = true;
} catch (error) {
  if (!(error instanceof MissingRows)) throw error;
}
await store.close();
writeSync(1, `\n${JSON.stringify(report)}\n`);
