import * as mqtt from "./mqtt.ts";

export type * from "./mqtt.ts";
// By name and not by a star: tools that compare types and CommonJS do not look behind one.
export {
  applyMixin,
  Client,
  connect,
  connectAsync,
  DefaultMessageIdProvider,
  ErrorWithReasonCode,
  ErrorWithSubackPacket,
  KeepaliveManager,
  MqttClient,
  MQTTJS_VERSION,
  nextTick,
  ReasonCodes,
  Store,
  TypedEventEmitter,
  UniqueMessageIdProvider,
  validateTopic,
  validateTopics,
} from "./mqtt.ts";
// The whole API under one name, types included: `mqtt.connect`, `mqtt.MqttClient`.
export default mqtt;
