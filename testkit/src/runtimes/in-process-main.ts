/*
 * Runs the cases of one package over one scheme in the runtime that executes this file, prints their results as one line of JSON,
 * and ends when nothing is left that would keep the process: that is part of what is tested.
 */
import * as client from "@bowline/client";
import mqtt from "@bowline/mqttjs";
import { type CaseSetting, runCases } from "./case.ts";
import { clientCases } from "./client-cases.ts";
import { dropInCases } from "./drop-in-cases.ts";

const [packageName, settingText = "{}"] = process.argv.slice(2);
const setting = JSON.parse(settingText) as CaseSetting;
const cases = packageName === "client" ? clientCases(client, setting) : dropInCases(mqtt, setting);
const results = await runCases(cases);
process.stdout.write(`results ${JSON.stringify(results)}\n`);
