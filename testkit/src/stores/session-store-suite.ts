import type { SessionStore } from "@bowline/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** One place for records, which stores are made for again and again, as by one process after the other. */
export interface StorePlace {
  /** A store of this place, as another client would make it. */
  make(): SessionStore;
  /** A store of another place. */
  makeOther(): SessionStore;
  remove(): Promise<void>;
}

/** The contract of SessionStore, the same for every maker. Every test begins with an empty place. */
export function sessionStoreSuite(title: string, makePlace: () => Promise<StorePlace>): void {
  describe(`session store contract: ${title}`, () => {
    let place: StorePlace;
    let store: SessionStore;
    beforeEach(async () => {
      place = await makePlace();
      store = place.make();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    async function reopened(): Promise<Record<string, readonly number[]>> {
      await store.close();
      store = place.make();
      return contents(store);
    }

    test("an empty store has nothing", async () => {
      expect(await contents(store)).toEqual({});
    });

    test("has a name to be told by", () => {
      expect(store.name).not.toBe("");
    });

    test("what was written is there after it was closed and opened again: empty, binary and large values, keys of any letters", async () => {
      await store.open();
      const large = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
      await store.write([
        ["empty", new Uint8Array(0)],
        ["s+/ü/€/𝄞/#", Uint8Array.of(0, 255, 10, 13)],
        ["large", large],
      ]);
      expect(await reopened()).toEqual({ empty: [], "s+/ü/€/𝄞/#": [0, 255, 10, 13], large: [...large] });
    });

    test("the last value of a key counts, within a group and over groups", async () => {
      await store.open();
      await store.write([
        ["a", Uint8Array.of(1)],
        ["b", Uint8Array.of(1)],
        ["a", Uint8Array.of(2)],
      ]);
      await store.write([["b", Uint8Array.of(3)]]);
      expect(await reopened()).toEqual({ a: [2], b: [3] });
    });

    test("what was removed is gone, and removing what is not there is nothing", async () => {
      await store.open();
      await store.write([
        ["a", Uint8Array.of(1)],
        ["b", Uint8Array.of(2)],
        ["c", Uint8Array.of(3)],
        ["c", undefined],
      ]);
      await store.write([
        ["a", undefined],
        ["never", undefined],
      ]);
      expect(await reopened()).toEqual({ b: [2] });
      await store.write([["a", Uint8Array.of(4)]]);
      expect(await reopened()).toEqual({ a: [4], b: [2] });
    });

    test("a value is taken as it was, whatever its bytes are a part of and become", async () => {
      await store.open();
      const around = Uint8Array.of(9, 1, 2, 9);
      await store.write([["part", around.subarray(1, 3)]]);
      around.fill(7);
      expect(await reopened()).toEqual({ part: [1, 2] });
    });

    test("a group of nothing and a group of many are groups", async () => {
      await store.open();
      await store.write([]);
      await store.write(Array.from({ length: 3000 }, (_, i) => [`m${i}`, Uint8Array.of(i & 255)] as const));
      expect(Object.keys(await reopened())).toHaveLength(3000);
    });

    test("many groups one after the other, as a client writes them", async () => {
      await store.open();
      const expected: Record<string, readonly number[]> = {};
      for (let i = 0; i < 100; i++) {
        // oxlint-disable-next-line no-await-in-loop -- That is what is tested.
        await store.write([
          [`m${i}`, Uint8Array.of(i)],
          [`m${i - 5}`, undefined],
        ]);
        if (i >= 95) expected[`m${i}`] = [i];
      }
      expect(await reopened()).toEqual(expected);
    });

    test("is for one at a time: a second one is told, harms nothing, and comes in when the first has closed", async () => {
      await store.open();
      await store.write([["a", Uint8Array.of(1)]]);
      const second = place.make();
      const error = await second.open().then(
        () => undefined,
        (found: unknown) => found,
      );
      expect(error).toMatchObject({ code: "STORE_IN_USE", stage: "storage" });
      expect((error as Error).message).toContain(store.name);
      await store.write([["b", Uint8Array.of(2)]]);
      await store.close();
      expect(await contents(second)).toEqual({ a: [1], b: [2] });
      await second.close();
    });

    test("another place is another store", async () => {
      const other = place.makeOther();
      await store.open();
      await store.write([["a", Uint8Array.of(1)]]);
      expect(await contents(other)).toEqual({});
      await other.close();
    });

    test("the same store opens again after it was closed, and closing twice is nothing", async () => {
      await store.open();
      await store.write([["a", Uint8Array.of(1)]]);
      await store.close();
      await store.close();
      expect(await contents(store)).toEqual({ a: [1] });
    });

    test("writing to a store that is closed rejects", async () => {
      await store.open();
      await store.close();
      await expect(store.write([["a", Uint8Array.of(1)]])).rejects.toMatchObject({ code: "STORE_FAILED" });
    });
  });
}

async function contents(store: SessionStore): Promise<Record<string, readonly number[]>> {
  return Object.fromEntries(Array.from(await store.open(), ([key, value]) => [key, [...value]]));
}
