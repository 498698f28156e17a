import { expect, test } from "vitest";
import { loadConfig } from "../config/load-config.ts";
import { shownConfig } from "./shown-config.ts";

test("secrets that stand in the configuration itself are not shown, and all else is", async () => {
  const hook = {
    kind: "webhook",
    url: "https://a.example/x?key=geheim&app=one",
    headers: {
      authorization: "Bearer geheim",
      "X-Api-Key": "geheim",
      "x-app": "one",
      "x-token": "Bearer ${password}",
      y: { env: "HOME" },
    },
    body: { password: "${password}", "app-secret": "geheim", app: "one" },
  } as const;
  const config = await loadConfig({
    overrides: {
      authentication: [hook, { kind: "custom-authorizer", file: "a.js", environment: { DB_PASSWORD: "geheim", STAGE: "one" } }],
      authorization: [{ ...hook, body: { topic: "${topic}" }, headers: { Authorization: "Basic geheim" } }],
      tenants: { named: { acme: { authentication: [{ ...hook, body: {} }] } } },
    },
  });
  const shown = JSON.stringify(shownConfig(config));
  expect(shown).not.toContain("geheim");
  expect(shown.match(/\[redacted\]/g)).toHaveLength(10);
  for (const told of [
    "app=one",
    '"x-app":"one"',
    '"x-token":"Bearer ${password}"',
    '{"env":"HOME"}',
    '"STAGE":"one"',
    '"app":"one"',
  ])
    expect(shown).toContain(told);
  // What is in force is as it was.
  expect(JSON.stringify(config)).toContain("Bearer geheim");
});
