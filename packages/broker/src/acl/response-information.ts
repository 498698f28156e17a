import { createHash } from "node:crypto";
import type { Identity } from "./access-control.ts";

/**
 * The Response Information of a client (section 3.2.2.3.14): the beginning, without the last "/", of the topics it may have its
 * answers sent to. It is the same for all its connections, and no other client of the tenant has it.
 *
 * The broker only says it. An AccessControl that restricts topics lets the client subscribe below its own one, and whoever answers
 * publish there; the default lets everybody do both.
 */
export function responseInformationFor(who: Pick<Identity, "owner" | "clientIdentifier">): string {
  const digest = createHash("sha256").update(`${who.owner}\0${who.clientIdentifier}`).digest("base64url");
  return `response/${digest.slice(0, 22)}`;
}
