import { duration } from "../text/times.ts";

/** Session Expiry Interval of a Session that never ends, section 3.1.2.11.2 of MQTT 5.0. */
const NEVER = 0xffff_ffff;

/** When a Session ends, by its expiry interval in seconds. */
export function endOf(expiryInterval: number): string {
  if (expiryInterval === 0) return "with the connection";
  return expiryInterval === NEVER ? "never" : `${duration(expiryInterval * 1_000)} after it`;
}

/** The same of a Session whose client left at that time. */
export function endsIn(expiryInterval: number, leftAt: number, now: number): string {
  return expiryInterval === NEVER ? "never" : `in ${duration(leftAt + expiryInterval * 1_000 - now)}`;
}
