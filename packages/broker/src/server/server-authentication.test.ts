import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AuthRequest, AuthResult, EnhancedMethod } from "../auth/authenticator.ts";
import { TokenMethod } from "../auth/token-method.ts";
import type { BrokerConfig, BrokerConfigInput } from "../config/broker-config.ts";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { ServerAuthentication } from "./server-authentication.ts";

/* What a reload does to the chain of authenticators. */

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-chain-"));
});
afterEach(() => rm(folder, { recursive: true }));

const config = (overrides: BrokerConfigInput): Promise<BrokerConfig> => loadConfig({ directory: folder, overrides });

function authentication(...given: EnhancedMethod[]): ServerAuthentication {
  const users = { scramIterations: undefined } as never;
  return new ServerAuthentication({ users, hasher: undefined as never, logger: silentLogger }, new TokenMethod(), given);
}

interface KeyPair {
  readonly alg: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}
const PAIRS: Readonly<Record<"ec" | "ed", KeyPair>> = {
  ec: { alg: "ES256", ...generateKeyPairSync("ec", { namedCurve: "P-256" }) },
  ed: { alg: "EdDSA", ...generateKeyPairSync("ed25519") },
};
const pemOf = (type: keyof typeof PAIRS): string => PAIRS[type].publicKey.export({ type: "spki", format: "pem" }).toString();

const secretOf = (n: number): string => `${n} is a shared secret that is long enough`;

async function requestWith(secret: string): Promise<AuthRequest> {
  const token = await new SignJWT({ sub: "ann" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(Buffer.from(secret));
  return {
    tenant: "default",
    username: "ann",
    password: Buffer.from(token),
    clientIdentifier: "c",
    transport: "tls",
    remoteAddress: "192.0.2.1",
  };
}

test("a secret's file that holds another one opens its link anew, and a file that has gone is an error that changes nothing", async () => {
  const file = join(folder, "secret");
  await writeFile(file, secretOf(1));
  const same = await config({ authentication: [{ kind: "jwt", secret: { file: "secret" } }] });
  const made = authentication();
  const answers = async (): Promise<boolean[]> => {
    const staged = await made.stage(same);
    staged.commit();
    const ask = async (n: number): Promise<AuthResult> =>
      staged.chain.authenticate(await requestWith(secretOf(n)), new AbortController().signal);
    return [(await ask(1)).allowed, (await ask(2)).allowed];
  };
  expect(await answers()).toEqual([true, false]);
  await writeFile(file, secretOf(2));
  expect(await answers()).toEqual([false, true]);
  await rm(file);
  await expect(made.stage(same)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("a public key of another type holds from the next reload on: it needs other algorithms", async () => {
  const file = join(folder, "key.pem");
  await writeFile(file, pemOf("ec"));
  const same = await config({ authentication: [{ kind: "jwt", publicKey: "key.pem" }] });
  const made = authentication();
  const isKnown = async (pair: KeyPair): Promise<boolean> => {
    const staged = await made.stage(same);
    staged.commit();
    const token = await new SignJWT({ sub: "ann" })
      .setProtectedHeader({ alg: pair.alg })
      .setExpirationTime("1h")
      .sign(pair.privateKey);
    const asked = { ...(await requestWith(secretOf(1))), password: Buffer.from(token) };
    return (await staged.chain.authenticate(asked, new AbortController().signal)).allowed;
  };
  expect(await isKnown(PAIRS.ec)).toBe(true);
  await writeFile(file, pemOf("ed"));
  expect(await isKnown(PAIRS.ed)).toBe(true);
});

test("an Authentication Method of the program that runs the broker cannot be a link's too", async () => {
  const mine: EnhancedMethod = { name: "SCRAM-SHA-256", begin: () => ({ next: () => ({ continueWith: undefined }) }) };
  const refused = authentication(mine).stage(await config({ authentication: [{ kind: "scram" }] }));
  await expect(refused).rejects.toThrow(
    'the Authentication Method "SCRAM-SHA-256" is that of the program that runs the broker already',
  );
  await authentication(mine).stage(await config({ authentication: [{ kind: "scram", mechanisms: ["SCRAM-SHA-512"] }] }));
});
