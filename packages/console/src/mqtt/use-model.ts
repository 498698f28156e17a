import { useEffect, useReducer } from "preact/hooks";
import type { MqttModel } from "./mqtt-model.ts";

/** Renders the component anew when the model changed. */
export function useModel(model: MqttModel): void {
  const [, render] = useReducer((version: number, _change: undefined) => version + 1, 0);
  useEffect(() => model.listen(() => render(undefined)), [model]);
}
