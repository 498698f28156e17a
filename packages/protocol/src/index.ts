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
