import { expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { AttemptGuard } from "./attempt-guard.ts";
import {
  type AuthenticationExchange,
  type AuthenticationMethod,
  type AuthRequest,
  type ExchangeStep,
  refuse,
} from "./authenticator.ts";
import { AuthenticatorChain } from "./authenticator-chain.ts";

const never = new AbortController().signal;
const request = (username?: string, remoteAddress = "192.0.2.1"): AuthRequest => ({
  tenant: "default",
  username,
  password: undefined,
  clientIdentifier: "c",
  transport: "tls",
  remoteAddress,
});

function chainOf(reasonCode: number, guard?: AttemptGuard): AuthenticatorChain {
  const method: AuthenticationMethod = { answerNow: () => "later", answer: () => Promise.resolve(refuse(reasonCode, "no")) };
  return new AuthenticatorChain([method], silentLogger, [], guard);
}

test.each([
  [0x86, 0x9f],
  [0x87, 0x9f],
  [0x88, 0x88],
  [0x89, 0x89],
])("what any method refuses with 0x%s is, often enough, refused with 0x%s", async (first, last) => {
  const chain = chainOf(first);
  for (let i = 0; i < 10; i++) expect(await chain.authenticate(request("ann"), never)).toMatchObject({ reasonCode: first });
  expect(await chain.authenticate(request("ann"), never)).toMatchObject({ reasonCode: last });
});

test("one address may fail a hundred times whatever the names, and a reload with the same guard forgets none", async () => {
  const guard = new AttemptGuard(() => 0);
  for (let i = 0; i < 100; i++) await chainOf(0x86, guard).authenticate(request(`name-${i}`), never);
  expect(await chainOf(0x86, guard).authenticate(request("another"), never)).toMatchObject({ reasonCode: 0x9f });
  expect(await chainOf(0x86, guard).authenticate(request("another", "192.0.2.2"), never)).toMatchObject({ reasonCode: 0x86 });
});

test("an exchange is slowed down by the name that it claims, and a success costs nothing", async () => {
  const exchange = (word: string) => ({
    claimedUser: word,
    next: (data: Uint8Array | undefined): ExchangeStep => {
      if (data === undefined) return { continueWith: undefined };
      return data[0] === 1 ? { allowed: true, owner: word } : refuse(0x86, "wrong proof");
    },
  });
  const chain = new AuthenticatorChain([], silentLogger, [
    { name: "M", begin: ({ clientIdentifier }) => exchange(clientIdentifier) },
  ]);
  const attempt = async (user: string, proof: number): Promise<ExchangeStep> => {
    const made = chain.enhancedMethod("M")!.begin({ ...request(undefined, `192.0.2.${user.length}`), clientIdentifier: user });
    const first = await made.next(undefined, never);
    return "continueWith" in first ? made.next(Uint8Array.of(proof), never) : first;
  };
  for (let i = 0; i < 30; i++) expect(await attempt("ada", 1)).toMatchObject({ allowed: true });
  for (let i = 0; i < 10; i++) expect(await attempt("ada", 0)).toMatchObject({ reasonCode: 0x86 });
  expect(await attempt("ada", 1)).toMatchObject({ reasonCode: 0x9f });
  expect(await attempt("bert", 1)).toMatchObject({ allowed: true });
});

test("those who name no user share the limit of their address alone: one old token keeps no other out", async () => {
  const chain = chainOf(0x86);
  for (const username of [undefined, ""])
    for (let i = 0; i < 50; i++) expect(await chain.authenticate(request(username), never)).toMatchObject({ reasonCode: 0x86 });
  expect(await chain.authenticate(request(), never)).toMatchObject({ reasonCode: 0x9f });
});

test("a crowd of good clients that comes at once is no guesser, and guesses at once count all", async () => {
  const answers: (() => void)[] = [];
  const check: AuthenticationMethod = {
    answerNow: () => "later",
    answer: ({ username, password }) =>
      new Promise((resolve) => {
        answers.push(() => resolve(password === undefined ? refuse(0x86, "wrong") : { allowed: true, owner: username! }));
      }),
  };
  const chain = new AuthenticatorChain([check], silentLogger, [], new AttemptGuard(() => 0));
  const outcomes = async (password: Uint8Array | undefined): Promise<(number | undefined)[]> => {
    const asked = Array.from({ length: 300 }, () => chain.authenticate({ ...request("ann"), password }, never));
    let areAll = false;
    const all = Promise.all(asked).finally(() => (areAll = true));
    while (!areAll) {
      for (const answer of answers.splice(0)) answer();
      await Promise.resolve();
    }
    return (await all).map((result) => (result.allowed ? undefined : result.reasonCode));
  };
  expect(new Set(await outcomes(new Uint8Array(1)))).toEqual(new Set([undefined]));
  const guesses = await outcomes(undefined);
  expect(guesses.filter((code) => code === 0x86)).toHaveLength(10);
  expect(guesses.filter((code) => code === 0x9f)).toHaveLength(290);
});

test("a crowd that comes at once by exchanges of one user is let in, and one that is given up has used its attempt", async () => {
  const exchange = (): AuthenticationExchange => {
    let steps = 0;
    return {
      claimedUser: "fleet",
      next: () => (steps++ === 0 ? { continueWith: undefined } : { allowed: true, owner: "fleet" }),
    };
  };
  const guard = new AttemptGuard(() => 0);
  const method = new AuthenticatorChain([], silentLogger, [{ name: "M", begin: exchange }], guard).enhancedMethod("M")!;
  const login = async (): Promise<ExchangeStep> => {
    const made = method.begin(request());
    const first = await made.next(undefined, never);
    return "continueWith" in first ? made.next(undefined, never) : first;
  };
  const all = await Promise.all(Array.from({ length: 300 }, login));
  expect(new Set(all.map((step) => "allowed" in step && step.allowed))).toEqual(new Set([true]));

  const begun = Array.from({ length: 10 }, () => method.begin(request()));
  for (const one of begun) expect(await one.next(undefined, never)).toHaveProperty("continueWith");
  const waiting = login();
  for (const one of begun) one.end?.();
  expect(await waiting).toMatchObject({ reasonCode: 0x9f });
});
