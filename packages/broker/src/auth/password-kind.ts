import { z } from "zod";
import type { AuthenticatorKind } from "./authenticator-kind.ts";
import { UserMethod } from "./user-method.ts";

/** The users of the store, by their passwords. */
export interface PasswordConfig {
  /** The users of the store, by their passwords. */
  kind: "password";
}

/** @see PasswordConfig */
export const passwordKind: AuthenticatorKind<PasswordConfig> = {
  schema: z.strictObject({ kind: z.literal("password").describe("The users of the store, by their passwords.") }),
  open: (_config, { users, hasher }) => Promise.resolve({ method: new UserMethod(users, hasher) }),
};
