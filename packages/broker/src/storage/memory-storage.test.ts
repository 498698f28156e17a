import { expect, test } from "vitest";
import { aMessage, storageSuite } from "@bowline/testkit/storage";
import { MemoryStorage } from "./memory-storage.ts";
import { StoreImage } from "./store-image.ts";

storageSuite("memory", () => {
  const image = new StoreImage();
  return Promise.resolve({ open: () => Promise.resolve(new MemoryStorage({ image })), dispose: () => Promise.resolve() });
});

test("without an image nothing is kept and groups still commit at the end of their turn", () => {
  const turns: (() => void)[] = [];
  const storage = new MemoryStorage({ atEndOfTurn: (callback) => turns.push(callback) });
  const told: number[] = [];
  storage.onCommitted = (n) => told.push(n);
  expect([storage.putMessage(aMessage(1)), storage.deleteMessage(1)]).toEqual([1, 1]);
  expect(told).toEqual([]);
  for (const endTurn of turns) endTurn();
  expect(told).toEqual([1]);
  expect(storage.readMessage(1)).toBeUndefined();
});
