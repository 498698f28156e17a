#!/usr/bin/env node
import { statSync } from "node:fs";
import type * as program from "./run-bowline.ts";
import { readVersion } from "./version.ts";

/** What scripts run again and again. */
const MESSAGE_COMMANDS: readonly (string | undefined)[] = ["pub", "sub", "rpc"];

// A reader of our output that went away (`bowline sub ... | head -1`) ends the command without a word.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
const [, , ...argv] = process.argv;
// Scripts ask for the version often, and it needs nothing else.
if (argv[0] === "--version" || argv[0] === "-V") process.stdout.write(`${readVersion()}\n`);
else {
  const { runBowline } = await bundled(MESSAGE_COMMANDS.includes(argv[0]) ? "bundled" : "bundled-all");
  process.exitCode = await runBowline(argv);
}
// What a library left open must not hold the command.
setTimeout(() => process.exit(), 250).unref();

/**
 * The same in a few files, which the build makes: to find and read hundreds of them takes Node longer than most commands work. Those
 * that scripts run have a bundle of their own, without the broker.
 */
function bundled(name: string): Promise<typeof program> {
  const bundle = new URL(`./${name}.js`, import.meta.url);
  return isCurrent(bundle) ? import(bundle.href) : import("./run-bowline.ts");
}

/** In a checkout the compiler may have run after the build, and then its own files are the new ones. No package brings what it notes. */
function isCurrent(bundle: URL): boolean {
  const madeAt = changedAt(bundle);
  const notes = ["protocol", "client", "realtime", "broker", "doctor", "cli"].map(
    (name) => new URL(`../../${name}/dist/tsconfig.tsbuildinfo`, import.meta.url),
  );
  return madeAt > 0 && notes.every((note) => changedAt(note) < madeAt);
}

/** 0 for what is not there. */
function changedAt(file: URL): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
