import type { MqttError } from "@bowline/protocol";

/** A key whose form is right and whose meaning is not. */
export interface MeaningFault {
  path: readonly PropertyKey[];
  error: MqttError;
}
