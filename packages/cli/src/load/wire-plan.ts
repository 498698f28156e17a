import type { ConnectionTimes } from "./connection-times.ts";
import type { ServerPlace } from "./load-server.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import type { WireOwner } from "./wire.ts";

/** How one connection is opened. */
export interface WirePlan extends ServerPlace {
  readonly localAddress?: string;
  /** The CONNECT. */
  readonly hello: Uint8Array;
  readonly input: ReadBuffer;
  readonly owner: WireOwner;
  /** Where somebody wants to know how long each stage takes. */
  readonly times: ConnectionTimes | undefined;
}
