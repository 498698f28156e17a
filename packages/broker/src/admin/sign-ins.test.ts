import { expect, test } from "vitest";
import type { Caller } from "./caller.ts";
import { SignIns } from "./sign-ins.ts";

const OPERATOR: Caller = { role: "operator", by: "session", access: "full" };
const of = (tenant: string): Caller => ({ role: "tenant", tenant, by: "session by link", access: "full" });

test("a tenant's browsers make room for its own alone, and go with it", () => {
  const signIns = new SignIns();
  const ended: string[] = [];
  signIns.onEnd = ({ caller }) => ended.push(caller.role === "tenant" ? caller.tenant : "operator");
  const [operator, beta] = [signIns.begin(OPERATOR).reveal(), signIns.begin(of("beta")).reveal()];
  const acme = Array.from({ length: 101 }, () => signIns.begin(of("acme")).reveal());
  expect(ended).toEqual(["acme"]);
  expect(acme.map((cookie) => signIns.find(cookie) !== undefined)).toEqual([false, ...Array.from({ length: 100 }, () => true)]);
  const link = signIns.makeLink(of("acme")).reveal();
  signIns.drop("acme");
  expect(ended).toHaveLength(101);
  expect(signIns.useLink(link)).toBeUndefined();
  expect([acme.at(-1)!, operator, beta].map((cookie) => signIns.find(cookie)?.caller.role)).toEqual([
    undefined,
    "operator",
    "tenant",
  ]);
});

test("who signed in with something that ends is signed out with it", () => {
  const signIns = new SignIns();
  let isBacked = true;
  const cookie = signIns.begin(of("acme"), () => isBacked).reveal();
  const { id, csrf, caller } = signIns.find(cookie)!;
  expect(caller).toEqual({ ...of("acme"), signIn: id });
  expect([signIns.isLive(id), csrf.length, cookie.includes(id)]).toEqual([true, 64, false]);
  isBacked = false;
  expect([signIns.find(cookie), signIns.isLive(id)]).toEqual([undefined, false]);
});
