import type { OutboundAliasSettings } from "@bowline/protocol/internal";
import type { IClientOptions } from "./options.ts";

/** MQTT.js uses all that a server offers, which is 65,535 at the most; so many are memory for nothing. */
export function aliasesOf({ autoAssignTopicAlias, autoUseTopicAlias }: IClientOptions): OutboundAliasSettings | undefined {
  if (autoAssignTopicAlias === true) return { maximum: 1024, policy: "always" };
  return autoUseTopicAlias === true ? { maximum: 1024, policy: "auto" } : undefined;
}
