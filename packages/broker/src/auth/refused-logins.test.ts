import { BrokerWorld } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import type { CounterName } from "../metrics/counters.ts";
import { REFUSED_LOGINS } from "../metrics/refused-logins.ts";
import { type AuthenticationMethod, refuse } from "./authenticator.ts";
import { AuthenticatorChain } from "./authenticator-chain.ts";

test("every refused login is counted once, by its reason", async () => {
  /** Refuses with the code that is the user's name. */
  const method: AuthenticationMethod = {
    answerNow: ({ username }) => refuse(Number(username), "as it is asked to"),
    answer: () => Promise.reject(new Error("it is known at once")),
  };
  const world = await BrokerWorld.start({ authenticator: new AuthenticatorChain([method], silentLogger) });
  const countOf = (counter: CounterName): number => world.broker.counters[counter];
  for (const [reason, counter, code] of REFUSED_LOGINS) {
    const [reasonCode, properties] =
      reason === "unknown_method" ? [0x8c, { authenticationMethod: "NOBODYS" }] : [code ?? 0x80, undefined];
    const before = countOf(counter);
    const connack = await world.dial().connect({
      clientIdentifier: reason,
      username: String(reasonCode),
      ...(properties === undefined ? {} : { properties }),
    });
    expect(connack).toMatchObject({ reasonCode });
    expect([reason, countOf(counter) - before]).toEqual([reason, 1]);
  }
  const sum = REFUSED_LOGINS.reduce((total, [, counter]) => total + countOf(counter), 0);
  expect(sum).toBe(REFUSED_LOGINS.length);
});
