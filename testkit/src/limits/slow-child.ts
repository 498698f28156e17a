import { connect } from "@bowline/client";
import { hear, tell } from "./told-lines.ts";

/*
 * A subscriber that is busy for some time with each message: node slow-child.js URL CLIENT_ID. It is told how many ms that is, and to
 * tell what came.
 */

/** A new time for each message; or undefined, to tell how much came. */
export interface SlowOrder {
  busyMs?: number;
}

export interface SlowReport {
  received: number;
  /** Numbers that came after a later one. */
  disordered: number;
}

const [url = "", clientId = ""] = process.argv.slice(2);
let busyMs = 0;
let received = 0;
let disordered = 0;
let last = 0;

const client = connect(url, { session: { clientId, cleanStart: false, expiryInterval: 3_600 } });
await client.online();
const subscription = client.subscribe("steady", { qos: 1 });
await subscription.ready;
void (async () => {
  for await (const message of subscription) {
    received++;
    const dueAt = Number.parseFloat(message.text());
    if (dueAt < last) disordered++;
    last = dueAt;
    for (const end = performance.now() + busyMs; performance.now() < end; );
  }
})();
tell("ready");
const next = hear<SlowOrder>();
for (let order = await next(); order !== undefined; order = await next()) {
  if (order.busyMs === undefined) tell({ received, disordered } satisfies SlowReport);
  else busyMs = order.busyMs;
}
await client.abort();
