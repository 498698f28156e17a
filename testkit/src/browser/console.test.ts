import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Client, connect } from "@bowline/client";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { ChromiumPage } from "./chromium-page.ts";

const command = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
/** A name that is markup, with a mark that would turn the text behind it round. */
const MARKUP = "<script>globalThis.hacked=1</script>";
const missing = missingPrograms("chromium", "certutil");

describe.skipIf(missing !== "")(`the console in Chromium${missing && ` (${missing})`}`, () => {
  let broker: BowlineProcess;
  let chromium: ChromiumPage;
  let page: Page;
  let node: Client;

  beforeAll(async () => {
    broker = await BowlineProcess.start("--listen", "mqtts://localhost:0", "--console", "https://localhost:0");
    chromium = await ChromiumPage.open({ trust: [String(await broker.ca())] });
    ({ page } = chromium);
    node = connect(broker.urls[0]!, {
      credentials: await broker.user(),
      tls: { ca: await broker.ca() },
      session: { clientId: `${MARKUP}\u202e`, expiryInterval: 0 },
      reconnect: false,
    });
    node.on("connectionLost", () => {});
    await node.online();
  });
  afterAll(async () => {
    await node?.abort();
    await chromium?.close();
    await broker?.remove();
  });

  const connections = (): Locator => page.getByRole("region", { name: "Connections" }).getByRole("row");
  const messages = (): Locator => page.getByRole("list", { name: "Messages, newest first" }).getByRole("listitem");
  const visible = (locator: Locator): Promise<void> => locator.first().waitFor();

  test("says how to get a link to whoever is not signed in, and shows nothing else", async () => {
    await page.goto(broker.urls.at(-1)!);
    await visible(page.getByRole("heading", { name: "Sign in" }));
    await visible(page.getByText("bowline console", { exact: true }));
    expect(await page.getByRole("heading", { name: "Connections" }).count()).toBe(0);
  });

  test("shows the connections, its own among them, and a name that is markup as text", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [command, "console", "--data", broker.dataFolder]);
    await page.goto(stdout.trim());
    await visible(page.getByText(/^\s*Connected since/));
    await visible(connections().filter({ hasText: "this page" }).filter({ hasText: "wss" }));
    const row = connections().filter({ hasText: MARKUP });
    await visible(row);
    expect(await row.innerText()).toContain(`${MARKUP}\\u{202e}`);
    expect(await page.evaluate("globalThis.hacked")).toBeUndefined();
  });

  test("subscribes, and shows what a Node client publishes as text or as bytes", async () => {
    await page.getByLabel("Topic filter").fill("demo/#");
    await page.getByLabel("QoS").first().selectOption("2");
    await page.getByRole("button", { name: "Subscribe", exact: true }).click();
    await visible(page.getByRole("list", { name: "Subscriptions" }).getByText("QoS 2", { exact: true }));
    await node.publish("demo/text", "<img src=x onerror='globalThis.hacked=1'> ü", { qos: 2 });
    await node.publish("demo/bytes", Uint8Array.of(0xff, 0x00, 0x41), { qos: 1 });
    await visible(
      messages()
        .filter({ hasText: "demo/text" })
        .filter({ hasText: "QoS 2" })
        .getByText("<img src=x onerror='globalThis.hacked=1'> ü"),
    );
    await visible(messages().filter({ hasText: "demo/bytes" }).getByText("ff 00 41"));
    expect(await page.evaluate("globalThis.hacked")).toBeUndefined();
  });

  test("publishes, and says what became of it", async () => {
    const payload = page.getByRole("textbox", { name: /^Payload/ });
    const subscription = node.subscribe("from/page", { qos: 1 });
    await subscription.ready;
    const arrived = subscription.next();
    await page.getByLabel("Topic", { exact: true }).fill("from/page");
    await payload.fill("two\nlines");
    await page.getByLabel("QoS").last().selectOption("1");
    await payload.press("Control+Enter");
    await visible(page.getByText(/^Acknowledged at [\d:]+\.$/));
    expect((await arrived).value?.text()).toBe("two\nlines");
    await subscription.close();
    await page.getByLabel("Topic", { exact: true }).fill("a/+");
    await page.getByRole("button", { name: "Publish" }).click();
    await visible(page.getByText("TOPIC_INVALID"));
  });

  test("keeps to the policy of its own files, and fits a narrow screen in either scheme", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    }
    expect(chromium.messages.filter((message) => !message.includes("status of 401"))).toEqual([]);
  });

  test("shows each failed attempt with its hint and the time of the next one when the broker is gone", async () => {
    await broker.stop();
    await visible(page.getByText(/No answer since [\d:]+, trying again/));
    const attempt = page.getByRole("listitem").filter({ hasText: "WS_UNREACHABLE" });
    await visible(attempt.getByText("See whether the broker runs"));
    await visible(attempt.getByText(/Next attempt at [\d:]+\./));
    await visible(page.getByRole("button", { name: "Try now" }));
  });
});
