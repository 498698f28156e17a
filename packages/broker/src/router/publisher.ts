import type { PublishOffsets, Sender } from "@bowline/protocol/internal";
import type { Session } from "../sessions/session.ts";
import type { Route } from "./route.ts";
import type { RoutingTurn } from "./routing-turn.ts";

/** What the router needs of the connection that a PUBLISH came from, and what it remembers there. */
export interface Publisher {
  readonly session: Session | undefined;
  readonly sender: Sender;
  /** The topic published last, and the ways of publishing to it that are refused: the bits of `publishBit`, or `TOO_DEEP`. */
  lastRoute: Route | undefined;
  lastRouteRefused: number;
  /** Which limit refused its last PUBLISH that was refused with 0x97, in words. */
  refusedFor: string;
  /** Storage is behind: nothing more is read until it has kept some, and then the same packet comes again. */
  awaitStorage(): void;
  /** Working out routes has taken long enough: nothing more is read until others have had their turn, and then the same packet comes again. */
  awaitTurn(turn: RoutingTurn): void;
  /** Whether its right to publish this must be asked for first; then the same packet comes again when that is known. */
  asksFirst(topicName: string, offsets: PublishOffsets): boolean;
}
