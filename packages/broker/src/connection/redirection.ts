import { MqttError, type Properties } from "@bowline/protocol";
import { ReasonCode } from "@bowline/protocol/internal";

/** Where a client is sent instead, section 4.11. */
export interface Redirection {
  /** `host`, `host:port` or a list with spaces, as the client takes it (section 4.11). */
  serverReference: string;
  /** For good (0x9D, Server moved), or for this time (0x9C, Use another server). */
  isPermanent: boolean;
}

/** The Reason Code, the error and the properties that send a client elsewhere. */
export function redirectionAnswer({ serverReference, isPermanent }: Redirection): {
  reasonCode: number;
  error: MqttError;
  properties: Properties;
} {
  const reasonCode = isPermanent ? ReasonCode.ServerMoved : ReasonCode.UseAnotherServer;
  const error = new MqttError(isPermanent ? "MOVED" : "USE_ANOTHER", { reasonCode, source: "local", detail: serverReference });
  return { reasonCode, error, properties: { serverReference } };
}
