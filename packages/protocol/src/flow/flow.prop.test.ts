import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AcknowledgementRing } from "./acknowledgement-ring.ts";
import { Fifo } from "./fifo.ts";
import { IdentifierSet } from "./identifier-set.ts";
import { InFlight } from "./in-flight.ts";

// Each structure against the obvious one of the language: any sequence of operations gives the same answers.

describe("InFlight", () => {
  test("behaves as a Map of identifiers, never gives one twice, never 0", () => {
    const operation = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant("take" as const), state: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("release" as const), index: fc.nat() }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant("set" as const), index: fc.nat(), state: fc.integer({ min: 1, max: 4 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("put" as const), id: fc.integer({ min: 1, max: 65_535 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("stranger" as const), id: fc.integer({ min: 1, max: 65_535 }) }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400, size: "max" }), (operations) => {
        const ring = new InFlight<number>();
        const model = new Map<number, { state: number; entry: number }>();
        const check = (id: number): void => {
          expect(ring.state(id)).toBe(model.get(id)?.state ?? 0);
          expect(ring.entry(id)).toBe(model.get(id)?.entry);
        };
        for (const [step, one] of operations.entries()) {
          const known = "index" in one ? [...model.keys()][one.index % model.size] : undefined;
          if (one.kind === "take") {
            const id = ring.take(one.state, step);
            expect(id).toBeGreaterThan(0);
            expect(model.has(id)).toBe(false);
            model.set(id, { state: one.state, entry: step });
          } else if (one.kind === "put") {
            expect(ring.put(one.id, 1, step)).toBe(!model.has(one.id));
            if (!model.has(one.id)) model.set(one.id, { state: 1, entry: step });
          } else if (one.kind === "stranger") {
            check(one.id);
            if (!model.has(one.id)) ring.release(one.id);
          } else if (known !== undefined && one.kind === "set") {
            ring.setState(known, one.state);
            model.get(known)!.state = one.state;
          } else if (known !== undefined) {
            ring.release(known);
            model.delete(known);
            check(known);
          }
          expect(ring.count).toBe(model.size);
        }
        for (const id of model.keys()) check(id);
        const seen = new Map<number, { state: number; entry: number }>();
        ring.forEach((id, state, entry) => seen.set(id, { state, entry: entry! }));
        expect(seen).toEqual(model);
      }),
    );
  });

  test("[MQTT-2.2.1-3] a cleared one is as new: nothing in use, and the first identifier is 1", () => {
    const ring = new InFlight<string>();
    for (let i = 0; i < 40; i++) ring.take(2, "old");
    ring.clear();
    expect(ring.count).toBe(0);
    for (let id = 1; id <= 64; id++) expect([ring.state(id), ring.entry(id)]).toEqual([0, undefined]);
    ring.forEach(() => expect.unreachable());
    expect(ring.take(1, "new")).toBe(1);
    expect(ring.entry(1)).toBe("new");
  });

  test("identifiers that a stored session had are not given again, and new ones go on behind them", () => {
    const ring = new InFlight<string>();
    expect(ring.put(65_535, 1, "last")).toBe(true);
    expect(ring.put(3, 1, "third")).toBe(true);
    expect([ring.take(1, "a"), ring.take(1, "b"), ring.take(1, "c")]).toEqual([4, 5, 6]);
    // 3 + 16 shares the low bits of 3, so the ring must grow until they differ.
    expect(ring.put(19, 2, "far")).toBe(true);
    expect([ring.entry(3), ring.entry(19), ring.take(1, "d")]).toEqual(["third", "far", 20]);
  });

  test("gives all 65,535 identifiers, then 0, and goes on when one is free", () => {
    const ring = new InFlight<undefined>();
    const ids = new Set<number>();
    for (let i = 0; i < 65_535; i++) ids.add(ring.take(1, undefined));
    expect(ids.size).toBe(65_535);
    expect(ids.has(0)).toBe(false);
    expect(ring.take(1, undefined)).toBe(0);
    ring.release(4711);
    expect(ring.take(1, undefined)).toBe(4711);
  });

  test("counts on from where it was, so that a late acknowledgement does not meet a new message soon", () => {
    const ring = new InFlight<undefined>();
    const first = ring.take(1, undefined);
    ring.release(first);
    expect(ring.take(1, undefined)).toBe(first + 1);
  });
});

test("IdentifierSet behaves as a Set", () => {
  // Few of them, so that one is often there already; the two ends; and their neighbours in the same word of bits.
  const identifier = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 65_500, max: 65_535 }));
  const operation = fc.tuple(fc.boolean(), identifier);
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300, size: "max" }), (operations) => {
      const set = new IdentifierSet();
      const model = new Set<number>();
      for (const [isAdd, id] of operations) {
        expect(set.has(id)).toBe(model.has(id));
        if (isAdd) {
          expect(set.add(id)).toBe(!model.has(id));
          model.add(id);
        } else expect(set.delete(id)).toBe(model.delete(id));
      }
      const seen = new Set<number>();
      set.forEach((id) => seen.add(id));
      expect(seen).toEqual(model);
      expect(set.size).toBe(model.size);
      set.clear();
      expect(set.size).toBe(0);
      for (const id of model) expect(set.has(id)).toBe(false);
    }),
    { numRuns: 50 },
  );
});

test("Fifo behaves as an array with push, shift and filter", () => {
  const operation = fc.oneof(
    { weight: 60, arbitrary: fc.record({ kind: fc.constant("push" as const), value: fc.nat(9) }) },
    { weight: 40, arbitrary: fc.record({ kind: fc.constant("shift" as const), value: fc.constant(0) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("filter" as const), value: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const), value: fc.constant(0) }) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300, size: "max" }), (operations) => {
      const fifo = new Fifo<number>();
      let model: number[] = [];
      for (const { kind, value } of operations) {
        if (kind === "push") {
          fifo.push(value);
          model.push(value);
        } else if (kind === "shift") expect(fifo.shift()).toBe(model.shift());
        else if (kind === "clear") {
          fifo.clear();
          model = [];
        } else {
          const kept = model.filter((one) => one !== value);
          expect(fifo.filter((one) => one !== value)).toBe(model.length - kept.length);
          model = kept;
        }
        expect(fifo.length).toBe(model.length);
        expect(fifo.peek()).toBe(model[0]);
        const seen: number[] = [];
        fifo.forEach((one) => seen.push(one));
        expect(seen).toEqual(model);
      }
    }),
  );
});

test("a long Fifo that is never empty gives back the room of what left it, in order", () => {
  const fifo = new Fifo<number>();
  let next = 0;
  for (let pushed = 0; pushed < 10_000; pushed++) {
    fifo.push(pushed);
    if (pushed >= 100) expect(fifo.shift()).toBe(next++);
    expect(fifo.length).toBe(Math.min(pushed + 1, 100));
  }
  // Whatever it keeps its items in, it is not all that ever were in it.
  expect(JSON.stringify(fifo).length).toBeLessThan(20_000);
});

test("AcknowledgementRing releases in order, up to the first that is not committed", () => {
  const operation = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("push" as const), ahead: fc.nat(3), type: fc.constantFrom(4, 5, 7) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("open" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("number" as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("commit" as const), by: fc.nat(4) }) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300, size: "max" }), (operations) => {
      const ring = new AcknowledgementRing();
      let waiting: { type: number; id: number; code: number; commit: number }[] = [];
      let committed = 0;
      let id = 0;
      const push = (type: number, commit: number): void => {
        const code = id % 3;
        ring.push(type, ++id, code, commit);
        waiting.push({ type, id, code, commit });
      };
      for (const one of operations) {
        if (one.kind === "push") push(one.type, committed + one.ahead);
        else if (one.kind === "open") push(5, Number.POSITIVE_INFINITY);
        else if (one.kind === "number") {
          const commit = committed + 1;
          ring.number(commit);
          waiting = waiting.map((ack) => ({ ...ack, commit: ack.commit === Number.POSITIVE_INFINITY ? commit : ack.commit }));
        } else {
          committed += one.by;
          const released: (readonly number[])[] = [];
          ring.release(committed, { acknowledge: (...ack) => released.push(ack) });
          const expected: (readonly number[])[] = [];
          while (waiting.length > 0 && waiting[0]!.commit <= committed) {
            const ack = waiting.shift()!;
            expected.push([ack.type, ack.id, ack.code]);
          }
          expect(released).toEqual(expected);
        }
        expect(ring.length).toBe(waiting.length);
        expect(ring.pubacks).toBe(waiting.filter(({ type }) => type === 4).length);
      }
    }),
  );
});
