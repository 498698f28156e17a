/// <reference lib="esnext.disposable" preserve="true" />
export { connect } from "./connect.ts";
export type { Authentication, AuthenticationData, AuthenticationStep } from "./authentication.ts";
export type { Client, ClientEvents } from "./client.ts";
export type { Message } from "./message.ts";
export type { ProxyOptions, SocketOptions } from "./network-options.ts";
export type {
  ConnectOptions,
  Credentials,
  CredentialsProvider,
  CredentialsRequest,
  MessageHandler,
  OutboxOptions,
  Payload,
  PublishOptions,
  ReconnectOptions,
  RequestOptions,
  SessionOptions,
  SubscribeOptions,
  WillOptions,
} from "./options.ts";
export type { PacketEvent } from "./packet-log.ts";
export type { Publication, PublishResult } from "./publication.ts";
export type {
  AttemptFailure,
  ClosedStatus,
  ConnectingStatus,
  FailedStatus,
  OnlineStatus,
  Status,
  WaitingStatus,
} from "./status.ts";
export type { SessionStore, StoreChange, StoredRecord } from "./store/session-store.ts";
export { fileStore, indexedDbStore, memoryStore } from "./store/stores.ts";
export type { Subscription } from "./subscription.ts";
export type { PreSharedKey, TlsOptions } from "./tls-options.ts";
export { MqttError, type ErrorCode } from "@bowline/protocol";
