import { pathToFileURL } from "node:url";
import { type CommandOptions, printResults, selectCases } from "../command-options.ts";
import { clientCases } from "./client-cases.ts";
import type { ClientDriver } from "./client-driver.ts";
import { clientRun } from "./client-run.ts";
import { bowlineDriver } from "./drivers/bowline-driver.ts";
import { mosquittoPubDriver, mosquittoSubDriver } from "./drivers/mosquitto-driver.ts";
import { dropInDriver, mqttJsDriver } from "./drivers/mqttjs-driver.ts";
import { programDriver } from "./drivers/program-driver.ts";

/** Which client: a name of ours, a module that exports `driver`, or a program and its arguments. */
export type ClientChoice = { readonly module: string } | { readonly program: readonly string[] };

const builtIn: Readonly<Record<string, ClientDriver>> = {
  client: bowlineDriver,
  mqttjs: dropInDriver,
  mqtt: mqttJsDriver,
  mosquitto_sub: mosquittoSubDriver,
  mosquitto_pub: mosquittoPubDriver,
};

/** Runs the cases with a client and prints the report; the exit code is 0 when nothing failed. */
export async function runClientCommand(
  choice: ClientChoice,
  options: CommandOptions,
  print: (line: string) => void,
): Promise<number> {
  const driver = "program" in choice ? await programDriver(choice.program) : await driverOf(choice.module);
  // Programs and the kit share the machine: too many at a time would only wait for it.
  const concurrency = "program" in choice ? 12 : 32;
  const run = clientRun(driver, { isStrict: options.strict === true, concurrency });
  const start = performance.now();
  const results = await run.all(selectCases(clientCases, options));
  const code = await printResults(results, { as: driver.name, ...options }, print);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (options.json !== true) print(`\n${driver.name}: ${results.length} cases in ${seconds} s`);
  return code;
}

async function driverOf(module: string): Promise<ClientDriver> {
  const known = builtIn[module];
  if (known !== undefined) return known;
  const { driver } = (await import(pathToFileURL(module).href)) as { driver?: ClientDriver };
  if (driver === undefined) throw new Error(`${module} exports no driver`);
  return driver;
}
