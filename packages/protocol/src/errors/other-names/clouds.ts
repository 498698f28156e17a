import type { OtherNames } from "./other-name.ts";

/** What providers and their libraries call it: EMQX, AWS IoT Core, Adafruit IO. */
export const cloudNames: OtherNames = [
  // EMQX Serverless finds a deployment by the server name, and its guide calls a missing one so.
  [["-5", "error code -5", "error -5"], ["TLS_SNI"]],
  [["bad_username_or_password"], ["BAD_CREDENTIALS"]],
  [["not_authorized", "unauthorized"], ["NOT_AUTHORIZED"]],
  [["client_identifier_not_valid"], ["CLIENT_ID"]],
  [["keepalive_timeout"], ["KEEPALIVE_SHORT"]],
  [["takenover", "discarded"], ["TAKEOVER"]],
  [["kicked"], ["ADMIN"]],
  [["tcp_closed"], ["CONNECTION_LOST"]],
  [["quota_exceeded"], ["QUOTA"]],
  [["AUTH_ERROR"], ["AWS_NO_CONNECT", "AWS_CERT_INACTIVE", "AWS_AUTHORIZER_LAMBDA"]],
  [["FORBIDDEN_ACCESS"], ["AWS_NO_CONNECT", "AWS_NO_SUB", "AWS_NO_PUB"]],
  [["CLIENT_ERROR"], ["AWS_LIMITS", "PROTOCOL"]],
  [["CLIENT_INITIATED_DISCONNECT"], ["CLIENT_CLOSED"]],
  [["CONNECTION_LOST"], ["CONNECTION_LOST"]],
  [["MQTT_KEEP_ALIVE_TIMEOUT"], ["KEEPALIVE_SHORT"]],
  [["SERVER_ERROR"], ["UNAVAILABLE"]],
  [["SERVER_INITIATED_DISCONNECT"], ["SHUTDOWN", "AWS_LIMITS"]],
  [["API_INITIATED_DISCONNECT"], ["ADMIN"]],
  [
    ["THROTTLED", "ThrottlingException"],
    ["RATE", "AWS_LIMITS"],
  ],
  [["ForbiddenException"], ["AWS_SIGV4", "AWS_AUTHORIZER_NAME", "AWS_AUTHORIZER_LAMBDA"]],
  [["UnauthorizedException"], ["AWS_AUTHORIZER_LAMBDA", "AWS_AUTHORIZER_SIG", "AWS_SIGV4"]],
  [["AWS_ERROR_MQTT_TIMEOUT"], ["PING_TIMEOUT", "TIMEOUT"]],
  [["AWS_ERROR_MQTT_PROTOCOL_ERROR"], ["BAD_BYTES", "PROTOCOL_ERROR"]],
  [["AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE"], ["TLS_FAILED", "AWS_CERT_INACTIVE", "TLS_UNKNOWN_CA"]],
  [["AWS_IO_DNS_INVALID_NAME"], ["DNS_NXDOMAIN"]],
  [["AWS_IO_SOCKET_TIMEOUT"], ["TCP_TIMEOUT"]],
  // Return Codes of Adafruit's own.
  [["CONNACK 6"], ["RATE"]],
  [["CONNACK 7"], ["BANNED"]],
];
