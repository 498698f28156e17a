import type { Properties } from "@bowline/protocol";

/** Messages as the user wants them, in place of the generator's own. Plain data, which can be sent to threads. */
export interface OwnMessage {
  /** Publishers take them in turn; at least one. */
  readonly payloads: readonly Uint8Array[];
  /** The payloads are text with {{placeholders}}, which are filled in for each message. */
  readonly isTemplate: boolean;
  /** MQTT 5. */
  readonly properties: Properties;
  /** Topics are sent once and named by a Topic Alias from then on, as many as the server takes. */
  readonly hasAliases: boolean;
}

/** The messages are numbered: by Correlation Data, unless that is the user's own. */
export function isNumbered({ properties }: OwnMessage, protocolVersion: number): boolean {
  return protocolVersion === 5 && properties.correlationData === undefined;
}
