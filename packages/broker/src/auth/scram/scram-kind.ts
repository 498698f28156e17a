import { z } from "zod";
import type { AuthenticatorKind } from "../authenticator-kind.ts";
import { SCRAM_MECHANISMS, type ScramMechanism } from "./scram-keys.ts";
import { ScramMethod } from "./scram-method.ts";
import { wholeNumber } from "../../config/whole-number.ts";

/** The users of the store, by SCRAM: MQTT 5 clients prove their password without telling it. */
export interface ScramConfig {
  /** The users of the store, by SCRAM: MQTT 5 clients prove their password without telling it. */
  kind: "scram";
  /** Authentication Methods that are offered. Default: ["SCRAM-SHA-256","SCRAM-SHA-512"]. */
  mechanisms: ScramMechanism[];
  /**
   * Rounds of PBKDF2 for keys that are made from now on; each client computes them at each login. From 4096 to 1000000. Default:
   * 10000.
   */
  iterations: number;
}

/** @see ScramConfig */
export type ScramInput = { kind: "scram" } & { [K in keyof Omit<ScramConfig, "kind">]?: ScramConfig[K] | undefined };

/** @see ScramConfig */
export const scramKind: AuthenticatorKind<ScramConfig, ScramInput> = {
  schema: z.strictObject({
    kind: z.literal("scram").describe("The users of the store, by SCRAM: MQTT 5 clients prove their password without telling it."),
    mechanisms: z
      .array(z.enum(["SCRAM-SHA-256", "SCRAM-SHA-512"]))
      .min(1)
      .default([...SCRAM_MECHANISMS])
      .describe("Authentication Methods that are offered."),
    iterations: wholeNumber(4_096, 1_000_000)
      .default(10_000)
      .describe("Rounds of PBKDF2 for keys that are made from now on; each client computes them at each login."),
  }),
  methodNames: ({ mechanisms }) => mechanisms,
  open: ({ mechanisms, iterations }, { users }) => {
    return Promise.resolve({ enhanced: mechanisms.map((name) => new ScramMethod(name, users, iterations)) });
  },
};
