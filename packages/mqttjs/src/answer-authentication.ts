import { type AuthPacket, MqttError, type ProtocolVersion } from "@bowline/protocol";
import type { NetworkConnection } from "@bowline/client/internal";
import { ErrorWithReasonCode } from "./errors.ts";
import type { PacketCallback } from "./outgoing-publish.ts";
import type { IAuthPacket, Packet } from "./packets.ts";
import { toProperties } from "./properties.ts";
import { toPacket } from "./to-packet.ts";

/** Who knows the answers: the application's own `handleAuth`, or the one of the client, which has none. */
export interface Authenticator {
  readonly log: (...args: unknown[]) => void;
  handleAuth(packet: IAuthPacket, callback: PacketCallback): void;
}

/** Reason Code of an AUTH that asks. */
const CONTINUE = 0x18;

/** Answers an AUTH of the server with what the application says; without an answer the connection fails. */
export function answerAuthentication(
  packet: AuthPacket,
  version: ProtocolVersion,
  client: Authenticator,
  connection: NetworkConnection,
): void {
  const fail = (cause: Error): void => connection.fail(new MqttError("AUTH_FAILED", { cause }));
  const answered = (error?: Error | null, answer?: Packet): void => {
    if (error) fail(error);
    else if (packet.reasonCode !== CONTINUE) client.log("authenticated");
    else if (answer === undefined) {
      fail(new ErrorWithReasonCode("Protocol error: No auth packet to continue the authentication exchange", 130));
    } else connection.authenticate(toProperties((answer as IAuthPacket).properties) ?? {});
  };
  try {
    client.handleAuth(toPacket(packet, version) as IAuthPacket, answered);
  } catch (error) {
    fail(error as Error);
  }
}
