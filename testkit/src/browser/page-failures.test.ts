import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocalCa } from "@bowline/broker/internal";
import type { AttemptFailure } from "@bowline/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { statedBar } from "../system/stated-bar.ts";
import { ChromiumPage } from "./chromium-page.ts";
import { type PageGlobals, servePage } from "./client-page.ts";

interface Order {
  url: string;
  attempts?: number;
  probe?: boolean;
  tls?: object;
}
interface Told {
  failures: Omit<AttemptFailure, "error">[];
  details: AttemptFailure["error"]["details"][];
}

const missing = missingPrograms("chromium", "certutil");

describe.skipIf(missing !== "")(`what a page in Chromium is told of a failure${missing && ` (${missing})`}`, () => {
  let broker: BowlineProcess;
  let plain: BowlineProcess;
  let chromium: ChromiumPage;
  const servers: (Server | HttpsServer)[] = [];

  beforeAll(async () => {
    broker = await BowlineProcess.start("--listen", "wss://localhost:0/mqtt", "--no-console");
    plain = await BowlineProcess.start("--listen", "ws://127.0.0.1:0/mqtt", "--no-console");
    chromium = await ChromiumPage.open({ trust: [String(await broker.ca())] });
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  afterAll(async () => {
    await chromium?.close();
    await broker?.remove();
    await plain?.remove();
  });

  async function load(policy?: string): Promise<void> {
    const server = await servePage(policy);
    servers.push(server);
    await chromium.page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    await chromium.page.waitForFunction("globalThis.bowline !== undefined");
  }
  const fail = (order: Order): Promise<Told> => chromium.page.evaluate(failInPage, order);
  const codes = ({ failures }: Told): string[] => failures.map(({ code }) => code);

  test("[A6 page] [C1 page] [C2 page] a closed port: one failure for each attempt, with everything a page can know", async () => {
    await load();
    const { failures, details } = await fail({ url: `ws://127.0.0.1:${await closedPort()}/mqtt`, attempts: 3 });
    expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    for (const [index, failure] of failures.entries()) {
      expect(failure).toMatchObject({ stage: "ws", code: "WS_UNREACHABLE", link: "docs/errors/ws.md#ws_unreachable" });
      expect(failure.hints.length).toBeGreaterThan(0);
      expect(failure.msToFail).toBeLessThan(1000);
      expect(details[index]).toMatchObject({
        everOpened: false,
        closeCode: 1006,
        candidates: expect.arrayContaining(["TCP_REFUSED"]) as string[],
      });
    }
  });

  test("[C2 page] a wrong path: HTTP answers, the upgrade failed", async () => {
    await load();
    const { failures } = await fail({ url: broker.urls[0]!.replace("/mqtt", "/wrong?token=hunter2") });
    expect(failures).toMatchObject([{ stage: "ws", code: "WS_UPGRADE_REFUSED" }]);
    expect(failures[0]!.hints.join()).toContain("/wrong");
    expect(JSON.stringify(failures)).not.toContain("hunter2");
  });

  test("[C2 page] TLS to a plain port is not answered, and plain to a TLS port is", async () => {
    await load();
    expect(codes(await fail({ url: plain.urls[0]!.replace("ws:", "wss:") }))).toEqual(["WS_UNREACHABLE"]);
    expect(codes(await fail({ url: broker.urls[0]!.replace("wss:", "ws:") }))).toEqual(["WS_UPGRADE_REFUSED"]);
  });

  test("[C2 page] asks the server at most once a minute, and not at all when told so", async () => {
    await load();
    const asked: string[] = [];
    chromium.page.on("request", (request) => request.resourceType() === "fetch" && asked.push(request.url()));
    const url = `ws://127.0.0.1:${await closedPort()}/mqtt`;
    expect(codes(await fail({ url, probe: false }))).toEqual(["WS_NEVER_OPENED"]);
    expect(asked).toEqual([]);
    await fail({ url: `${url}?token=hunter2`, attempts: 3 });
    expect(asked).toEqual([url.replace("ws:", "http:")]);
  });

  test("[C2 page] a content security policy that forbids the address is named, and one that forbids to ask proves nothing", async () => {
    await load("connect-src 'self'");
    const forbidden = await fail({ url: plain.urls[0]! });
    expect(codes(forbidden)).toEqual(["B_CSP"]);
    await load("connect-src ws:");
    expect(codes(await fail({ url: `ws://127.0.0.1:${await closedPort()}/mqtt` }))).toEqual(["WS_NEVER_OPENED"]);
  });

  test("[C2 page] [A10 page] offline is said, and the page is back as soon as the network is", async () => {
    await load();
    const context = chromium.page.context();
    await context.setOffline(true);
    const order = { url: plain.urls[0]!, credentials: await plain.user() };
    await chromium.page.evaluate(async ({ url, credentials }) => {
      const scope = globalThis as unknown as PageGlobals;
      scope.client = scope.bowline.connect(url, { credentials, reconnect: { firstDelayMs: 60_000 }, random: () => 1 });
      await new Promise((resolve) => scope.client.on("attemptFailed", resolve));
    }, order);
    const status = await chromium.page.evaluate(() => JSON.stringify((globalThis as unknown as PageGlobals).client.status));
    expect(status).toMatch(/B_OFFLINE|WS_NEVER_OPENED/);
    const since = Date.now();
    await context.setOffline(false);
    await chromium.page.evaluate(() => (globalThis as unknown as PageGlobals).client.online().then(() => undefined));
    expect(Date.now() - since).toBeLessThan(1000);
    await chromium.page.evaluate(() => (globalThis as unknown as PageGlobals).client.close());
  });

  test("[C2 page] mixed content is a failure and no exception, before anything is dialled", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bowline-mixed-"));
    const authority = await openLocalCa({ folder });
    const { certificate, privateKey } = await authority.issue(["localhost"]);
    const http = await servePage();
    const https = createHttpsServer({ cert: certificate, key: privateKey }, (request, response) =>
      http.emit("request", request, response),
    );
    servers.push(http, https);
    await new Promise<void>((resolve) => https.listen(0, "localhost", resolve));
    const secure = await ChromiumPage.open({ trust: [authority.certificate] });
    try {
      await secure.page.goto(`https://localhost:${(https.address() as AddressInfo).port}/`);
      await secure.page.waitForFunction("globalThis.bowline !== undefined");
      const told = await secure.page.evaluate(failInPage, { url: "ws://broker.example/mqtt" });
      expect(told.failures).toMatchObject([{ code: "B_MIXED", stage: "input" }]);
      expect(told.failures[0]!.msToFail).toBeLessThan(statedBar(100));
    } finally {
      await secure.close();
      await rm(folder, { recursive: true });
    }
  });

  test("[C3 page] options that no page can set are named once", async () => {
    await load();
    const from = chromium.messages.length;
    const url = `ws://127.0.0.1:${await closedPort()}/mqtt`;
    await fail({ url, tls: { rejectUnauthorized: false, ca: "x" } });
    await fail({ url, tls: { rejectUnauthorized: false } });
    const warnings = chromium.messages.slice(from).filter((message) => message.includes("cannot set"));
    expect(warnings).toEqual([expect.stringMatching(/^warning: .*rejectUnauthorized.*ca/)]);
  });
});

/** A port that nobody listens on: it was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/* Runs in the page: it may use nothing of this file. */

async function failInPage({ url, attempts = 1, probe, tls }: Order): Promise<Told> {
  const scope = globalThis as unknown as PageGlobals;
  const failures: AttemptFailure[] = [];
  const client = scope.bowline.connect(url, {
    reconnect: { maximumAttempts: attempts, delay: () => 1 },
    ...(probe === undefined ? {} : { probe }),
    ...(tls && { tls }),
  });
  client.on("attemptFailed", (failure) => failures.push(failure));
  await client.online().catch(() => undefined);
  const details = failures.map(({ error }) => error.details);
  return { failures: failures.map(({ error: _error, ...rest }) => rest), details };
}
