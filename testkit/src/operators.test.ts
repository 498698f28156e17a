import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "@bowline/broker";
import { openLocalCa } from "@bowline/broker/internal";
import { afterEach, beforeEach, expect, test } from "vitest";

/* What examples/ gives to operators is used here as they would. */

const examples = join(import.meta.dirname, "../../examples");
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-operators-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("bowline.yaml is a configuration", async () => {
  const text = readFileSync(join(examples, "bowline.yaml"), "utf8").replaceAll("/etc/bowline", folder);
  writeFileSync(join(folder, "bowline.yaml"), text);
  writeFileSync(join(folder, "metrics-token"), "a token");
  const { certificate, privateKey } = await (await openLocalCa({ folder })).issue(["mqtt.example.com"]);
  writeFileSync(join(folder, "fullchain.pem"), certificate);
  writeFileSync(join(folder, "privkey.pem"), privateKey);
  const config = await loadConfig({ file: join(folder, "bowline.yaml") });
  expect(config.listen).toHaveLength(2);
  expect(config.metrics.token).toEqual({ file: join(folder, "metrics-token") });
});

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

test.skipIf(!hasSystemd)("systemd finds no fault in bowline.service", () => {
  const unit = readFileSync(join(examples, "bowline.service"), "utf8").replaceAll("/usr/bin/bowline", process.execPath);
  const file = join(folder, "bowline.service");
  writeFileSync(file, unit);
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
  expect(stderr.split("\n").filter((line) => line.includes("bowline.service"))).toEqual([]);
  expect(status).toBe(0);
});

test("the image starts what the package brings, by names that exist", () => {
  const text = readFileSync(join(examples, "Dockerfile"), "utf8");
  const { version, bin } = JSON.parse(readFileSync(join(import.meta.dirname, "../../packages/cli/package.json"), "utf8")) as {
    version: string;
    bin: Record<string, string>;
  };
  expect(text).toContain(`ARG VERSION=${version}\n`);
  expect(Object.keys(bin)).toContain(/ENTRYPOINT \["([^"]+)"/.exec(text)?.[1]);
  expect(text).toMatch(/^USER node$/m);
});
