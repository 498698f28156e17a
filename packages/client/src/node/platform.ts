import { diagnose, installBytes } from "@bowline/protocol/internal";
import type { Platform, Target, Transport, TransportHandler } from "../transport/transport.ts";
import { dialSocket } from "./socket-transport.ts";
import { dialWebSocket } from "./web-socket-transport.ts";

/** Node, and what speaks its API: Deno and Bun. */
export const platform: Platform = {
  dial,
  diagnose,
  prepare,
  pageUrl: () => undefined,
  onWake: () => () => undefined,
};

function dial(target: Target, handler: TransportHandler): Transport {
  return target.scheme === "ws" || target.scheme === "wss" ? dialWebSocket(target, handler) : dialSocket(target, handler);
}

let prepared = false;

/** Buffer's byte functions are two to three times faster than the standard ones. */
function prepare(): void {
  if (prepared) return;
  prepared = true;
  installBytes({
    copy: (source, target, targetStart, sourceStart, sourceEnd) => {
      Buffer.prototype.copy.call(source, target, targetStart, sourceStart, sourceEnd);
    },
    latin1: (source, start, end) => Buffer.prototype.latin1Slice.call(source, start, end),
    writeUtf8: (target, text, at) => Buffer.prototype.utf8Write.call(target, text, at),
    alloc: (size) => Buffer.allocUnsafeSlow(size),
  });
}
