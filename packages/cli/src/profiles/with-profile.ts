import type { CommandLine } from "../command-line.ts";
import { readProfile } from "./profile-store.ts";

/**
 * The command line with what its --profile says where nothing was given; the login is read where it is used.
 *
 * @throws MqttError OPTION_INVALID
 */
export async function withProfile(line: CommandLine): Promise<CommandLine> {
  const name = line.text("profile");
  if (name === undefined) return line;
  const { options } = await readProfile(name);
  return line.over(options);
}
