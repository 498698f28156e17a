// The load generator as a program: node bench/dist/load.js --mode pairs --n 20 --qos 0 --port PORT --pid PID
// Prints one JSON line. Exit code 0: everything was delivered as it must; 1: not; 2: wrong option or not all connections ready.
import { generate } from "./load/generate.ts";
import { parseLoadOptions } from "./load/load-options.ts";

try {
  const result = await generate(parseLoadOptions(process.argv.slice(2)));
  console.log(JSON.stringify(result));
  process.exitCode = result.ok ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
