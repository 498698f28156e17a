import type { ConnectPacket } from "@bowline/protocol";
import type { NetworkConnection, Target } from "@bowline/client/internal";
import type { ClientConnection, TimerHandle } from "@bowline/protocol/internal";
import type { KeepaliveManager } from "./keepalive-manager.ts";

/**
 * Where the connection stands. Transitions: idle -> preparing -> connecting -> online; each of the last three -> leaving -> idle or
 * waiting; waiting -> preparing. `end()` leads to idle from everywhere, `reconnect()` out of it.
 */
export type Phase =
  | { readonly kind: "idle" }
  /** The URL of the attempt is asked for. */
  | { readonly kind: "preparing" }
  | { readonly kind: "connecting"; readonly connection: NetworkConnection; readonly attempt: Attempt }
  | {
      readonly kind: "online";
      readonly connection: NetworkConnection;
      readonly attempt: Attempt;
      readonly engine: ClientConnection;
      readonly since: number;
      /** Only where the application asked for it. */
      keepaliveManager?: KeepaliveManager;
    }
  /** The socket is on its way out. */
  | { readonly kind: "leaving"; readonly isConnected?: true }
  | { readonly kind: "waiting"; readonly timer: TimerHandle };

interface Attempt {
  readonly target: Target;
  readonly connect: ConnectPacket;
  readonly since: number;
}

/** There is a connection, or one is being made. */
export type Connected = Extract<Phase, { readonly connection: NetworkConnection }>;

export const IDLE: Phase = { kind: "idle" };
export const LEAVING: Phase = { kind: "leaving" };
/** After `end()` the connection still stands until its socket is closed, as a program of MQTT.js can see. */
export const LEAVING_CONNECTED: Phase = { kind: "leaving", isConnected: true };
