import { asMqttError } from "./failure.ts";

/** A part of the client that is loaded at its first use; where that fails, the next use tries again. */
export function onDemand<Part>(load: () => Promise<Part>): () => Promise<Part> {
  let loaded: Promise<Part> | undefined;
  return () =>
    (loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw asMqttError(error);
    }));
}
