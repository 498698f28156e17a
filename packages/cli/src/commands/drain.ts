import { resolve } from "node:path";
import { AdminClient } from "../admin-client.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const drain: Command = {
  usage: ["bowline drain [--to SERVER] [--seconds N]"],
  mostWords: 0,
  description: [
    "Empties the broker that runs in a data folder before it is ended: it accepts nothing more, is not ready any more, and sends its clients",
    "away over some seconds, MQTT 5 clients with DISCONNECT 0x9C and the server to go to, or 0x8B without one. Then end it with SIGTERM.",
  ].join("\n"),
  options: {
    data: { type: "string", value: "DIR", help: "Data folder of the running broker; default ./.bowline." },
    to: { type: "string", value: "SERVER", help: "Where clients are to go, such as other.example.com:8883." },
    moved: { type: "boolean", help: "They are to stay there: 0x9D, Server moved." },
    seconds: { type: "string", value: "N", help: "How long it may take; default 10." },
  },
  examples: ["bowline drain --to other.example.com:8883 --seconds 30"],
  run: async (line) => {
    const { dataFolder } = await import("@bowline/broker/internal/light");
    const admin = new AdminClient(dataFolder(resolve(line.text("data") ?? ".bowline")).adminSocket);
    const { connections } = await admin.request<{ connections: number }>("POST", "/api/v1/drain", {
      ...(line.text("to") === undefined ? {} : { serverReference: line.text("to") }),
      permanent: line.flag("moved"),
      seconds: line.number("seconds", 0, 3_600) ?? 10,
    });
    process.stdout.write(`${connections === 1 ? "1 client is" : `${connections} clients are`} being sent away\n`);
    return ExitCode.Well;
  },
};
