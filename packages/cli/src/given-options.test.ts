import type { Report } from "@bowline/doctor";
import { expect, test } from "vitest";
import { CommandLine } from "./command-line.ts";
import { withGivenOptions } from "./given-options.ts";

function commandWith(command: string, values: Readonly<Record<string, string | boolean | string[]>>): string | undefined {
  const finding = { fix: [{ text: "Start the broker." }, { text: "Run the doctor again so:", command }] };
  const report = { cause: finding, findings: [finding] } as unknown as Report;
  const { cause, findings } = withGivenOptions(report, new CommandLine([], values));
  expect(findings).toEqual([cause]);
  expect(cause?.fix[0]).toEqual({ text: "Start the broker." });
  return cause?.fix[1]?.command;
}

const url = "mqtts://localhost:8883";

test.each([
  ["-u NAME --password-file FILE", { ca: "ca.pem", username: "ann", "password-file": "x" }, " --ca ca.pem"],
  ["--ca ca.pem", { ca: "old.pem", username: "ann", "password-env": "SECRET" }, " -u NAME --password-env SECRET"],
  ["--mqtt 3.1.1", { insecure: true, scan: true, alpn: ["mqtt", "x"] }, " --insecure --alpn mqtt --alpn x"],
  ["--topic TOPIC", { credentials: "my files/it's.json", verbose: true }, " --credentials 'my files/it'\\''s.json'"],
])("a run with its options again: %s", (more, values, added) => {
  expect(commandWith(`bowline doctor ${url} ${more}`, values)).toBe(`bowline doctor ${url} ${more}${added}`);
});

test("other commands stay as they are", () => {
  expect(commandWith("getent ahosts broker", { ca: "ca.pem" })).toBe("getent ahosts broker");
});
