import { type ErrorCode, errorInfo } from "@bowline/protocol";
import type { Denial } from "../acl/access-control.ts";
import type { BrokerLimits } from "./broker-limits.ts";

/** What refuses a topic that is deeper or longer than any may be. */
export function tooDeep({ maximumTopicLevels, maximumTopicBytes }: BrokerLimits, code: ErrorCode): Denial {
  const reason = `no more than ${maximumTopicLevels} levels and ${maximumTopicBytes} bytes (maximumTopicLevels, maximumTopicBytes)`;
  return { code, reason, remedy: "Use a shorter topic, or raise the limit." };
}

/** What refuses more of something than there may be. */
export function quotaReached(reason: string): Denial {
  return { code: "QUOTA", reason, remedy: errorInfo("QUOTA").remedy };
}
