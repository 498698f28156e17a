import { z } from "zod";
import type { AuthenticatorKind } from "../authenticator-kind.ts";
import { SCRAM_MECHANISMS, type ScramMechanism } from "./scram-keys.ts";
import { ScramMethod } from "./scram-method.ts";

/** The users of the store, by SCRAM: MQTT 5 clients prove their password without telling it. */
export interface ScramConfig {
  kind: "scram";
  mechanisms: ScramMechanism[];
  iterations: number;
}

/** @see ScramConfig */
export type ScramInput = { kind: "scram"; mechanisms?: ScramMechanism[] | undefined; iterations?: number | undefined };

const WORDS = "must be a whole number from 4096 to 1000000";

/** @see ScramConfig */
export const scramKind: AuthenticatorKind<ScramConfig, ScramInput> = {
  schema: z.strictObject({
    kind: z.literal("scram").describe("The users of the store, by SCRAM: MQTT 5 clients prove their password without telling it."),
    mechanisms: z
      .array(z.enum(["SCRAM-SHA-256", "SCRAM-SHA-512"]))
      .min(1)
      .default([...SCRAM_MECHANISMS])
      .describe("Authentication Methods that are offered."),
    iterations: z
      .int({ error: WORDS })
      .min(4_096, { error: WORDS })
      .max(1_000_000, { error: WORDS })
      .default(10_000)
      .describe("Rounds of PBKDF2 for keys that are made from now on; each client computes them at each login."),
  }),
  methodNames: ({ mechanisms }) => mechanisms,
  open: ({ mechanisms, iterations }, { users }) => {
    return Promise.resolve({ enhanced: mechanisms.map((name) => new ScramMethod(name, users, iterations)) });
  },
};
