import { createPrivateKey, type KeyObject, webcrypto } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { type CertificateMaterial, certificateBlocks, checkedMaterial } from "../certificate-files.ts";
import { loadX509 } from "../load-x509.ts";
import type { AcmeAnswer } from "./acme-request.ts";
import { type AcmeSession, locationOf, readAnswer } from "./acme-session.ts";

export interface CertificateOrder {
  readonly session: AcmeSession;
  /** DNS names, none of them with a wildcard. */
  readonly names: readonly string[];
  /** Whoever fetches `/.well-known/acme-challenge/TOKEN` gets the text, until `withdraw`. */
  readonly challenges: { publish(token: string, text: string): void; withdraw(token: string): void };
  readonly signal: AbortSignal;
}

const orderSchema = z.object({
  status: z.enum(["pending", "ready", "processing", "valid", "invalid"]),
  authorizations: z.array(z.url()).default([]),
  finalize: z.url(),
  certificate: z.url().optional(),
  error: z.object({ detail: z.string().default("") }).optional(),
});

const challengeSchema = z.object({
  type: z.string(),
  url: z.url(),
  // It becomes part of a path; what it may consist of is base64url [RFC 8555 8.3].
  token: z
    .string()
    .regex(/^[\w-]{1,256}$/)
    .optional(),
  error: z.object({ detail: z.string().default("") }).optional(),
});

const authorizationSchema = z.object({
  status: z.enum(["pending", "valid", "invalid", "deactivated", "expired", "revoked"]),
  identifier: z.object({ value: z.string() }),
  challenges: z.array(challengeSchema),
});

const FIRST_POLL_MS = 250;
const POLL_MS_MAX = 10_000;

/**
 * Orders a certificate with a new key: proves each name by http-01, sends the request, fetches the chain (RFC 8555 section 7.4).
 *
 * @throws MqttError ACME_FAILED with what the authority says, or Error of the network, or the reason of the signal
 */
export async function orderCertificate({ session, names, challenges, signal }: CertificateOrder): Promise<CertificateMaterial> {
  const identifiers = names.map((value) => ({ type: "dns", value }));
  const created = await session.post(session.newOrderUrl, { identifiers });
  const url = locationOf(created);
  for (const authorization of readAnswer(created, orderSchema).authorizations) {
    await proveName(authorization, { session, names, challenges, signal });
  }
  const poll = (isDone: (order: Order) => boolean): Promise<Order> => pollUntil(session, url, orderSchema, isDone, signal);
  const ready = await poll(({ status }) => status !== "pending");
  const { key, request } = await newRequest(names);
  if (ready.status === "ready") await session.post(ready.finalize, { csr: request });
  const issued = await poll(({ status }) => status === "valid" || status === "invalid");
  if (issued.status !== "valid" || issued.certificate === undefined)
    throw failed(`the order is ${issued.status}: ${issued.error?.detail ?? "without a reason"}`);
  const chain = await session.post(issued.certificate);
  return checkedMaterial(certificateBlocks(chain.body, "the authority's answer"), key, "the new certificate", "the new key");
}

type Order = z.infer<typeof orderSchema>;
type Authorization = z.infer<typeof authorizationSchema>;

async function proveName(url: string, { session, challenges, signal }: CertificateOrder): Promise<void> {
  const { status, identifier, challenges: offered } = readAnswer(await session.post(url), authorizationSchema);
  // A proof counts for some days.
  if (status === "valid") return;
  const challenge = offered.find(({ type }) => type === "http-01");
  if (challenge?.token === undefined) throw failed(`the authority offers no http-01 challenge for ${identifier.value}`);
  challenges.publish(challenge.token, await session.keyAuthorization(challenge.token));
  try {
    await session.post(challenge.url, {});
    const done = await pollUntil(session, url, authorizationSchema, (one) => one.status !== "pending", signal);
    if (done.status !== "valid") throw failed(`${identifier.value} could not be proved: ${reasonOf(done)}`);
  } finally {
    challenges.withdraw(challenge.token);
  }
}

function reasonOf({ status, challenges }: Authorization): string {
  return challenges.find(({ error }) => error !== undefined)?.error?.detail ?? `the authorization is ${status}`;
}

async function pollUntil<T>(
  session: AcmeSession,
  url: string,
  schema: z.ZodType<T>,
  isDone: (state: T) => boolean,
  signal: AbortSignal,
): Promise<T> {
  for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(2 * waitMs, POLL_MS_MAX)) {
    const answer = await session.post(url);
    const state = readAnswer(answer, schema);
    if (isDone(state)) return state;
    await delay(retryAfterMs(answer) ?? waitMs, undefined, { signal });
  }
}

/** How long the server asks to wait. */
function retryAfterMs({ headers }: AcmeAnswer): number | undefined {
  const seconds = Number(headers["retry-after"] ?? Number.NaN);
  return Number.isInteger(seconds) ? Math.min(Math.max(seconds * 1_000, FIRST_POLL_MS), POLL_MS_MAX) : undefined;
}

/** A key that nobody else has seen, and the signing request for it, in base64url of DER [RFC 8555 7.4]. */
async function newRequest(names: readonly string[]): Promise<{ key: KeyObject; request: string }> {
  const x509 = await loadX509();
  const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value })))],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return {
    key: createPrivateKey({ key: der, format: "der", type: "pkcs8" }),
    request: Buffer.from(request.rawData).toString("base64url"),
  };
}

function failed(detail: string): MqttError {
  return new MqttError("ACME_FAILED", { detail });
}
