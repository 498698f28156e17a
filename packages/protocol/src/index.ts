export type * from "./packet/packets.ts";
export { PacketType } from "./packet/packet-type.ts";
export { MqttError, type ErrorDetails, type MqttErrorOptions } from "./errors/mqtt-error.ts";
export {
  type ErrorCode,
  errorCodes,
  type ErrorInfo,
  errorInfo,
  type ErrorSource,
  isErrorCode,
  isRetryable,
  type RetryClass,
  type Stage,
} from "./errors/catalogue.ts";
export { matches } from "./topic/match.ts";
export type { TopicFault } from "./topic/topic-fault.ts";
export { validateTopicFilter } from "./topic/topic-filter.ts";
export { validateTopicName } from "./topic/topic-name.ts";
export { connackReasonCode, connackReturnCode, ReasonCode } from "./packet/reason-codes.ts";
