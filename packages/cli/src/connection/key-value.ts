import type { UserProperty } from "@bowline/protocol";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";

/**
 * User Properties, written KEY=VALUE; the value may hold further `=`.
 *
 * @throws MqttError USAGE
 */
export function userPropertiesOf(line: CommandLine, option: string): UserProperty[] {
  return line.list(option).map((text) => pairOf(option, text, "="));
}

/**
 * HTTP headers, written `Name: value`.
 *
 * @throws MqttError USAGE
 */
export function headersOf(line: CommandLine, option: string): Record<string, string> {
  const pairs = line.list(option).map((text) => pairOf(option, text, ":"));
  return Object.fromEntries(pairs.map(([name, value]) => [name.trim(), value.trim()]));
}

function pairOf(option: string, text: string, separator: "=" | ":"): [string, string] {
  const at = text.indexOf(separator);
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  const form = separator === "=" ? "KEY=VALUE" : "'Name: value'";
  throw new MqttError("USAGE", { detail: `--${option} must be ${form}, not "${text}"` });
}
