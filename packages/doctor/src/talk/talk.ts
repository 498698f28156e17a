import type { Packet, ProtocolVersion } from "@bowline/protocol";
import type { ErrorFacts, WebSocketFacts } from "@bowline/protocol/internal";

/** Packets to and from a server, whatever carries them: a socket of Node's, or a WebSocket of a page. */
export interface Talk {
  readonly version: ProtocolVersion;
  /** The first bytes that came where MQTT was expected. */
  readonly firstBytes: Uint8Array;
  /** Set when the bytes cannot be followed any further. */
  readonly fault: ErrorFacts | undefined;
  /** What was seen of a WebSocket after it had opened. */
  readonly webSocket: WebSocketFacts;
  /** How the peer ended what carries the packets; undefined while it lasts. */
  readonly closedBy: "fin" | "reset" | undefined;
  /** What its end said, where it said anything. */
  readonly endError: ErrorFacts | undefined;
  /** Whether nothing more can come. */
  readonly isOver: boolean;
  send(packet: Packet): void;
  /** The next packet, or undefined when none comes in time or ever. */
  next(ms: number): Promise<Packet | undefined>;
  /** Cuts it. */
  destroy(): void;
}
