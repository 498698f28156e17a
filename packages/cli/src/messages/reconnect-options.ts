import type { ReconnectOptions } from "@bowline/client";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";

export const RECONNECT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  reconnect: {
    type: "string",
    value: "N",
    help: "Attempts after which a lost connection is given up; 0 for none. Default: pub and rpc 0, sub without end.",
    group: "Network",
  },
};

/**
 * How a connection that was there comes back. Somebody watches: a broker that is back is found within seconds, not after the minute a
 * fleet of devices would leave it.
 *
 * @throws MqttError USAGE
 */
export function reconnectSettings(line: CommandLine, attempts: number | undefined): false | ReconnectOptions {
  const maximumAttempts = line.number("reconnect", 0, 1_000_000) ?? attempts;
  if (maximumAttempts === 0) return false;
  return { maximumDelayMs: 5_000, ...(maximumAttempts === undefined ? {} : { maximumAttempts }) };
}
