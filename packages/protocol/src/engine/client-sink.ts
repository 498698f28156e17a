import type { MqttError } from "../errors/mqtt-error.ts";
import type { OutboundEntry } from "../flow/message.ts";
import type { AuthPacket, ConnackPacket, DisconnectPacket, SubackPacket, UnsubackPacket } from "../packet/packets.ts";
import type { PublishOffsets } from "../packet/publish-offsets.ts";

/**
 * What a ClientConnection tells its client. A method must not call `receive`; it may call everything else, `publish` of the
 * Sender and `disconnect` included.
 */
export interface ClientSink {
  /**
   * CONNACK with success. What is subscribed here leaves before the messages in flight and queued. Without `sessionPresent`
   * the session was restarted, but for one of MQTT 3.1 that was to be kept, since 3.1 cannot say it; `taken` are its QoS 2
   * messages that had left and whose fate is not known.
   *
   * @returns `hold` to keep messages back until the owner clears `Sender.blocked` and calls `pump`.
   */
  accepted(packet: ConnackPacket, taken: readonly OutboundEntry[]): "hold" | void;
  /**
   * A message; QoS 2 comes once for each. The chunk is not touched by the connection any more, the offsets are.
   *
   * @returns 0 to acknowledge it at once, or a number above `SenderOwner.committed` that the acknowledgement waits for.
   */
  message(topicName: string, chunk: Uint8Array, offsets: PublishOffsets): number;
  /** A QoS 2 message came again that `message` had before. Answers as `message`: what its PUBREC waits for. */
  repeated?(packetIdentifier: number): number;
  /** Keep Alive asks for a PINGREQ: true when the owner has sent it itself, by `Sender.packet`. */
  pinging?(): boolean;
  /** PUBREL: the identifier of a QoS 2 message is free. PUBCOMP is written after this. */
  freed?(packetIdentifier: number): void;
  subscribed(packet: SubackPacket): void;
  unsubscribed(packet: UnsubackPacket): void;
  /**
   * A step of the enhanced authentication: 0x18, to be answered with `ClientConnection.authenticate`, or 0x00, the end of a
   * re-authentication. The method is the one of our CONNECT. The end of the first authentication is the CONNACK.
   */
  auth(packet: AuthPacket): void;
  /**
   * The connection is over for the protocol: flush what the Sender holds and end the channel. Once, last of all; not called
   * after `disconnect`. `packet` is the server's CONNACK or DISCONNECT that said so.
   */
  ended(error: MqttError | undefined, packet: ConnackPacket | DisconnectPacket | undefined): void;
}
