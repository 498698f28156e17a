import { expect, test } from "vitest";
import { compileTemplate, PLACEHOLDERS } from "./template.ts";

test("each placeholder is filled in anew for each message", () => {
  const template = compileTemplate(
    '{"n":{{counter}},"t":"{{ time }}","u":"{{uuid}}","i":{{integer -1 1}},"x":{{number 2 3}},"w":"{{pick a b}}","s":"{{text 4}}","m":{{timestamp}}}',
  );
  const values = [1, 2].map((counter) => JSON.parse(template(counter)) as Record<string, unknown>);
  expect(values.map(({ n }) => n)).toEqual([1, 2]);
  expect(values[0]?.["u"]).not.toBe(values[1]?.["u"]);
  for (const { t, i, x, w, s, m } of values) {
    expect(new Date(t as string).toISOString()).toBe(t);
    expect([-1, 0, 1]).toContain(i);
    expect(x as number).toBeGreaterThanOrEqual(2);
    expect(x as number).toBeLessThanOrEqual(3);
    expect(["a", "b"]).toContain(w);
    expect(s).toMatch(/^[a-z0-9]{4}$/);
    expect(m as number).toBeGreaterThan(1e12);
  }
  expect(Object.keys(PLACEHOLDERS)).toHaveLength(8);
});

test("text without placeholders is the message, braces and all", () => {
  expect(compileTemplate('{"a":{"b":1}}')(1)).toBe('{"a":{"b":1}}');
  expect(compileTemplate("")(1)).toBe("");
});

test.each([
  "{{nothing}}",
  "{{integer 2 1}}",
  "{{integer a b}}",
  "{{integer 0 281474976710656}}",
  "{{number x}}",
  "{{text 0}}",
  "{{pick}}",
  "{{}}",
])("%s is refused before the first message", (text) => {
  expect(() => compileTemplate(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
});
