import type { AttemptFailure } from "@bowline/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import type { ChromiumPage } from "./chromium-page.ts";
import { openClientPage, type PageGlobals } from "./client-page.ts";

const CLOSED = 3;

type Failure = Pick<AttemptFailure, "attempt" | "stage" | "code" | "hints">;

const missing = missingPrograms("chromium", "certutil");

describe.skipIf(missing !== "")(`a page in Chromium${missing && ` (${missing})`}`, () => {
  let broker: BowlineProcess;
  let chromium: ChromiumPage | undefined;

  beforeAll(async () => {
    broker = await BowlineProcess.start("--listen", "wss://localhost:0/mqtt", "--no-console");
  });
  afterEach(async () => {
    await chromium?.close();
    chromium = undefined;
  });
  afterAll(() => broker?.remove());

  async function open(trust: string[]): Promise<ChromiumPage> {
    chromium = await openClientPage({ trust });
    return chromium;
  }
  const trusted = async (): Promise<ChromiumPage> => open([String(await broker.ca())]);
  const order = async (): Promise<Order> => ({ url: broker.urls[0]!, credentials: await broker.user() });
  const socketStates = ({ page }: ChromiumPage): Promise<number[]> =>
    page.evaluate(() => (globalThis as unknown as PageGlobals).sockets.map(({ readyState }) => readyState));

  test("that does not trust the authority tells exactly one failure for each attempt, at stage ws, with hints", async () => {
    const opened = await open([]);
    const failures = await opened.page.evaluate(failThreeTimes, await order());
    expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    for (const { stage, code, hints } of failures) {
      expect({ stage, code }).toEqual({ stage: "ws", code: "WS_UNREACHABLE" });
      expect(hints.join("\n")).toMatch(/certificate|trust/i);
    }
    expect(await socketStates(opened)).toEqual([CLOSED, CLOSED, CLOSED]);
    // What the page is not told, the browser's console is: it is the certificate and nothing else.
    const causes = opened.messages.filter((message) => message.includes("WebSocket connection to"));
    expect(causes).toHaveLength(3);
    for (const cause of causes) expect(cause).toContain("ERR_CERT_AUTHORITY_INVALID");
  });

  test.each(["close", "abort"] as const)("leaves no socket after %s()", async (how) => {
    const opened = await trusted();
    await opened.page.evaluate(goOnline, await order());
    expect(await broker.connections()).toMatchObject([{ clientIdentifier: "page", protocolVersion: 5 }]);
    const status = await opened.page.evaluate(async (way) => {
      const { client } = globalThis as unknown as PageGlobals;
      await client[way]();
      return client.status.state;
    }, how);
    expect(status).toBe("closed");
    expect(await socketStates(opened)).toEqual([CLOSED]);
    await broker.connectionsAre((connections) => connections.length === 0);
  });

  test.each(["close", "abort"] as const)("leaves no socket after %s() while it connects", async (how) => {
    const opened = await trusted();
    const status = await opened.page.evaluate(
      async ({ url, credentials, way }) => {
        const client = (globalThis as unknown as PageGlobals).bowline.connect(url, { credentials });
        const online = client.online().catch(() => {});
        // One turn, so that it has made its socket.
        await new Promise((resolve) => setTimeout(resolve, 0));
        await client[way]();
        await online;
        return client.status.state;
      },
      { ...(await order()), way: how },
    );
    expect(status).toBe("closed");
    expect(await socketStates(opened)).toEqual([CLOSED]);
    await broker.connectionsAre((connections) => connections.length === 0);
  });

  test("that is closed by its user ends its connection", async () => {
    const opened = await trusted();
    await opened.page.evaluate(goOnline, await order());
    expect(await broker.connections()).toHaveLength(1);
    await opened.page.close();
    await broker.connectionsAre((connections) => connections.length === 0);
  });

  test("is told by its reason code that the password is wrong, and does not try again", async () => {
    const opened = await trusted();
    const credentials = { username: (await broker.user()).username, password: "wrong" };
    const failure = await opened.page.evaluate(refused, { url: broker.urls[0]!, credentials });
    expect(failure).toMatchObject({ stage: "mqtt", code: "BAD_CREDENTIALS", reasonCode: 0x86, state: "failed" });
    expect(await socketStates(opened)).toEqual([CLOSED]);
  });
});

interface Order {
  url: string;
  credentials: { username: string; password: string };
}

/* The functions from here on run in the page: they may use nothing of this file. */

async function goOnline({ url, credentials }: Order): Promise<void> {
  const scope = globalThis as unknown as PageGlobals;
  scope.client = scope.bowline.connect(url, { credentials, session: { clientId: "page" } });
  await scope.client.online();
}

async function failThreeTimes({ url, credentials }: Order): Promise<Failure[]> {
  const failures: Failure[] = [];
  const reconnect = { firstDelayMs: 1, baseDelayMs: 1, maximumDelayMs: 1, maximumAttempts: 3 };
  const client = (globalThis as unknown as PageGlobals).bowline.connect(url, { credentials, reconnect });
  client.on("attemptFailed", ({ attempt, stage, code, hints }) => failures.push({ attempt, stage, code, hints }));
  await client.online().catch(() => {});
  return failures;
}

async function refused({ url, credentials }: Order): Promise<object> {
  const client = (globalThis as unknown as PageGlobals).bowline.connect(url, { credentials });
  const failure = await new Promise<AttemptFailure>((resolve) => client.on("attemptFailed", resolve));
  await client.online().catch(() => {});
  const { stage, code, reasonCode } = failure;
  return { stage, code, reasonCode, state: client.status.state };
}
