/** Time for shells. Engines take `now` as an argument; a shell reads it here, and tests put a virtual clock in its place. */
export interface Clock {
  /** Monotonic time in ms. */
  now(): number;
  /** Wall time in ms since 1970, for what must survive a restart. */
  wallTime(): number;
  /** Calls back once after `delayMs` (0 or more) and returns a handle for `clearTimer`. */
  setTimer(callback: () => void, delayMs: number): TimerHandle;
  clearTimer(handle: TimerHandle): void;
}
/** What a Clock gives back: opaque to everybody else. */
export type TimerHandle = unknown;
