import { MqttError } from "@bowline/protocol";

/** A line of a foreign file that means no rule here; lines are counted from 1. */
export function formatFault(file: string, line: number, words: string, remedy?: string): MqttError {
  return new MqttError("OPTION_INVALID", {
    detail: `${file}, line ${line}: ${words}`,
    ...(remedy === undefined ? {} : { remedy }),
  });
}
