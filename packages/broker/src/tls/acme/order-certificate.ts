import { createPrivateKey } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { MqttError } from "@bowline/protocol";
import type { Authorization, Client, Order } from "acme-client";
import type { Secret } from "../../log/secret.ts";
import { type CertificateMaterial, certificateBlocks, checkedMaterial } from "../certificate-files.ts";
import { type AcmeTransport, withAcmeClient } from "./acme-transport.ts";

export interface CertificateOrder extends AcmeTransport {
  /** Address of the server's directory. */
  readonly directory: string;
  /** PEM: whoever has it is the account. */
  readonly accountKey: string;
  /** Where the authority may write about certificates that end. */
  readonly email?: string | undefined;
  /** Whose account it is at an authority that asks for one of its own. */
  readonly externalAccount?: { readonly id: string; readonly key: Secret } | undefined;
  /** DNS names, none of them with a wildcard. */
  readonly names: readonly string[];
  /** Whoever fetches `/.well-known/acme-challenge/TOKEN` gets the text from then on. */
  readonly challenges: { publish(token: string, text: string): void };
}

const FIRST_POLL_MS = 100;
const POLL_MS_MAX = 10_000;

/**
 * Orders a certificate with a new key: proves each name by http-01, sends the request, fetches the chain.
 *
 * @throws MqttError ACME_FAILED with what the authority says, or Error of the network, or the reason of the signal
 */
export function orderCertificate(wanted: CertificateOrder): Promise<CertificateMaterial> {
  const { directory, accountKey, email, externalAccount, names, challenges, signal } = wanted;
  return withAcmeClient(wanted, async ({ Client, crypto }) => {
    const binding = externalAccount && { kid: externalAccount.id, hmacKey: externalAccount.key.reveal() };
    const client = new Client({ directoryUrl: directory, accountKey, ...(binding && { externalAccountBinding: binding }) });
    await openAccount(client, email);
    const order = await client.createOrder({ identifiers: names.map((value) => ({ type: "dns", value })) });
    for (const authorization of await client.getAuthorizations(order)) await proveName(client, authorization, challenges);
    const proved = await settledOrder(client, order, "pending", signal);
    if (proved.status !== "ready") throw failed(await reasonOf(client, proved));
    const [key, request] = await crypto.createCsr({ altNames: [...names] }, await crypto.createPrivateEcdsaKey("P-256"));
    const issued = await settledOrder(client, await client.finalizeOrder(proved, request), "processing", signal);
    if (issued.status !== "valid") throw failed(await reasonOf(client, issued));
    const chain = certificateBlocks(await client.getCertificate(issued), "the authority's answer");
    return checkedMaterial(chain, createPrivateKey(key), "the new certificate", "the new key");
  });
}

/** Finds the account that the key has, else makes it. What stands in the way of the first is said by the second. */
async function openAccount(client: Client, email: string | undefined): Promise<void> {
  try {
    // Asked for without this, acme-client updates an account that exists, with nothing new in it: servers refuse that.
    await client.createAccount({ onlyReturnExisting: true });
  } catch {
    await client.createAccount({ termsOfServiceAgreed: true, ...(email && { contact: [`mailto:${email}`] }) });
  }
}

async function proveName(client: Client, authorization: Authorization, challenges: CertificateOrder["challenges"]): Promise<void> {
  // A proof counts for some days.
  if (authorization.status === "valid") return;
  const challenge = authorization.challenges.find(({ type }) => type === "http-01");
  if (challenge === undefined) throw failed(`the authority offers no http-01 challenge for ${authorization.identifier.value}`);
  challenges.publish(challenge.token, await client.getChallengeKeyAuthorization(challenge));
  await client.completeChallenge(challenge);
}

/** What became of an order that was in this state. acme-client can wait too, but no signal ends its pauses. */
async function settledOrder(client: Client, order: Order, state: Order["status"], signal: AbortSignal): Promise<Order> {
  let latest = order;
  for (let waitMs = FIRST_POLL_MS; latest.status === state; waitMs = Math.min(2 * waitMs, POLL_MS_MAX)) {
    await delay(waitMs, undefined, { signal });
    latest = await client.getOrder(order);
  }
  return latest;
}

async function reasonOf(client: Client, order: Order): Promise<string> {
  for (const { identifier, status, challenges } of await client.getAuthorizations(order)) {
    if (status === "valid") continue;
    const reasons = challenges.map(({ error }) => detailOf(error));
    return `${identifier.value} could not be proved: ${reasons.find(Boolean) ?? `the authorization is ${status}`}`;
  }
  return `the order is ${order.status}: ${detailOf(order.error) ?? "without a reason"}`;
}

function detailOf(problem: { detail?: unknown } | undefined): string | undefined {
  return typeof problem?.detail === "string" ? problem.detail : undefined;
}

function failed(detail: string): MqttError {
  return new MqttError("ACME_FAILED", { detail });
}
