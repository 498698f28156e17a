import type { InnerProtocol } from "../tls/tenant-tls.ts";
import type { LimitCause } from "./connection-limiter.ts";

/** Why somebody was refused for a limit, by the name that it has in the configuration. */
export const LIMIT_TEXTS: Readonly<Record<LimitCause, string>> = {
  connectionLimit: "as many connections are open as may be (maximumConnections, and ulimit -n)",
  addressLimit: "as many connections of this address are open as may be (maximumConnectionsPerAddress)",
  connectionRate: "connections come faster than they may (connectionsPerSecond)",
  addressRate: "connections of this address come faster than they may (connectionsPerSecondPerAddress)",
  handshakeRate: "TLS handshakes come faster than they may (handshakesPerSecond)",
  overloaded: "the broker is overloaded (maximumLagMs, maximumMemoryBytes)",
  addressHandshakeRate: "TLS handshakes of this address come faster than they may (handshakesPerSecondPerAddress)",
};

/** What a listener's port is for, in the words of an answer to those who came with something else. */
const PORT_SPEAKS = {
  plain: {
    mqtt: "plain MQTT (mqtt://)",
    http: "HTTP and MQTT over WebSocket (ws://)",
    admin: "HTTP (http://), for the admin API",
    any: "plain MQTT, HTTP and MQTT over WebSocket (mqtt://, ws://)",
  },
  tls: {
    mqtt: "MQTT over TLS (mqtts://)",
    http: "HTTPS and MQTT over WebSocket with TLS (wss://)",
    admin: "HTTPS (https://), for the admin API",
    any: "MQTT, HTTPS and MQTT over WebSocket, all with TLS (mqtts://, wss://)",
  },
} as const;

/** What a listener's port speaks, as the beginning of a sentence. */
export function portSpeaks(isTls: boolean, innerProtocol: InnerProtocol | "any" | "admin"): string {
  return `this port speaks ${PORT_SPEAKS[isTls ? "tls" : "plain"][innerProtocol]}`;
}
