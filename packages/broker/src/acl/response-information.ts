import { createHash } from "node:crypto";
import type { Identity } from "./identity.ts";

/**
 * The Response Information of a client (section 3.2.2.3.14): the beginning, without the last "/", of the topics it may have its
 * answers sent to. It is the same for all its connections, and no other client of the tenant has it.
 *
 * The broker only says it. A rule for `response/${responseid}/#` lets each client subscribe below its own one; whoever answers needs the
 * right to publish to `response/#`.
 */
export function responseInformationFor(who: Pick<Identity, "owner" | "clientIdentifier">): string {
  return `response/${responseIdFor(who)}`;
}

/** The part of it that is the client's own. */
export function responseIdFor(who: Pick<Identity, "owner" | "clientIdentifier">): string {
  return createHash("sha256").update(`${who.owner}\0${who.clientIdentifier}`).digest("base64url").slice(0, 22);
}
