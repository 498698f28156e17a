import { expect, test } from "vitest";
import { type DeliveryFaults, SequenceLedger } from "./sequence-ledger.ts";

function take(...numbers: number[]): DeliveryFaults & { fresh: number } {
  const faults = { gaps: 0, late: 0, duplicates: 0, bad: 0 };
  const ledger = new SequenceLedger(faults);
  let fresh = 0;
  for (const number of numbers) {
    if (number === ledger.next) {
      ledger.next++;
      fresh++;
    } else if (ledger.outOfOrder(number)) fresh++;
  }
  return { ...faults, fresh };
}

test("in order there is nothing to say", () => {
  expect(take(0, 1, 2, 3)).toEqual({ gaps: 0, late: 0, duplicates: 0, bad: 0, fresh: 4 });
});

test("what is passed over is a gap, and late when it comes after all, once", () => {
  expect(take(0, 3, 4)).toMatchObject({ gaps: 2, late: 0, duplicates: 0, fresh: 3 });
  expect(take(0, 3, 1, 4, 2)).toMatchObject({ gaps: 2, late: 2, duplicates: 0, fresh: 5 });
  expect(take(0, 3, 1, 1, 2)).toMatchObject({ gaps: 2, late: 2, duplicates: 1, fresh: 4 });
});

test("what came already is a duplicate", () => {
  expect(take(0, 1, 1, 0, 2)).toMatchObject({ gaps: 0, late: 0, duplicates: 2, fresh: 3 });
});

test("0 follows the last number of 32 bits", () => {
  const faults = { gaps: 0, late: 0, duplicates: 0, bad: 0 };
  const ledger = new SequenceLedger(faults);
  ledger.next = 0xffff_fffe;
  expect(ledger.outOfOrder(1)).toBe(true);
  expect(faults).toMatchObject({ gaps: 3, late: 0 });
  expect(ledger.next).toBe(2);
  expect(ledger.outOfOrder(0xffff_ffff)).toBe(true);
  expect(ledger.outOfOrder(0xffff_ffff)).toBe(false);
  expect(faults).toMatchObject({ gaps: 3, late: 1, duplicates: 1 });
});
