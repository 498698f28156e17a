#!/usr/bin/env node
// npm links this file when it installs, which in a fresh checkout is before anything is built.
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  process.stderr.write("error: the bowline command is not built yet; run npm run build (or npm start) first\n");
  process.exitCode = 1;
}
