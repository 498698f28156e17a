import { connect, connectAsync } from "./connect.ts";
import { ErrorWithReasonCode, ErrorWithSubackPacket, ReasonCodes } from "./errors.ts";
import { TypedEventEmitter } from "./event-emitter.ts";
import { MqttClient } from "./mqtt-client.ts";
import { validateTopic, validateTopics } from "./validations.ts";
import { version as MQTTJS_VERSION } from "./version.ts";

export type { AttemptFailure } from "@bowline/client";
export type { WithFailure } from "./errors.ts";
export type * from "./events.ts";
export type * from "./options.ts";
export type * from "./packets.ts";
export type { PacketCallback } from "./outgoing-publish.ts";
export type { ClientSubscribeCallback } from "./subscriptions.ts";

/** The older name of MqttClient. */
export const Client: typeof MqttClient = MqttClient;
export {
  connect,
  connectAsync,
  ErrorWithReasonCode,
  ErrorWithSubackPacket,
  MqttClient,
  MQTTJS_VERSION,
  ReasonCodes,
  TypedEventEmitter,
  validateTopic,
  validateTopics,
};

const mqtt: {
  readonly Client: typeof MqttClient;
  readonly connect: typeof connect;
  readonly connectAsync: typeof connectAsync;
  readonly ErrorWithReasonCode: typeof ErrorWithReasonCode;
  readonly ErrorWithSubackPacket: typeof ErrorWithSubackPacket;
  readonly MqttClient: typeof MqttClient;
  readonly MQTTJS_VERSION: string;
  readonly ReasonCodes: Record<number, string>;
  readonly validateTopic: typeof validateTopic;
  readonly validateTopics: typeof validateTopics;
} = {
  Client,
  connect,
  connectAsync,
  ErrorWithReasonCode,
  ErrorWithSubackPacket,
  MqttClient,
  MQTTJS_VERSION,
  ReasonCodes,
  validateTopic,
  validateTopics,
};
export default mqtt;
