import { expect, test } from "vitest";
import { tokenExpiry } from "./token-expiry.ts";

const token = (claims: unknown): string => `eyJh.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x_-`;

test("a token's end is read, whatever else stands in it", () => {
  expect(tokenExpiry(token({ exp: 1_700_000_000, name: "Zoë >>> ???" }))).toBe(1_700_000_000_000);
  expect(tokenExpiry(token({ exp: 1 }).replace(/x_-$/, ""))).toBe(1000);
});

test.each(["", "hunter2", "a.b.c", "a.!!.c", token({ exp: "soon" }), token(null), token([]), "1.2.3.4"])("%j has none", (text) => {
  expect(tokenExpiry(text)).toBeUndefined();
});
