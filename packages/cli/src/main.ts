#!/usr/bin/env node
import { runBowline } from "./run-bowline.ts";

// A reader of our output that went away (`bowline sub ... | head -1`) ends the command without a word.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await runBowline(process.argv.slice(2));
// What a library left open must not hold the command.
setTimeout(() => process.exit(), 250).unref();
