import { type ErrorCode, MqttError, type Stage } from "@bowline/protocol";

/**
 * A part of the client that is loaded at its first use; where that fails, the next use tries again.
 *
 * @throws MqttError of that code
 */
export function onDemand<Part>(
  load: () => Promise<Part>,
  code: ErrorCode = "INTERNAL",
  stage: Stage = "internal",
): () => Promise<Part> {
  let loaded: Promise<Part> | undefined;
  return () =>
    (loaded ??= load().catch((cause: unknown) => {
      loaded = undefined;
      // A service worker may import nothing later, and never will; elsewhere it is the network.
      const retry = "ServiceWorkerGlobalScope" in globalThis ? "never" : "backoff";
      const remedy = "Bundle the client into one file.";
      throw new MqttError(code, { detail: "its script cannot be loaded", stage, retry, remedy, cause });
    }));
}
