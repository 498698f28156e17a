import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { ChromiumPage } from "./chromium-page.ts";

/* The console's doctor: from the browser, and from the broker's machine, whose doctor it asks. */

const command = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const missing = missingPrograms("chromium", "certutil");

describe.skipIf(missing !== "")(`the console's doctor in Chromium${missing && ` (${missing})`}`, () => {
  let broker: BowlineProcess;
  let chromium: ChromiumPage;
  let page: Page;

  beforeAll(async () => {
    broker = await BowlineProcess.start("--listen", "wss://localhost:0/mqtt", "--console", "https://localhost:0");
    chromium = await ChromiumPage.open({ trust: [String(await broker.ca())] });
    ({ page } = chromium);
    const { stdout } = await promisify(execFile)(process.execPath, [command, "console", "--data", broker.dataFolder]);
    await page.goto(stdout.trim());
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Doctor" }).click();
  });
  afterAll(async () => {
    await chromium?.close();
    await broker?.remove();
  });

  async function examine(fields: Readonly<Record<string, string>>): Promise<string> {
    for (const name of ["URL", "User name", "Password or token"]) await page.getByLabel(name).fill(fields[name] ?? "");
    await page.getByRole("button", { name: "Examine" }).click();
    const cause = page.locator(".root-cause");
    await cause.waitFor();
    return cause.innerText();
  }
  const ladder = (title: string): Promise<string> => page.getByRole("region", { name: title }).innerText();

  test("a connection that works is said to, from both sides", async () => {
    const { username, password } = await broker.user();
    expect(await page.getByLabel("URL").inputValue()).toBe(broker.urls[0]);
    const cause = await examine({ URL: broker.urls[0]!, "User name": username, "Password or token": password });
    expect(cause).toContain("The connection works");
    expect(await ladder("From this browser")).toContain("CONNACK 0");
    expect(await ladder("From the broker's machine")).toMatch(/TLSv1[\s\S]*CONNACK 0/);
  });

  test("what the browser hides is named by the broker's machine, and no token is on the page", async () => {
    const cause = await examine({ URL: broker.urls[0]!.replace("/mqtt", "/wrong?token=hunter2") });
    expect(cause).toContain("WS_404");
    expect(cause).toContain("from outside: HTTP 404");
    expect(await page.locator("main").innerText()).not.toContain("hunter2");
  });

  test("a place that is not the broker's is examined from the browser alone, and it is said why", async () => {
    const cause = await examine({ URL: "wss://nosuch.invalid/mqtt" });
    expect(cause).toMatch(/WS_UNREACHABLE[\s\S]*DNS_NXDOMAIN/);
    expect(await page.getByRole("alert").first().innerText()).toContain("admin.doctorTargets");
  });
});
