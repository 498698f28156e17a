import { resolve } from "node:path";
import { AdminClient } from "../admin-client.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const consoleLink: Command = {
  usage: ["bowline console"],
  mostWords: 0,
  description: "Prints a link to the console of the running broker. It signs one browser in, once, within 15 minutes.",
  options: {
    data: { type: "string", value: "DIR", help: "Data folder; default ./.bowline." },
    tenant: {
      type: "string",
      value: "NAME",
      help: "As the administrator of this tenant, who sees no other; default: as the operator.",
    },
  },
  examples: ["bowline console", "bowline console --data /var/lib/bowline", "bowline console --tenant acme"],
  run: async (line) => {
    const { dataFolder } = await import("@bowline/broker/internal/light");
    const client = new AdminClient(dataFolder(resolve(line.text("data") ?? ".bowline")).adminSocket);
    const tenant = line.text("tenant");
    const path = tenant === undefined ? "sign-in-links" : `tenants/${encodeURIComponent(tenant)}/sign-in-links`;
    const { url } = await client.request<{ url: string }>("POST", `/api/v1/${path}`);
    process.stdout.write(`${url}\n`);
    return ExitCode.Well;
  },
};
