import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
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

  const rows = (label: string): Locator => page.getByRole("table", { name: label }).getByRole("row");
  const messages = (): Locator => page.getByRole("list", { name: "Messages, newest first" }).getByRole("listitem");
  const packets = (): Locator => page.getByRole("list", { name: "Packets, newest first" }).getByRole("listitem");
  const visible = (locator: Locator): Promise<void> => locator.first().waitFor();
  const open = async (name: string): Promise<void> => {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
    await visible(page.locator(`nav a[aria-current="page"]:text-is("${name}")`));
  };

  test("says how to get a link to whoever is not signed in, and shows nothing else", async () => {
    await page.goto(broker.urls.at(-1)!);
    await visible(page.getByRole("heading", { name: "Sign in" }));
    await visible(page.getByText("bowline console", { exact: true }));
    expect(await page.getByRole("navigation").count()).toBe(0);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "CA certificate" }).click(),
    ]);
    expect(await readFile(await download.path(), "utf8")).toBe(String(await broker.ca()));
  });

  // row 41 of docs/security.md, CVE-2020-13821.
  test("shows the clients, its own among them, and a name that is markup as text", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [command, "console", "--data", broker.dataFolder]);
    await page.goto(stdout.trim());
    await visible(page.getByRole("heading", { name: "Messages per second" }));
    await open("Clients");
    await visible(rows("Connected clients").filter({ hasText: "this page" }).filter({ hasText: "wss" }));
    const row = rows("Connected clients").filter({ hasText: MARKUP });
    await visible(row);
    expect(await row.innerText()).toContain(`${MARKUP}\\u{202e}`);
    await page.getByRole("searchbox").fill("console-");
    await visible(page.getByText("1 of 2"));
    await page.getByRole("searchbox").fill("");
    await row.getByRole("link").click();
    await visible(page.getByRole("heading", { name: "Session" }));
    await visible(page.getByText("TLS_", { exact: false }));
    expect(await page.evaluate("globalThis.hacked")).toBeUndefined();
  });

  test("ends a connection when asked twice, and says that it is gone", async () => {
    const other = connect(broker.urls[0]!, {
      credentials: await broker.user(),
      tls: { ca: await broker.ca() },
      session: { clientId: "to-be-kicked", expiryInterval: 600 },
      reconnect: false,
    });
    const lost = new Promise<{ reasonCode?: number | undefined }>((resolve) => void other.on("connectionLost", resolve));
    await other.online();
    await open("Clients");
    await page.getByRole("link", { name: "to-be-kicked" }).click();
    await page.getByRole("button", { name: "Disconnect to-be-kicked" }).click();
    await page.getByRole("button", { name: "No" }).click();
    await page.getByRole("button", { name: "Disconnect to-be-kicked" }).click();
    await page.getByRole("button", { name: "Disconnect?" }).press("Enter");
    expect(await lost).toMatchObject({ reasonCode: 0x98 });
    await visible(page.getByText("This connection has ended."));
    await other.abort();
    await open("Clients");
    await visible(rows("Clients that are away").filter({ hasText: "to-be-kicked" }));
  });

  test("adds, tries and removes a rule, and bans and lifts a ban", async () => {
    await open("Rules");
    await page.getByLabel("Decision").selectOption("deny");
    await page.getByLabel("Topic filters, one a line").fill("secret/#");
    await page.getByRole("combobox", { name: "Where" }).selectOption("first");
    await page.getByRole("button", { name: "Add" }).click();
    const rule = rows("Access rules").filter({ hasText: "secret/#" });
    await visible(rule.filter({ hasText: "everybody" }));
    await page.getByLabel("Topic, or topic filter").fill("secret/x");
    await page.getByRole("button", { name: "Ask" }).click();
    await visible(page.getByText(/^Denied: /));
    await rule.getByRole("button", { name: /^Remove / }).click();
    await page.getByRole("button", { name: "Remove?" }).click();
    await rule.waitFor({ state: "detached" });
    await open("Bans");
    await page.getByLabel("What it is").selectOption("client");
    await page.getByLabel("Who", { exact: true }).fill("intruder");
    await page.getByRole("button", { name: "Ban", exact: true }).click();
    await rows("Bans").filter({ hasText: "intruder" }).getByRole("button", { name: "Lift the ban of intruder" }).click();
    await page.getByRole("button", { name: "Lift?" }).click();
    await visible(page.getByText("Nobody is banned."));
    await open("Limits");
    await visible(rows("Limits in force").filter({ hasText: "maximumPacketSize" }).filter({ hasText: "16 MiB" }));
  });

  test("traces packets as they pass, and ends when told to", async () => {
    await open("Trace");
    await page.getByLabel("Topic filter").fill("traced/+");
    await page.getByRole("button", { name: "Start" }).click();
    await visible(page.getByText("Running", { exact: true }).nth(1));
    await node.publish("traced/1", "<b>seen</b>", { qos: 1 });
    await node.publish("other/1", "x", { qos: 1 });
    await visible(packets().filter({ hasText: "PUBLISH from the client" }).getByText("<b>seen</b>"));
    await visible(packets().filter({ hasText: "PUBACK to the client" }));
    expect(await packets().count()).toBe(2);
    await page.getByRole("button", { name: "Stop" }).click();
    await visible(page.getByText("Stopped"));
    await page.getByLabel("Address or range").fill("here");
    await page.getByRole("button", { name: "Start" }).click();
    await visible(page.getByText(/address: must be an address or a range/));
  });

  test("subscribes, and shows what a Node client publishes as text or as bytes", async () => {
    await open("Messages");
    await visible(page.getByText(/^\s*Connected since/));
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

  const signIn = async (key: string): Promise<void> => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("Sign in with a key").click();
    await page.getByLabel("AppID:AppSecret").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
    await visible(page.getByRole("navigation", { name: "Pages" }));
  };
  let key = "";

  test("makes a tenant with a user, a plan and a key that is shown once, and then all pages are about it", async () => {
    await open("Tenants");
    await page.getByLabel("Name", { exact: true }).fill("acme");
    await page.getByLabel("First user").fill("ann");
    await page.getByLabel("Its password").fill("secret");
    await page.getByRole("button", { name: "Create" }).click();
    await visible(page.getByText("127.0.0.1 acme.localhost"));
    await rows("Tenants").getByRole("link", { name: "acme" }).click();
    await page.getByLabel("Plan").selectOption("serverless");
    await visible(page.getByText("serverless", { exact: true }).last());
    await page.getByLabel("What it is for").fill("its administrator");
    await page.getByRole("button", { name: "Make a key" }).click();
    key = await page.getByLabel("AppID and AppSecret").innerText();
    expect(key).toMatch(/^[0-9a-f]{16}:[\w-]{43}$/);
    await visible(rows("Keys").filter({ hasText: "its administrator" }));
    await page.getByRole("button", { name: "Look at its pages" }).click();
    await visible(page.getByRole("heading", { name: "Tenant acme" }));
    await open("Users");
    await visible(rows("Users").filter({ hasText: "ann" }));
    expect(await rows("Users").filter({ hasText: "dev" }).count()).toBe(0);
    await open("Rules");
    await page.getByLabel("Topic filters, one a line").fill("of/acme");
    await page.getByRole("button", { name: "Add" }).click();
    await visible(rows("Access rules").filter({ hasText: "of/acme" }));
    await page.getByLabel("Tenant").selectOption("default");
    await rows("Access rules").filter({ hasText: "of/acme" }).waitFor({ state: "detached" });
  });

  test("makes a plan, sets, changes and takes out its limits, and says which of them the broker refuses", async () => {
    await open("Plans");
    await page.getByLabel("Name", { exact: true }).fill("small");
    await page.getByLabel("With the limits of").selectOption("serverless");
    await page.getByRole("button", { name: "Create" }).click();
    const limits = rows("Limits of small");
    await limits.filter({ hasText: "publishesPerSecond" }).first().getByRole("button", { name: "Change" }).click();
    const value = page.getByLabel(/^Value/);
    await expect.poll(() => value.evaluate((field) => field === document.activeElement)).toBe(true);
    await value.fill("7");
    await value.press("Enter");
    await visible(limits.filter({ hasText: "7 a second" }));
    await page.getByRole("combobox", { name: "Limit" }).selectOption("maximumTopicLevels");
    await value.fill("0");
    await page.getByRole("button", { name: "Set" }).click();
    await visible(page.getByText(/limits\.maximumTopicLevels|maximumTopicLevels: /));
    await page.getByRole("button", { name: "Remove maximumTopicLevels" }).click();
    await page.getByRole("button", { name: "Remove?" }).click();
    await limits.filter({ hasText: "maximumTopicLevels" }).waitFor({ state: "detached" });
    const plan = JSON.parse(await broker.ask("/api/v1/plans/small")) as { limits: object; maximumUsers: number };
    expect(plan).toMatchObject({ limits: { publishesPerSecond: 7, maximumSessions: 1_000 }, maximumUsers: 2_000 });
    expect(plan.limits).not.toHaveProperty("maximumTopicLevels");
    await page.getByRole("button", { name: "Delete the plan small" }).click();
    await page.getByRole("button", { name: "Delete?" }).click();
    await visible(rows("Plans").filter({ hasText: "serverless" }));
    expect(await rows("Plans").filter({ hasText: "small" }).count()).toBe(0);
  });

  test("imports users from a file, all or none, finds one of many, and shows the others page by page", async () => {
    const file = (name: string, text: string) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await open("Users");
    await page.getByText("Import users from a file").click();
    await page.getByLabel("File").setInputFiles(file("bad.csv", "username,password\nbob,secret\ncarl,\n"));
    await page.getByRole("button", { name: "Import" }).click();
    await visible(page.getByText(/the file, line 3: the password is empty/));
    expect(await rows("Users").filter({ hasText: "bob" }).count()).toBe(0);
    await page.getByLabel("File").setInputFiles(file("passwords.csv", 'username,password\nbob,"a, b"\n'));
    await page.getByRole("button", { name: "Import" }).click();
    await visible(rows("Users").filter({ hasText: "bob" }));
    const hashed = Array.from({ length: 120 }, (_, i) => `device-${i},${"ab".repeat(32)},,${i === 7}`).join("\n");
    await page.getByLabel("File").setInputFiles(file("emqx.csv", `user_id,password_hash,salt,is_superuser\n${hashed}\n`));
    await page.getByRole("button", { name: "Import" }).click();
    await visible(page.getByText("Imported: 120."));
    await visible(page.getByText(/These were superusers.*: device-7$/));
    await page.getByRole("button", { name: "Next" }).click();
    await visible(page.getByText("from 101 of 122"));
    await page.getByRole("searchbox").fill("DEVICE-119");
    await visible(page.getByText("1 found"));
    expect(await rows("Users").count()).toBe(2);
    const bob = connect(broker.urls[0]!, {
      credentials: { username: "bob", password: "a, b" },
      tls: { ca: await broker.ca() },
      reconnect: false,
    });
    await bob.online();
    await bob.close();
  });

  test("its administrator signs in with the key, and sees that tenant alone", async () => {
    await signIn(key.trim());
    await visible(page.getByText("Tenant acme", { exact: true }));
    expect(await page.getByRole("navigation").getByRole("link", { name: "Tenants" }).count()).toBe(0);
    await open("Users");
    await visible(rows("Users").filter({ hasText: "ann" }));
    await open("Messages");
    await visible(page.getByText(/at the tenant acme/));
    await visible(page.getByText(/^\s*Connected since/));
    await open("Clients");
    await visible(rows("Connected clients").filter({ hasText: "this page" }));
    expect(await rows("Connected clients").count()).toBe(2);
    const statusOf = (path: string): Promise<number> => page.evaluate(async (at) => (await fetch(at)).status, path);
    expect(await Promise.all(["/api/v1/tenants/default/users", "/api/v1/keys", "/api/v1/status"].map(statusOf))).toEqual([
      404, 404, 404,
    ]);
    const args = [command, "console", "--tenant", "acme", "--data", broker.dataFolder];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    await page.goto(stdout.trim());
    await visible(page.getByText("Tenant acme", { exact: true }));
    await signIn((await readFile(join(broker.dataFolder, "operator.key"), "utf8")).trim());
  });

  test("says who was refused, why, and what to change", async () => {
    const credentials = { ...(await broker.user()), password: "wrong" };
    const session = { clientId: "guesser" };
    const stranger = connect(broker.urls[0]!, { credentials, tls: { ca: await broker.ca() }, session, reconnect: false });
    stranger.on("attemptFailed", () => {});
    await expect(stranger.online()).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
    await open("Refused");
    await visible(rows("Refused clients").filter({ hasText: "guesser" }).getByText("Give the right user name and password."));
    const guesses = await rows("Refused clients").filter({ hasText: "guesser" }).innerText();
    expect([guesses.includes(credentials.username), guesses.split("BAD_CREDENTIALS").length]).toEqual([true, 2]);
    const topic = `$SYS/${"x".repeat(300)}`;
    await expect(node.publish(topic, "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
    const denied = rows("Refused clients").filter({ hasText: "may not publish to $SYS/xxx" });
    await visible(denied.filter({ hasText: MARKUP }).getByText("Publish to another topic."));
    await open("Usage");
    await visible(rows("Usage by month"));
  });

  test("keeps to the policy of its own files, and fits a narrow screen in either scheme", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 390, height: 844 });
      const names = [
        "Overview",
        "Clients",
        "Trace",
        "Users",
        "Rules",
        "Bans",
        "Limits",
        "Usage",
        "Refused",
        "Tenants",
        "Plans",
        "Messages",
      ];
      for (const name of names) {
        await open(name);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      }
    }
    // Nothing that failed, also while nobody was signed in, but what tests above asked for.
    const failed = (status: number): number =>
      chromium.messages.filter((message) => message.includes(`status of ${status}`)).length;
    expect([failed(401), failed(400)], chromium.messages.join("\n")).toEqual([0, 3]);
    // A page that is left while it connects is told so by the browser.
    const known = /status of 40[04]|closed before the connection is established/;
    expect(chromium.messages.filter((message) => !known.test(message))).toEqual([]);
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
