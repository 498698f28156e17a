import { expect, test } from "vitest";
import { endOf, endsIn } from "./session-end.ts";

test("when a session ends", () => {
  expect([0, 3_600, 0xffff_ffff].map(endOf)).toEqual(["with the connection", "1 h 0 min after it", "never"]);
  expect(endsIn(90, 10_000, 40_000)).toBe("in 1 min");
  expect(endsIn(10, 0, 60_000)).toBe("in 0 s");
  expect(endsIn(0xffff_ffff, 0, 60_000)).toBe("never");
});
