import type { OutboundAliasSettings } from "./alias-settings.ts";
import type { OutboundAliases } from "./outbound-aliases.ts";

// What takes the place of host-alias-table.ts in a page: topics go by their names until the table is loaded, or for ever without it.
export function withAliases(settings: OutboundAliasSettings, use: (aliases: OutboundAliases) => void): void {
  import("./outbound-aliases.ts").then((loaded) => use(new loaded.OutboundAliases(settings))).catch(() => undefined);
}
