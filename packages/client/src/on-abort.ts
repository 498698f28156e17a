import { MqttError } from "@bowline/protocol";

/** Calls back when the signal aborts; the answer stops listening, so that a long-lived signal gathers no listeners. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  signal?.addEventListener("abort", callback, { once: true });
  return () => signal?.removeEventListener("abort", callback);
}

/** The error of a signal that has aborted already, which `onAbort` does not hear any more. */
export function abortOf(signal: AbortSignal | undefined): MqttError | undefined {
  return signal?.aborted ? aborted(signal) : undefined;
}

export function aborted(signal: AbortSignal | undefined): MqttError {
  return new MqttError("ABORTED", { cause: signal?.reason });
}
