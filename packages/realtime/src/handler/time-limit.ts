/**
 * A signal that is aborted with a TimeoutError after so many milliseconds, or with any of these. On Node 20 the garbage collector takes
 * an `AbortSignal.timeout` out of an `AbortSignal.any`, and the end of the time never comes; a timer of our own it leaves alone.
 */
export function timeLimit(ms: number, ...signals: readonly AbortSignal[]): AbortSignal {
  const over = new AbortController();
  const end = (): void => over.abort(new DOMException("The time is over", "TimeoutError"));
  setTimeout(end, ms).unref();
  return AbortSignal.any([...signals, over.signal]);
}
