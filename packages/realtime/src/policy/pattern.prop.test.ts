import fc from "fast-check";
import { expect, test } from "vitest";
import { Pattern } from "./pattern.ts";

/** The same by regular expressions, on texts so short that they cannot take long. */
function byExpression(pattern: string): RegExp {
  const source = pattern
    .replace(/[^*?]/g, "\\u{$&}")
    .replace(/\\u\{(.)\}/g, (_, one: string) => `\\u{${one.charCodeAt(0).toString(16)}}`);
  return new RegExp(`^${source.replaceAll("*", "[^]*").replaceAll("?", "[^]")}$`, "u");
}

test("a pattern matches what the regular expression does that says the same", () => {
  const letters = fc.constantFrom("a", "b", "/", "+", "#");
  const text = fc.array(letters, { maxLength: 8 }).map((all) => all.join(""));
  const pattern = fc.array(fc.oneof(letters, fc.constantFrom("*", "?")), { maxLength: 8 }).map((all) => all.join(""));
  fc.assert(
    fc.property(pattern, text, (one, other) => {
      expect(new Pattern(one).bind(new Map()).matches(other)).toBe(byExpression(one).test(other));
    }),
    { numRuns: 2_000 },
  );
});

test("whoever is everything below a prefix matches whatever begins with it", () => {
  const letters = fc.constantFrom("a", "b", "*", "?");
  const some = (maxLength: number): fc.Arbitrary<string> => fc.array(letters, { maxLength }).map((all) => all.join(""));
  fc.assert(
    fc.property(some(5), some(3), some(4), (pattern, prefix, rest) => {
      const bound = new Pattern(pattern).bind(new Map());
      if (bound.isEverythingBelow(prefix)) expect(bound.matches(prefix + rest)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
