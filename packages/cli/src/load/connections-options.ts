import type { LoadServer } from "./load-server.ts";

/** What a run that does nothing but connect does. */
export interface ConnectionsOptions {
  readonly server: LoadServer;
  readonly count: number;
  /** Closed loop: connections under way at once. */
  readonly atOnce: number;
  /** Above 0 the loop is open: connections begun per second, whatever the broker does. */
  readonly rate: number;
  /** All stay open for so many seconds, and then memory is read; undefined: each is closed by DISCONNECT after its CONNACK. */
  readonly hold: number | undefined;
  /** The times of each connection are told at the end. */
  readonly hasTimes: boolean;
  readonly threads: number;
  /** Process of the broker; 0 for none. */
  readonly pid: number;
}

/** Cells of the counters that all threads add to. */
export const ConnectionCell = { made: 0, failed: 1, dropped: 2 } as const;
export type ConnectionCounters = Int32Array<SharedArrayBuffer>;
