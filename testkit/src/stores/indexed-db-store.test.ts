import type { SessionStore, StoreChange, StoredRecord } from "@bowline/client";
import { MqttError } from "@bowline/client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingPrograms } from "../system/missing-programs.ts";
import { PersistentChromium, type StorePageGlobals } from "./persistent-chromium.ts";
import { sessionStoreSuite } from "./session-store-suite.ts";

const missing = missingPrograms("chromium");

type Scope = StorePageGlobals & { stores: Record<string, SessionStore> };
type Answer = { error: { code: MqttError["code"]; message: string } } | { records: [string, string][] };

/** A store in a page, driven from here: bytes travel as base64. */
class RemoteStore implements SessionStore {
  readonly name: string;
  private readonly page: Page;
  private readonly id = `store${++count}`;

  constructor(page: Page, name: string) {
    this.page = page;
    this.name = name;
  }

  async open(): Promise<Iterable<StoredRecord>> {
    const records = await this.call("open", []);
    return records.map(([key, text]) => [key, Buffer.from(text, "base64")]);
  }

  async write(changes: readonly StoreChange[]): Promise<void> {
    await this.call(
      "write",
      changes.map(([key, value]) => [key, value && Buffer.from(value).toString("base64")]),
    );
  }

  async close(): Promise<void> {
    await this.call("close", []);
  }

  private async call(method: keyof SessionStore, changes: (readonly [string, string | undefined])[]): Promise<[string, string][]> {
    const { id, name } = this;
    const answer = await this.page.evaluate(callInPage, { id, name, method, changes });
    if ("error" in answer) throw new MqttError(answer.error.code, { stage: "storage", detail: answer.error.message });
    return answer.records;
  }
}

let count = 0;

/** Runs in the page. */
async function callInPage(call: {
  id: string;
  name: string;
  method: string;
  changes: (readonly [string, string | undefined])[];
}): Promise<Answer> {
  const scope = globalThis as unknown as Scope;
  scope.stores ??= {};
  const store = (scope.stores[call.id] ??= scope.bowline.indexedDbStore(call.name));
  const decode = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const encode = (bytes: Uint8Array): string => {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  };
  try {
    if (call.method === "open") return { records: Array.from(await store.open(), ([key, value]) => [key, encode(value)]) };
    if (call.method === "write") {
      // One array for all, changed after the call, so that a store which keeps views is found out.
      await store.write(call.changes.map(([key, text]) => [key, text === undefined ? undefined : decode(text)] as const));
    } else await store.close();
    return { records: [] };
  } catch (error) {
    const { code, message } = error as { code: MqttError["code"]; message: string };
    return { error: { code, message } };
  }
}

describe.skipIf(missing !== "")(`IndexedDB in Chromium${missing && ` (${missing})`}`, () => {
  let chromium: PersistentChromium;
  let page: Page;
  beforeAll(async () => {
    chromium = await PersistentChromium.start();
    page = await chromium.page();
  });
  afterAll(() => chromium?.remove());

  sessionStoreSuite("IndexedDB", async () => {
    const name = `place${++count}`;
    return {
      make: () => new RemoteStore(page, name),
      makeOther: () => new RemoteStore(page, `${name}-other`),
      remove: async () => undefined,
    };
  });

  test("two tabs with one store: the second is told which, and comes in when the first tab has been closed", async () => {
    const other = await chromium.page();
    const first = new RemoteStore(other, "tabs");
    await first.open();
    await first.write([["a", Uint8Array.of(1)]]);
    const second = new RemoteStore(page, "tabs");
    await expect(second.open()).rejects.toMatchObject({
      code: "STORE_IN_USE",
      message: expect.stringContaining("tabs, in another tab"),
    });
    await other.close();
    expect([...(await second.open())].map(([key]) => key)).toEqual(["a"]);
    await second.close();
  });

  test("a tab whose process was killed lets the store go", async () => {
    const other = await chromium.page();
    const first = new RemoteStore(other, "killed");
    await first.open();
    await first.write([["a", Uint8Array.of(1)]]);
    await chromium.killRenderers();
    page = await chromium.page();
    const second = new RemoteStore(page, "killed");
    expect([...(await second.open())].map(([key]) => key)).toEqual(["a"]);
    await second.close();
  });

  test("a database that was taken away is a failed write, or begins anew, and never hangs", async () => {
    const store = new RemoteStore(page, "deleted");
    await store.open();
    await store.write([["a", Uint8Array.of(1)]]);
    await page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const request = indexedDB.deleteDatabase("bowline:deleted");
          request.onsuccess = () => resolve(undefined);
          request.onerror = () => reject(request.error ?? new Error("no reason given"));
        }),
    );
    await store.write([["b", Uint8Array.of(2)]]);
    await store.close();
    expect([...(await store.open())].map(([key]) => key)).toEqual(["b"]);
    await store.close();
  });

  test("fileStore in a page says what to use", async () => {
    const message = await page.evaluate(() =>
      (globalThis as unknown as Scope).bowline
        .fileStore("x")
        .open()
        .then(
          () => "opened",
          (error: Error) => error.message,
        ),
    );
    expect(message).toContain("indexedDbStore");
  });
});
