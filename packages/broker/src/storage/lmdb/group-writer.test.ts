import { constants } from "node:os";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GroupWriter, type GroupWriterOptions } from "./group-writer.ts";
import { type StoreOperation, Table, type WriteProgress } from "./lmdb-store.ts";

const { ENOSPC, EDQUOT, EIO } = constants.errno;

/** A disk that does nothing by itself: the test says what becomes of each transaction. */
interface Transaction extends WriteProgress {
  names: string[];
}

let transactions: Transaction[];
let told: string[];
let writer: GroupWriter;

function makeWriter(options: Partial<GroupWriterOptions> = {}): GroupWriter {
  return new GroupWriter({
    write: (operations, progress) => transactions.push({ names: operations.map(nameOf), ...progress }),
    prepare: (operations) => operations,
    durability: "durable",
    retryDelayMs: 5_000,
    wallTime: () => 77,
    onCommitted: (n) => told.push(`committed ${n}`),
    onHealth: (health) => told.push(health.state),
    ...options,
  });
}

function append(name: string): number {
  return writer.append({ table: Table.Meta, key: Buffer.from(name), record: undefined });
}

function nameOf(operation: StoreOperation): string {
  return Buffer.from(operation.key).toString();
}

function endTurn(): Promise<void> {
  return new Promise(setImmediate);
}

function transaction(index: number): Transaction {
  const found = transactions[index];
  if (found === undefined) throw new Error(`there is no transaction ${index}`);
  return found;
}

function complete(index: number): void {
  transaction(index).visible();
  transaction(index).flushed();
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  transactions = [];
  told = [];
  writer = makeWriter();
});

afterEach(async () => {
  // The turn a test left open must not end in the next one.
  await endTurn();
  vi.useRealTimers();
});

describe("groups", () => {
  test("a turn is one transaction with one number", async () => {
    expect([append("a"), append("b")]).toEqual([1, 1]);
    expect(transactions).toEqual([]);
    await endTurn();
    expect(append("c")).toBe(2);
    expect(transactions.map((each) => each.names)).toEqual([["a", "b"]]);
  });

  test("what is appended while one is written waits, and becomes one transaction however many turns it was", async () => {
    append("a");
    await endTurn();
    append("b");
    await endTurn();
    append("c");
    await endTurn();
    expect(transactions).toHaveLength(1);
    complete(0);
    expect(transaction(1).names).toEqual(["b", "c"]);
    complete(1);
    expect(told).toEqual(["committed 1", "committed 3"]);
  });

  test("a turn is never parted, not even when the disk becomes free in its middle", async () => {
    append("a");
    await endTurn();
    append("b");
    complete(0);
    append("c");
    expect(transactions).toHaveLength(1);
    await endTurn();
    expect(transaction(1).names).toEqual(["b", "c"]);
  });

  test("one is written while the one before it is flushed, and a third waits", async () => {
    append("a");
    await endTurn();
    transaction(0).visible();
    append("b");
    await endTurn();
    expect(transactions).toHaveLength(2);
    transaction(1).visible();
    append("c");
    await endTurn();
    expect(transactions).toHaveLength(2);
    transaction(0).flushed();
    expect(transactions).toHaveLength(3);
    transaction(1).flushed();
    expect(told).toEqual(["committed 1", "committed 2"]);
  });

  test("a flush that includes the earlier group may be told first", async () => {
    append("a");
    await endTurn();
    transaction(0).visible();
    append("b");
    await endTurn();
    transaction(1).visible();
    transaction(1).flushed();
    transaction(0).flushed();
    expect(told).toEqual(["committed 2"]);
    append("c");
    await endTurn();
    expect(transactions).toHaveLength(3);
  });

  test("relaxed commits when visible", async () => {
    writer = makeWriter({ durability: "relaxed" });
    append("a");
    await endTurn();
    transaction(0).visible();
    expect(told).toEqual(["committed 1"]);
    transaction(0).flushed();
    expect(told).toEqual(["committed 1"]);
  });
});

describe("a full disk", () => {
  test("turns read-only, keeps the order, tries again every 5 s and recovers", async () => {
    append("a");
    await endTurn();
    append("b");
    await endTurn();
    transaction(0).failed(ENOSPC);
    expect(writer.health).toEqual({ state: "read-only", cause: "the disk is full (ENOSPC)", since: 77 });
    expect(() => append("refused")).toThrow(/^STORE_READ_ONLY/);
    vi.advanceTimersByTime(4_999);
    expect(transactions).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(transaction(1).names).toEqual(["a", "b"]);
    transaction(1).failed(EIO);
    vi.advanceTimersByTime(5_000);
    complete(2);
    expect(transaction(2).names).toEqual(["a", "b"]);
    expect(told).toEqual(["read-only", "ok", "committed 2"]);
    expect(append("c")).toBe(3);
  });

  test("what was being flushed meanwhile is committed without ending the outage", async () => {
    append("a");
    await endTurn();
    transaction(0).visible();
    append("b");
    await endTurn();
    transaction(1).failed(ENOSPC);
    transaction(0).flushed();
    expect(told).toEqual(["read-only", "committed 1"]);
    expect(writer.health.state).toBe("read-only");
  });

  test("flush rejects at once, and when it was already waited for", async () => {
    append("a");
    const waited = writer.flush();
    await endTurn();
    transaction(0).failed(ENOSPC);
    await expect(waited).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
    await expect(writer.flush()).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
  });

  test("a transaction of background work alone recovers too", async () => {
    let background: StoreOperation[] = [{ table: Table.Meta, key: Buffer.from("sweep"), record: undefined }];
    writer = makeWriter({ prepare: (operations) => [...operations, ...background] });
    writer.wake();
    await endTurn();
    transaction(0).failed(ENOSPC);
    vi.advanceTimersByTime(5_000);
    background = [];
    complete(1);
    expect(told).toEqual(["read-only", "ok"]);
  });
});

describe("a disk that fails", () => {
  test.each([
    [EDQUOT, "the disk quota is used up (EDQUOT)"],
    [EIO, "the disk failed (EIO)"],
  ])("error %i is told as what it is", async (code, cause) => {
    append("a");
    await endTurn();
    transaction(0).failed(code);
    expect(writer.health).toMatchObject({ state: "read-only", cause });
  });

  test("a failed flush is final: the group is not committed and nothing is written any more", async () => {
    append("a");
    await endTurn();
    transaction(0).visible();
    append("b");
    await endTurn();
    transaction(0).failed(EIO);
    expect(writer.health).toMatchObject({ state: "read-only", cause: "the disk failed (EIO)" });
    transaction(1).failed(ENOSPC);
    vi.advanceTimersByTime(60_000);
    expect(transactions).toHaveLength(2);
    expect(told).toEqual(["read-only"]);
    expect(() => append("c")).toThrow(/^STORE_READ_ONLY/);
    expect(await writer.stop()).toBe(false);
  });

  test("an error of LMDB's own is final", async () => {
    append("a");
    await endTurn();
    transaction(0).failed(-30795);
    expect(writer.health).toMatchObject({ state: "read-only", cause: "the head of the store could not be written" });
    vi.advanceTimersByTime(60_000);
    expect(transactions).toHaveLength(1);
  });
});

describe("the end", () => {
  test("stop waits for what is under way", async () => {
    append("a");
    await endTurn();
    let stopped: boolean | undefined;
    const stopping = writer.stop().then((sound) => (stopped = sound));
    await endTurn();
    expect(stopped).toBeUndefined();
    complete(0);
    await stopping;
    expect(stopped).toBe(true);
    expect(told).toEqual(["committed 1"]);
    expect(() => append("b")).toThrow(/^STORE_READ_ONLY.*closed/);
  });

  test("stop during an outage forgets what could not be kept", async () => {
    append("a");
    await endTurn();
    transaction(0).failed(ENOSPC);
    expect(await writer.stop()).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(transactions).toHaveLength(1);
  });
});
