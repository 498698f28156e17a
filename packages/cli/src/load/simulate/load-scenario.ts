import { existsSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { MqttError } from "@bowline/protocol";
import { BUILT_IN } from "./built-in/index.ts";
import { type Scenario, scenario } from "./scenario.ts";
import type { AnyState } from "./scenario-device.ts";

export interface LoadedScenario {
  readonly name: string;
  readonly scenario: Scenario<AnyState>;
}

/**
 * A scenario that comes with the command, by its name, or one of a file in TypeScript or JavaScript.
 *
 * @throws MqttError USAGE, SCENARIO_INVALID
 */
export async function loadScenario(word: string): Promise<LoadedScenario> {
  const builtIn = Object.hasOwn(BUILT_IN, word) ? BUILT_IN[word] : undefined;
  if (builtIn !== undefined) return { name: word, scenario: builtIn };
  if (!existsSync(word)) {
    const detail = `there is no file ${word}, and no scenario of that name`;
    throw new MqttError("USAGE", { detail, remedy: `Name a file, or one of ${Object.keys(BUILT_IN).join(", ")}.` });
  }
  return { name: basename(word, extname(word)), scenario: await fromFile(resolve(word), word) };
}

async function fromFile(path: string, shownName: string): Promise<Scenario<AnyState>> {
  const { loadUserModule } = await import("../../user-module/load-user-module.ts");
  const module = await loadUserModule(path).catch((error: Error) => {
    const { message } = (error.cause ?? error) as Error;
    throw new MqttError("SCENARIO_INVALID", { detail: `${shownName}: ${message.trim()}`, cause: error });
  });
  try {
    const exported = ((await import(module.url)) as { default?: Scenario<AnyState> }).default;
    if (typeof exported === "object") return scenario(exported);
    throw new MqttError("SCENARIO_INVALID", {
      detail: `${shownName}: it has no default export; write "export default scenario({ ... })"`,
    });
  } catch (cause) {
    if (MqttError.is(cause)) throw cause;
    throw new MqttError("SCENARIO_INVALID", { detail: `${shownName} failed when it was run: ${(cause as Error).message}`, cause });
  } finally {
    await module.dispose();
  }
}
