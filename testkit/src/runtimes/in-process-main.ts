/*
 * Runs the cases of one package over each of some schemes in the runtime that executes this file, prints the results of each as one
 * line of JSON, and ends when nothing is left that would keep the process: that is part of what is tested.
 */
import * as client from "@bowline/client";
import mqtt from "@bowline/mqttjs";
import { type CaseResult, type CaseSetting, runCases } from "./case.ts";
import { clientCases } from "./client-cases.ts";
import { dropInCases } from "./drop-in-cases.ts";

const [packageName, settingsText = "[]"] = process.argv.slice(2);
const results: CaseResult[][] = [];
for (const setting of JSON.parse(settingsText) as CaseSetting[]) {
  results.push(await runCases(packageName === "client" ? clientCases(client, setting) : dropInCases(mqtt, setting)));
}
process.stdout.write(`results ${JSON.stringify(results)}\n`);
