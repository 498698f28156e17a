import { nowNs } from "./monotonic-time.ts";

/** What a connection comes to, in order: TCP stands; TLS and WebSocket stand too; CONNACK; SUBACK. */
export type ConnectionStage = "tcp" | "open" | "connack" | "suback";

/** When a connection came to each stage, in ns from its beginning. Plain data once it is made. */
export class ConnectionTimes {
  readonly number: number;
  readonly begunNs: number = nowNs();
  readonly reached: Partial<Record<ConnectionStage, number>> = {};

  constructor(number: number) {
    this.number = number;
  }

  mark(stage: ConnectionStage): void {
    this.reached[stage] = nowNs() - this.begunNs;
  }
}
