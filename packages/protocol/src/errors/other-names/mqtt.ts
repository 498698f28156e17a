import type { OtherNames } from "./other-name.ts";

/** Reason Codes of MQTT 5.0 and Return Codes of 3.1.1, by number, in hexadecimal and by name; what they mean in whichever packet. */
export const mqttNames: OtherNames = [
  [["1", "0x01"], ["PROTO_VERSION"]],
  [["2", "0x02"], ["CLIENT_ID"]],
  [["3", "0x03"], ["UNAVAILABLE"]],
  [
    ["4", "0x04"],
    ["BAD_CREDENTIALS", "JWT_EXPIRED"],
  ],
  [
    ["5", "0x05"],
    ["NOT_AUTHORIZED", "BAD_CREDENTIALS", "JWT_EXPIRED"],
  ],
  [
    ["128", "0x80", "Unspecified error"],
    ["UNSPEC", "SUBSCRIBE_REFUSED", "SUB_DENIED", "PUBLISH_REFUSED", "UNSUBSCRIBE_REFUSED"],
  ],
  [
    ["129", "0x81", "Malformed Packet"],
    ["MALFORMED", "MALFORMED_PACKET"],
  ],
  [
    ["130", "0x82", "Protocol Error"],
    ["PROTOCOL", "PROTOCOL_ERROR"],
  ],
  [["131", "0x83", "Implementation specific error"], ["IMPL"]],
  [["132", "0x84", "Unsupported Protocol Version"], ["PROTO_VERSION"]],
  [["133", "0x85", "Client Identifier not valid"], ["CLIENT_ID"]],
  [
    ["134", "0x86", "Bad User Name or Password"],
    ["BAD_CREDENTIALS", "JWT_EXPIRED"],
  ],
  [
    ["135", "0x87", "Not authorized"],
    ["NOT_AUTHORIZED", "SUB_DENIED", "PUB_DENIED", "JWT_EXPIRED"],
  ],
  [["136", "0x88", "Server unavailable"], ["UNAVAILABLE"]],
  [["137", "0x89", "Server busy"], ["SERVER_BUSY"]],
  [["138", "0x8A", "Banned"], ["BANNED"]],
  [["139", "0x8B", "Server shutting down"], ["SHUTDOWN"]],
  [["140", "0x8C", "Bad authentication method"], ["AUTH_METHOD"]],
  [
    ["141", "0x8D", "Keep Alive timeout"],
    ["KEEPALIVE_SHORT", "KEEPALIVE_TIMEOUT"],
  ],
  [
    ["142", "0x8E", "Session taken over"],
    ["TAKEOVER", "AWS_DUP"],
  ],
  [["143", "0x8F", "Topic Filter invalid"], ["FILTER_INVALID"]],
  [
    ["144", "0x90", "Topic Name invalid"],
    ["TOPIC_INVALID", "TOPIC_NAME"],
  ],
  [["145", "0x91", "Packet Identifier in use"], ["PROTOCOL_ERROR"]],
  [
    ["146", "0x92", "Packet Identifier not found"],
    ["PROTOCOL_ERROR", "SESSION_LOST"],
  ],
  [["147", "0x93", "Receive Maximum exceeded"], ["RECEIVE_MAX"]],
  [["148", "0x94", "Topic Alias invalid"], ["ALIAS"]],
  [["149", "0x95", "Packet too large"], ["PACKET_TOO_LARGE"]],
  [["150", "0x96", "Message rate too high"], ["RATE"]],
  [["151", "0x97", "Quota exceeded"], ["QUOTA"]],
  [["152", "0x98", "Administrative action"], ["ADMIN"]],
  [["153", "0x99", "Payload format invalid"], ["PAYLOAD_FORMAT"]],
  [
    ["154", "0x9A", "Retain not supported"],
    ["RETAIN_UNSUPPORTED", "WILL_RETAIN"],
  ],
  [
    ["155", "0x9B", "QoS not supported"],
    ["QOS_UNSUPPORTED", "WILL_QOS"],
  ],
  [["156", "0x9C", "Use another server"], ["USE_ANOTHER"]],
  [["157", "0x9D", "Server moved"], ["MOVED"]],
  [["158", "0x9E", "Shared Subscriptions not supported"], ["SHARED_UNSUPPORTED"]],
  [["159", "0x9F", "Connection rate exceeded"], ["RATE"]],
  [["160", "0xA0", "Maximum connect time"], ["MAXTIME"]],
  [["161", "0xA1", "Subscription Identifiers not supported"], ["SUBID_UNSUPPORTED"]],
  [["162", "0xA2", "Wildcard Subscriptions not supported"], ["WILDCARD_UNSUPPORTED"]],
];
