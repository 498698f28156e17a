import type { ErrorWithReasonCode, WithFailure } from "./errors.ts";
import type { VoidCallback } from "./options.ts";
import type { IConnackPacket, IDisconnectPacket, IPublishPacket, Packet } from "./packets.ts";

export type OnConnectCallback = (packet: IConnackPacket) => void;
export type OnDisconnectCallback = (packet: IDisconnectPacket) => void;
export type OnMessageCallback = (topic: string, payload: Buffer, packet: IPublishPacket) => void;
export type OnPacketCallback = (packet: Packet) => void;
export type OnCloseCallback = () => void;
export type OnErrorCallback = (error: (Error | ErrorWithReasonCode) & WithFailure) => void;
export type CloseCallback = (error?: Error) => void;

/** The events of a client and their arguments. */
export interface MqttClientEventCallbacks {
  connect: OnConnectCallback;
  /** The server did not keep the session: messages for subscriptions may be missing. Not of MQTT.js; follows `connect`. */
  gap: OnConnectCallback;
  message: OnMessageCallback;
  packetsend: OnPacketCallback;
  packetreceive: OnPacketCallback;
  disconnect: OnDisconnectCallback;
  error: OnErrorCallback;
  close: OnCloseCallback;
  end: VoidCallback;
  reconnect: VoidCallback;
  offline: VoidCallback;
  outgoingEmpty: VoidCallback;
  /** What waits is half of what may, after something did not fit. Not of MQTT.js. */
  drain: VoidCallback;
}
