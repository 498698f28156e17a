import { MqttError } from "@bowline/protocol";
import { utf8Encoder } from "@bowline/protocol/internal";
import type { Payload } from "./options.ts";

const EMPTY: Uint8Array = new Uint8Array(0);

/**
 * A payload as bytes; those given as bytes are not copied and must not be changed before the message is acknowledged.
 *
 * @throws MqttError OPTION_INVALID
 */
export function payloadBytes(payload: Payload | undefined): Uint8Array {
  if (typeof payload === "string") return utf8Encoder().encode(payload);
  if (payload instanceof Uint8Array) return payload;
  if (payload === undefined) return EMPTY;
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  throw new MqttError("OPTION_INVALID", { detail: "a payload is a string, a Uint8Array or an ArrayBuffer" });
}
