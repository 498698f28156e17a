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
  return fromOtherRealm(payload);
}

/** From a frame, or from outside of a test's own world: there `instanceof` says no. */
function fromOtherRealm(payload: unknown): Uint8Array {
  const type = Object.prototype.toString.call(payload);
  if (type === "[object ArrayBuffer]") return new Uint8Array(payload as ArrayBuffer);
  if (type === "[object Uint8Array]") {
    const { buffer, byteOffset, byteLength } = payload as Uint8Array;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  throw new MqttError("OPTION_INVALID", { detail: "a payload is a string, a Uint8Array or an ArrayBuffer" });
}
