import { type Dialer, streamDialer as dialStream } from "@bowline/client/internal";
import { ownBytes } from "@bowline/protocol/internal";
import type { IStream } from "./options.ts";
import { asBuffer } from "./payload.ts";

/** Dials by an application's own stream, which is given Buffers, as MQTT.js gives them. */
export function streamDialer(build: () => IStream): Dialer {
  return dialStream(build, (bytes) => asBuffer(ownBytes(bytes, 0, bytes.length)));
}
