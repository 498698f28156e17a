import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { CaseResult } from "../case-run.ts";
import { type Divergences, verdictOf } from "../divergences.ts";
import { failureLines } from "../report.ts";
import { clientCases } from "./client-cases.ts";
import type { ClientDriver } from "./client-driver.ts";
import { clientRun } from "./client-run.ts";
import { bowlineDriver } from "./drivers/bowline-driver.ts";
import { dropInDriver, mqttJsDriver } from "./drivers/mqttjs-driver.ts";

/* Our clients must pass every case, recommendations included; MQTT.js is there for comparison. What is known to differ stands in
   divergences.json: a difference that is not listed fails, and so does one that is listed and no longer happens. All cases of a
   client are played together at first: they wait for real time, and side by side that is seconds. */

const divergences = JSON.parse(readFileSync(new URL("divergences.json", import.meta.url), "utf8")) as Divergences;

const judged: readonly { driver: ClientDriver; isStrict: boolean; leftOutMax: number }[] = [
  { driver: bowlineDriver, isStrict: true, leftOutMax: 0 },
  { driver: dropInDriver, isStrict: true, leftOutMax: 20 },
  { driver: mqttJsDriver, isStrict: false, leftOutMax: 20 },
];

describe.each(judged)("conformance of $driver.name", ({ driver, isStrict, leftOutMax }) => {
  const known = divergences[driver.name] ?? [];
  const results = new Map<string, CaseResult>();

  beforeAll(async () => {
    for (const result of await clientRun(driver, { isStrict }).all(clientCases)) results.set(result.id, result);
  });

  test.each(clientCases)("$id", ({ id }) => {
    const result = results.get(id) as CaseResult;
    const verdict = verdictOf(result, known);
    const isWell = verdict === "passed" || verdict === "diverges" || verdict === "not applicable";
    expect(isWell ? "" : failureLines(result, verdict).join("\n")).toBe("");
  });

  test("hardly a case is left out, and every divergence that is listed is of a case", () => {
    const leftOut = [...results.values()].filter(({ outcome }) => outcome === "not applicable");
    expect(leftOut.map(({ id }) => id).length).toBeLessThanOrEqual(leftOutMax);
    expect(known.filter(({ case: id }) => !results.has(id))).toEqual([]);
  });
});
