import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MosquittoProcess } from "../../interop/mosquitto-process.ts";
import { missingPrograms } from "../../system/missing-programs.ts";
import type { CaseResult } from "../case-run.ts";
import { type Divergences, verdictOf } from "../divergences.ts";
import { failureLines } from "../report.ts";
import { brokerCases } from "./broker-cases.ts";
import { addressOf, judgeBroker } from "./broker-command.ts";

/* mosquitto, for comparison: it shows that the kit judges any broker, and where ours is stricter. What is known to differ stands
   in divergences.json: a difference that is not listed fails, and so does one that is listed and no longer happens. */

const missing = missingPrograms("mosquitto", "mosquitto_passwd");
const divergences = JSON.parse(readFileSync(new URL("../divergences.json", import.meta.url), "utf8")) as Divergences;
const known = divergences["mosquitto 2.0"] ?? [];

describe.skipIf(missing !== "")(`conformance of mosquitto ${missing}`, () => {
  const results = new Map<string, CaseResult>();
  let mosquitto: MosquittoProcess;

  beforeAll(async () => {
    mosquitto = await MosquittoProcess.start();
    const target = { address: addressOf(mosquitto.url("mqtt")), ...mosquitto.user };
    for (const result of await judgeBroker(target)) results.set(result.id, result);
  });
  afterAll(() => mosquitto?.remove());

  test.each(brokerCases.map(({ id, title }) => ({ name: `${id} ${title}`, id })))("$name", ({ id }) => {
    const result = results.get(id) as CaseResult;
    const verdict = verdictOf(result, known);
    const isWell = verdict === "passed" || verdict === "diverges" || verdict === "not applicable";
    expect(isWell ? "" : failureLines(result, verdict).join("\n")).toBe("");
  });

  test("every divergence that is listed is of a case", () => {
    expect(known.filter(({ case: id }) => !results.has(id))).toEqual([]);
  });
});
