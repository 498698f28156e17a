import type { AttemptFailure } from "@bowline/client";
import type { ISubackPacket } from "./packets.ts";

/**
 * What an error of a failed attempt carries beside the fields of MQTT.js: the classified failure, with hints what to do.
 *
 * @public
 */
export interface WithFailure {
  failure?: AttemptFailure;
}

/** A Reason Code (or a return code of MQTT 3.1.1) of the server as an error. */
export class ErrorWithReasonCode extends Error {
  code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** The server refused a Topic Filter; `packet` is its SUBACK. */
export class ErrorWithSubackPacket extends Error {
  packet: ISubackPacket;

  constructor(message: string, packet: ISubackPacket) {
    super(message);
    this.packet = packet;
  }
}

// Names of section 3.2.2.3 of MQTT 3.1.1 from 0, and of section 2.4 of MQTT 5.0 from 16 and from 128.
const v3 = "|Unacceptable protocol version|Identifier rejected|Server unavailable|Bad username or password|Not authorized";
const success = "No matching subscribers|No subscription existed";
const failure =
  "Unspecified error|Malformed Packet|Protocol Error|Implementation specific error|Unsupported Protocol Version|" +
  "Client Identifier not valid|Bad User Name or Password|Not authorized|Server unavailable|Server busy|Banned|" +
  "Server shutting down|Bad authentication method|Keep Alive timeout|Session taken over|Topic Filter invalid|" +
  "Topic Name invalid|Packet identifier in use|Packet Identifier not found|Receive Maximum exceeded|Topic Alias invalid|" +
  "Packet too large|Message rate too high|Quota exceeded|Administrative action|Payload format invalid|Retain not supported|" +
  "QoS not supported|Use another server|Server moved|Shared Subscriptions not supported|Connection rate exceeded|" +
  "Maximum connect time|Subscription Identifiers not supported|Wildcard Subscriptions not supported";

/** Return codes of MQTT 3.1.1 and Reason Codes of MQTT 5.0 by number. */
export const ReasonCodes: Record<number, string> = Object.fromEntries(
  [...named(v3, 0), ...named(success, 16), ...named(failure, 128)].map(([code, name]) => [code, name]),
);

function named(names: string, first: number): (readonly [number, string])[] {
  return names.split("|").map((name, index) => [first + index, name] as const);
}
