import type { Command } from "../command.ts";
import { boundHeapGrowth } from "../up/bounded-heap.ts";
import { checkUpWords, UP_OPTIONS } from "../up/up-options.ts";

export const up: Command = {
  usage: ["bowline up [--data DIR | --memory] [--listen URL] ..."],
  description: [
    "Starts a broker: mqtts://localhost:8883, wss://localhost:8084/mqtt and a console on https://localhost:18084, with certificates",
    "of a local authority and a first user, both made at the first start. When it is ready it prints one line that begins with",
    "`ready` on standard output; logs go to standard error. Ctrl-C or SIGTERM ends it cleanly, a second one at once; SIGHUP reads the",
    "configuration anew, and connections stay.",
  ].join("\n"),
  options: UP_OPTIONS,
  examples: [
    "bowline up",
    "bowline up --memory --listen mqtt://localhost:1883 --anonymous --no-console",
    "bowline up --config bowline.yaml --log-level debug",
  ],
  run: async (line) => {
    checkUpWords(line);
    // Before what it loads is collected for the first time.
    boundHeapGrowth();
    const { runUp } = await import("../up/run-up.ts");
    return runUp(line);
  },
};
