import { MqttError } from "@bowline/protocol";
import { ReasonCode, type RetainedEntry } from "@bowline/protocol/internal";
import type { Connection } from "../connection/connection.ts";
import type { KeptMessage } from "../messages/kept-message.ts";
import type { Storage } from "../storage/storage.ts";
import type { Tenant } from "./tenant.ts";

/** Rows of Sessions and of messages in their queues that go in one turn of the event loop; one Session goes as a whole. */
const ROWS_AT_ONCE = 500;
/** Retained messages forgotten in one turn: two rows each. */
const RETAINED_AT_ONCE = 250;

/**
 * Ends the connections of a tenant that is closed, and forgets its Sessions and retained messages, a few hundred rows in each
 * transaction, so that the other tenants' acknowledgements wait for one short flush at most.
 *
 * @throws MqttError STORE_READ_ONLY; what is gone by then stays so
 */
export async function emptyTenant(tenant: Tenant, connections: Iterable<Connection>, storage: Storage): Promise<void> {
  const error = new MqttError("ADMIN", { reasonCode: ReasonCode.AdministrativeAction, source: "local" });
  const strangers = [...connections].filter((each) => each.tenant === tenant && each.session === undefined);
  // Nobody yet: they are told nothing.
  for (const { arrival } of strangers) arrival.channel.destroy();
  while (tenant.sessions.dropSome(ROWS_AT_ONCE, error) > 0) await storage.flush();
  while (forgetRetained(tenant) > 0) await storage.flush();
}

function forgetRetained({ router }: Tenant): number {
  const found: RetainedEntry<KeptMessage>[] = [];
  for (const entry of router.retained.entries()) {
    if (found.length === RETAINED_AT_ONCE) break;
    found.push(entry);
  }
  for (const { topicName, value } of found) router.dropRetained(topicName, value);
  return found.length;
}
