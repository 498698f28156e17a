import type { OutboundAliasSettings } from "./alias-settings.ts";
import { OutboundAliases } from "./outbound-aliases.ts";

// The table of Topic Aliases where size does not matter: #alias-table in package.json.
export function withAliases(settings: OutboundAliasSettings, use: (aliases: OutboundAliases) => void): void {
  use(new OutboundAliases(settings));
}
