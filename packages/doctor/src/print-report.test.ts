import { expect, test } from "vitest";
import { hideSecrets } from "./hide-secrets.ts";
import { printReport } from "./print-report.ts";
import type { Finding, Report } from "./report.ts";

const cause: Finding = {
  id: "BAD_CREDENTIALS",
  severity: "fail",
  stage: "mqtt",
  title: "the user name or password is wrong",
  evidence: { observed: "CONNACK 134" },
  because: "CONNACK 134",
  oneOf: [],
  fix: [{ text: "Give the right user name and password." }],
  docs: "docs/errors/mqtt.md#bad_credentials",
  retry: "new-credentials",
};
const other: Finding = { ...cause, id: "PORT_SCHEME_ODD", severity: "warn", because: "port 8883 usually speaks mqtts" };
const report: Report = {
  v: 1,
  type: "doctor",
  url: "mqtt://broker:8883",
  healthy: false,
  cause,
  findings: [other, cause],
  stages: [],
  limits: {},
  chain: [],
  facts: {},
  durationMs: 1,
};

test("the cause is told once, also in a report that secrets were taken out of", () => {
  for (const each of [report, hideSecrets(report, ["correct-horse"])]) {
    const [, found = ""] = printReport(each).split("Also found:\n");
    expect(found).toBe("  warn PORT_SCHEME_ODD: port 8883 usually speaks mqtts\n");
  }
});
