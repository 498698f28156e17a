import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { Counters } from "../metrics/counters.ts";
import { brokerMetrics } from "../metrics/broker-metrics.ts";
import { brokerConfigJsonSchema } from "./broker-config.ts";

/* docs/limits.md has every limit, with its default, and names metrics that there are. */

const text = await readFile(new URL("../../../../docs/limits.md", import.meta.url), "utf8");

interface Key {
  default: number | string | boolean;
}

/** As the document writes a default: 1,000, 64 KiB, none. */
function shown(key: string, value: number | string | boolean): RegExp {
  if (typeof value !== "number") return typeof value === "string" ? new RegExp(`\`${value}\``) : /yes/;
  if (value === 0 || value === 0xffff_ffff) return /none|three quarters/;
  if (key.endsWith("Bytes") || key.endsWith("Size")) {
    for (const [unit, bytes] of [
      ["MiB", 2 ** 20],
      ["KiB", 2 ** 10],
    ] as const) {
      if (value % bytes === 0) return new RegExp(`\\b${value / bytes} ${unit}`);
    }
  }
  return new RegExp(`\\b${value.toLocaleString("en")}\\b`);
}

test("every limit of the configuration has a row with its default", () => {
  const { properties } = brokerConfigJsonSchema() as { properties: { limits: { properties: Record<string, Key> } } };
  const rows = text.split("\n").filter((line) => line.startsWith("| ") || line.startsWith("| `"));
  const missing = Object.entries(properties.limits.properties).filter(
    ([key, { default: value }]) => !rows.some((row) => row.includes(`\`${key}\``) && shown(key, value).test(row)),
  );
  // `queueFull` has a table of its own, whose first row is the default.
  expect(missing.map(([key]) => key)).toEqual(["queueFull"]);
});

test("every metric that it names is there", () => {
  const reloads = { succeeded: 0, failed: 0, lastAt: 0, lastFailure: undefined, certificatesReloaded: 0, certificatesRefused: 0 };
  const figures = { tenant: "t", counters: new Counters() };
  const facts = { tenants: [figures], losers: [], listeners: [], reloads, certificateOrders: {}, storageSize: {} };
  const names = new Set(brokerMetrics(facts as never).map(({ name }) => name));
  const named = [...new Set(text.match(/bowline_[a-z_]+/g))];
  expect(named.filter((name) => !names.has(name))).toEqual([]);
});
