import { MqttError, type Properties } from "@bowline/protocol";
import type { ConnectAnswer } from "@bowline/protocol/internal";

/**
 * Properties with a Reason String for a client of 5.0: the code and its meaning. The details of the error are for the log: they may
 * tell which part of a client's credentials was wrong.
 */
export function withReasonString(error: MqttError, properties: Properties | undefined): Properties {
  return { reasonString: new MqttError(error.code).message, ...properties };
}

/** The same for the answer to a CONNECT that refuses it. */
export function explained(answer: ConnectAnswer | undefined): ConnectAnswer | undefined {
  return answer?.kind === "refuse" ? { ...answer, properties: withReasonString(answer.error, answer.properties) } : answer;
}

/** The Reason String of a SUBACK, which has one for all its filters: the first rule or limit that refused, and how many more. */
export function becauseOf(refusals: readonly string[]): { properties?: Properties } {
  const [first, ...more] = refusals;
  if (first === undefined) return {};
  const others = more.length === 0 ? "" : `, and ${more.length} more`;
  return { properties: { reasonString: `${first.slice(0, LONGEST_REASON)}${others}` } };
}

/** A Topic Filter in it may have 65,535 bytes, and so may a Reason String. */
const LONGEST_REASON = 1_000;
