import { type Dialer, streamDialer as dialStream } from "@bowline/client/internal";
import { ownBytes } from "@bowline/protocol/internal";
import type { IStream } from "./options.ts";
import { asBuffer } from "./payload.ts";

/** Dials by an application's own stream, which is given Buffers, as MQTT.js gives them. What `build` throws is thrown. */
export function streamDialer(build: () => IStream): Dialer {
  return (target, handler) => {
    const stream = build();
    return dialStream(
      () => stream,
      (bytes) => asBuffer(ownBytes(bytes, 0, bytes.length)),
    )(target, handler);
  };
}
