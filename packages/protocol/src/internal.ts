export { bytes, installBytes, ownBytes, placeOf, standardBytes, type Bytes, utf8Decoder, utf8Encoder } from "./packet/bytes.ts";
export { OutBuffer } from "./packet/out-buffer.ts";
export { PublishOffsets } from "./packet/publish-offsets.ts";
export type { Channel, ChannelHandler } from "./engine/channel.ts";
export type { Clock, TimerHandle } from "./engine/clock.ts";
export { covers, coversLevels, levelsOfRealTopics, matches, overlaps, overlapsLevels } from "./topic/match.ts";
export { RetainedIndex, type RetainedEntry } from "./topic/retained-index.ts";
export { type CachedRoute, RouteCache } from "./topic/route-cache.ts";
export { sameBytes, viewOf } from "./packet/byte-words.ts";
export { SharedGroup } from "./topic/shared-group.ts";
export { SubscriptionTrie } from "./topic/subscription-trie.ts";
export type { TopicFault } from "./topic/topic-fault.ts";
export { hasWildcard, parseShare, validateTopicFilter, type Share } from "./topic/topic-filter.ts";
export { validateTopicName } from "./topic/topic-name.ts";
export { closestName } from "./errors/closest-name.ts";
export { packetName } from "./packet/packet-type.ts";
export { FrameDecoder } from "./packet/frame-decoder.ts";
export { type FrameHandler, FrameWalk } from "./packet/frame-walk.ts";
export { checkTopicName, parsePublish, scanPublish } from "./packet/publish.ts";
export { decodePublish, encodePublish, publishToPacket } from "./packet/publish-packet.ts";
export { encodeAcknowledgement, parseAcknowledgement, writeAcknowledgement } from "./packet/acknowledgement.ts";
export { connackVersion, decodeConnect, peekConnectLevel } from "./packet/decode-connect.ts";
export { decodePacket } from "./packet/decode.ts";
export { decodeFromServer } from "./packet/decode-from-server.ts";
export { decodeSubscribe } from "./packet/decode-subscribe.ts";
export { decodeUnsubscribe } from "./packet/decode-unsubscribe.ts";
export { encodePacket, encodeToBytes } from "./packet/encode.ts";
export { encodeFromClientToBytes } from "./packet/encode-from-client.ts";
export type * from "./diagnosis/facts.ts";
export { addressClass, type AddressClass, isAddress } from "./diagnosis/address-class.ts";
export { fitsName } from "./diagnosis/certificate-rules.ts";
export { closeCodeName } from "./diagnosis/close-codes.ts";
export { diagnose } from "./diagnosis/diagnose.ts";
export { addRows } from "./errors/catalogue.ts";
export { addWholeCatalogue } from "./errors/whole-catalogue.ts";
export { diagnosedRows } from "./errors/diagnosed-rows.ts";
export { diagnosePage, pageRows } from "./diagnosis/diagnose-page.ts";
export { classifyFirstBytes, httpStatusOf, printable, type SpokenProtocol, tlsAlertOf } from "./diagnosis/first-bytes.ts";
export { staticWarnings } from "./diagnosis/port-rules.ts";
export { staticFault } from "./diagnosis/static-fault.ts";
export { errorFactsOf } from "./diagnosis/node-error.ts";
export { isProviderName } from "./diagnosis/provider-names.ts";
export { connackCode, disconnectCode } from "./diagnosis/reason-codes.ts";
export { pubackCode, subackCode, unsubackCode } from "./diagnosis/request-codes.ts";
export { tokenExpiry } from "./diagnosis/token-expiry.ts";
export { alertName } from "./diagnosis/tls-alerts.ts";
export type { Finding, Verdict } from "./diagnosis/verdict.ts";
export { verdictToError } from "./diagnosis/verdict-to-error.ts";
export { redactDetails, redactText } from "./errors/redact.ts";
export { connackReason, serverDisconnectReason, ReasonCode } from "./packet/reason-codes.ts";
export type { PacketFields, TracedClient, TracedPacket, TracedPayload, TraceEndReason, TraceEvent } from "./packet/trace-event.ts";
export { decodeText } from "./packet/utf8.ts";
export { PublishSource, writePublish } from "./packet/write-publish.ts";
export { checkProperty } from "./packet/properties.ts";
export { withoutRewritten } from "./packet/without-rewritten.ts";
export { Fifo } from "./flow/fifo.ts";
export { InFlight } from "./flow/in-flight.ts";
export { type Message, type OutboundEntry, OutboundState } from "./flow/message.ts";
export { pushQueue, shiftQueue } from "./session/outbound-queue.ts";
export { SessionState } from "./session/session-state.ts";
export {
  DROPPED_EXPIRED,
  DROPPED_TOO_LARGE,
  fillFromMessage,
  fillFromOffsets,
  NO_LIMIT,
  Sender,
  type SenderOwner,
} from "./engine/sender.ts";
export { ServerConnection } from "./engine/server-connection.ts";
export type { ServerConnectionLimits } from "./engine/server-connection-limits.ts";
export type { AliasPolicy, OutboundAliasSettings } from "./flow/alias-settings.ts";
export {
  type AcceptConnect,
  type ConnectAnswer,
  type ContinueAuthentication,
  Later,
  type PublishAnswer,
  type ReauthenticateAnswer,
  type ReauthenticationSuccess,
  type RefuseConnect,
  type ServerSink,
  type SubscribeAnswer,
} from "./engine/server-sink.ts";
export { ClientConnection, type ClientLimits, type FrameObserver } from "./engine/client-connection.ts";
export { removeQueued, restartSession } from "./engine/client-session.ts";
export type { ClientSink } from "./engine/client-sink.ts";
export { decodePublishProperties, encodePublishProperties } from "./engine/publish-properties.ts";
export { encodeProperties } from "./packet/property-encoder.ts";
