import { connect, connectAsync } from "./connect.ts";
import { ErrorWithReasonCode, ErrorWithSubackPacket, ReasonCodes } from "./errors.ts";
import { TypedEventEmitter } from "./event-emitter.ts";
import { KeepaliveManager } from "./keepalive-manager.ts";
import { DefaultMessageIdProvider, type IMessageIdProvider, UniqueMessageIdProvider } from "./message-id-provider.ts";
import { MqttClient } from "./mqtt-client.ts";
import { applyMixin, nextTick } from "./shared.ts";
import { Store } from "./store.ts";
import { validateTopic, validateTopics } from "./validations.ts";
import { version as MQTTJS_VERSION } from "./version.ts";

export type { AttemptFailure } from "@bowline/client";
export type { WithFailure } from "./errors.ts";
export type * from "./events.ts";
export type * from "./options.ts";
export type * from "./packets.ts";
export type { Callback, Constructor, GenericCallback, PacketHandler, PacketPump } from "./shared.ts";
export type { ClientStream, ClientStreamEvents } from "./client-stream.ts";
export type { Outgoing, PendingCommand } from "./client-views.ts";
export type { IStore, IStoreOptions, PacketStream } from "./store.ts";
export type { PacketCallback } from "./outgoing-publish.ts";
export type { ClientSubscribeCallback } from "./subscriptions.ts";

/** The older name of MqttClient. */
export const Client: typeof MqttClient = MqttClient;
export type { IMessageIdProvider };
export {
  applyMixin,
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
};
