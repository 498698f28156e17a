import { subscribe } from "../../wire/build.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";

const { MALFORMED, PROTOCOL_ERROR, INVALID_FILTER } = ReasonCode;
/** A server without wildcards need not look further. */
const NO_WILDCARDS = 0xa2;

/** A SUBSCRIBE with a filter that no server may take: refused in the SUBACK, or by closing. */
export async function refusesFilter(t: BrokerContext, filter: string): Promise<void> {
  const client = await t.connect();
  client.send(subscribe({ version: t.version, packetIdentifier: 1, filters: [[filter, 0]] }));
  const event = await client.next("SUBACK with a refusal, or a close");
  if (event === "the connection is closed") return;
  if (event.name === "SUBACK") {
    const refusals = t.version === 5 ? [0x80, INVALID_FILTER, NO_WILDCARDS] : [0x80];
    t.check(refusals.includes(event.reasonCodes?.[0] ?? 0), "SUBACK with 0x80 (5.0: or 0x8f)", event.reasonCodes ?? "none");
    return;
  }
  const codes: readonly number[] = [MALFORMED, PROTOCOL_ERROR, INVALID_FILTER, NO_WILDCARDS];
  const isRight = event.name === "DISCONNECT" && t.version === 5 && codes.includes(event.reasonCode ?? 0);
  t.check(isRight, "SUBACK or DISCONNECT with 0x81, 0x82 or 0x8f", `${event.name} ${event.reasonCode}`);
  await client.expectClose();
}
