import type { Clock } from "@bowline/protocol/internal";

/** The host's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, Math.min(delayMs, LONGEST_DELAY_MS)),
  clearTimer: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** Hosts call back at once for longer delays; who waits that long looks at the time and waits again. */
const LONGEST_DELAY_MS = 0x7fff_ffff;
