import type { AuthenticationStep } from "@bowline/client";
import { expect, test } from "vitest";
import { scram } from "./scram.ts";

const step = (kind: AuthenticationStep["kind"], data?: string): AuthenticationStep => ({
  kind,
  data: data === undefined ? undefined : Buffer.from(data),
  reasonString: undefined,
  isReauthentication: false,
  signal: new AbortController().signal,
});

const challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

test("the exchange of RFC 7677 is word for word its example", async () => {
  const exchange = scram("SCRAM-SHA-256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
  expect(await exchange.step(step("begin"))).toBe("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  expect(await exchange.step(step("continue", challenge))).toBe(
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );
  expect(await exchange.step(step("success", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="))).toBeUndefined();
  await expect(exchange.step(step("success", "v=AAAA"))).rejects.toThrow("does not know the password");
});

test.each([
  ["a nonce that is not ours", "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"],
  ["a nonce that adds nothing", "r=mine,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"],
  ["work without end", "r=mineandyours,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999"],
  ["no challenge at all", "e=other-error"],
])("%s ends it", async (_what, data) => {
  const exchange = scram("SCRAM-SHA-256", "user", "pencil", "mine");
  await expect(exchange.step(step("continue", data))).rejects.toThrow("not valid");
});

test("a server that accepts without having been asked proves nothing", async () => {
  await expect(scram("SCRAM-SHA-512", "user", "pencil").step(step("success"))).rejects.toThrow("does not know");
});
