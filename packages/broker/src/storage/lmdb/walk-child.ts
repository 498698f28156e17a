import { writeSync } from "node:fs";
import { walkStore } from "./walk-store.ts";

// The program of the child process that verify-store.ts starts: a dot now and then, and one line with the report at the end.
const report = await walkStore(process.argv[2] ?? "", () => writeSync(1, "."));
writeSync(1, `\n${JSON.stringify(report)}\n`);
