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
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("put" as const), id: fc.integer({ min: 1, max: 65_535 }) }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
        const ring = new InFlight<number>();
        const model = new Map<number, number>();
        for (const [step, one] of operations.entries()) {
          if (one.kind === "take") {
            const id = ring.take(one.state, step);
            expect(id).toBeGreaterThan(0);
            expect(model.has(id)).toBe(false);
            model.set(id, step);
          } else if (one.kind === "put") {
            expect(ring.put(one.id, 1, step)).toBe(!model.has(one.id));
            if (!model.has(one.id)) model.set(one.id, step);
          } else if (model.size > 0) {
            const id = [...model.keys()][one.index % model.size]!;
            ring.release(id);
            model.delete(id);
          }
        }
        expect(ring.count).toBe(model.size);
        const seen = new Map<number, number>();
        ring.forEach((id, _state, entry) => seen.set(id, entry!));
        expect(seen).toEqual(model);
      }),
    );
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
  const operation = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 65_535 }));
  fc.assert(
    fc.property(fc.array(operation), (operations) => {
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
    }),
    { numRuns: 50 },
  );
});

test("Fifo behaves as an array with push and shift", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined }), { maxLength: 3000 }), (operations) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const value of operations) {
        if (value === undefined) expect(fifo.shift()).toBe(model.shift());
        else {
          fifo.push(value);
          model.push(value);
        }
        expect(fifo.length).toBe(model.length);
        expect(fifo.peek()).toBe(model[0]);
      }
    }),
    { numRuns: 50 },
  );
});

test("AcknowledgementRing releases in order, up to the first that is not committed", () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constant("push" as const), ahead: fc.nat(3) }),
    fc.record({ kind: fc.constant("commit" as const), by: fc.nat(4) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const ring = new AcknowledgementRing();
      const waiting: { id: number; commit: number }[] = [];
      let committed = 0;
      let id = 0;
      for (const one of operations) {
        if (one.kind === "push") {
          const commit = committed + one.ahead;
          ring.push(4, ++id, 0, commit);
          waiting.push({ id, commit });
          continue;
        }
        committed += one.by;
        const released: number[] = [];
        ring.release(committed, { acknowledge: (_type, released_) => released.push(released_) });
        const expected: number[] = [];
        while (waiting.length > 0 && waiting[0]!.commit <= committed) expected.push(waiting.shift()!.id);
        expect(released).toEqual(expected);
      }
      expect(ring.length).toBe(waiting.length);
      expect(ring.pubacks).toBe(waiting.length);
    }),
  );
});
