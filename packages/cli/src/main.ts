#!/usr/bin/env node
import { readVersion } from "./version.ts";

// A reader of our output that went away (`bowline sub ... | head -1`) ends the command without a word.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
const [, , ...argv] = process.argv;
// Scripts ask for the version often, and it needs nothing else.
if (argv[0] === "--version" || argv[0] === "-V") process.stdout.write(`${readVersion()}\n`);
else {
  const { runBowline } = await import("./run-bowline.ts");
  process.exitCode = await runBowline(argv);
}
// What a library left open must not hold the command.
setTimeout(() => process.exit(), 250).unref();
