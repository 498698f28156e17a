import type { MqttError, QoS } from "@bowline/protocol";
import type { Sender } from "@bowline/protocol/internal";

/** What a Session and the router need of the connection that a client has just now. */
export interface SessionConnection {
  /** Messages may be sent on it. */
  readonly isOpen: boolean;
  readonly sender: Sender;
  /** Bytes may be waiting in its transport. */
  readonly isCongested: boolean;
  /** Whether the transport holds more than that many bytes for this client. */
  holdsMoreThan(byteLimit: number): boolean;
  /** Messages that a Subscription of it matches were not delivered, since its rights do not allow that. */
  withheld(topicName: string, topicFilter: string, qos: QoS, times: number): void;
  /** Another connection of the same Session came, [MQTT-3.1.4-3]. */
  takenOver(): void;
  /** Ends it from our side. */
  end(error: MqttError): void;
}
