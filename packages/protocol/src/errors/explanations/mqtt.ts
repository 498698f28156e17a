import type { Explanations } from "./explanation.ts";

export const mqtt: Explanations = {
  PROTO_VERSION: {
    causes: ["The broker knows 3.1.1 only; many then answer in the form of 3.1.1, or close."],
    fixes: ["Set the protocol version to 4."],
    seenAs: ["CONNACK 1", "0x84", "132", "Unacceptable protocol version"],
  },
  CLIENT_ID: {
    causes: [
      "The identifier is empty where that is not allowed, too long, holds characters the broker forbids, or is not registered.",
    ],
    tell: "A random identifier of letters and digits is accepted.",
    fixes: ["Use 1 to 23 letters and digits, or what the provider registered."],
    seenAs: ["CONNACK 2", "0x85", "133", "Identifier rejected"],
  },
  UNAVAILABLE: {
    causes: ["The broker starts, stops, or cannot reach what it needs."],
    fixes: ["Look at the broker's health; the client tries again."],
    seenAs: ["CONNACK 3", "0x88", "136", "Server unavailable"],
  },
  BAD_CREDENTIALS: {
    causes: ["The user name or password is wrong."],
    fixes: ["Look for spaces and a newline at the end of a password file."],
    seenAs: ["CONNACK 4", "0x86", "134", "Bad username or password"],
  },
  NOT_AUTHORIZED: {
    causes: [
      "User, password or permission is wrong: most brokers answer all three with this code.",
      "No credentials were sent, and anonymous clients are not allowed.",
      "A rule for the client identifier or the address.",
    ],
    fixes: ["Try the same user with a known-good client; look at the broker's log, which is told more than you are."],
    seenAs: ["CONNACK 5", "0x87", "135", "Not authorized"],
  },
  JWT_EXPIRED: {
    causes: ["The token given as password is past its `exp`, or the clock is wrong."],
    fixes: ["Give `credentials` as a function, which is asked before each attempt."],
    seenAs: ["CONNACK 4", "CONNACK 5", "DISCONNECT 0x87", "DISCONNECT 0xA0"],
  },
  BANNED: {
    causes: ["The broker blocks the client, the user or the address, often after many connects in a short time."],
    fixes: ["Stop the loop, then wait until the ban ends."],
    seenAs: ["0x8A", "138"],
  },
  SERVER_BUSY: {
    causes: ["More work than the broker can do now."],
    fixes: ["Nothing: the client waits longer each time."],
    seenAs: ["0x89", "137"],
  },
  QUOTA: {
    causes: ["A number or size the broker allows is used up: connections, sessions, subscriptions, messages."],
    fixes: ["Look at the limits of the tenant or plan."],
    seenAs: ["0x97", "151", "Quota exceeded"],
  },
  RATE: {
    causes: ["More connects or messages in a second than the broker allows."],
    fixes: ["Spread the starts of many clients at random; publish more slowly."],
    seenAs: ["0x9F", "159", "0x96", "150"],
  },
  AUTH_METHOD: {
    causes: ["The Authentication Method is unknown to the broker, or its data is missing."],
    fixes: ["Compare with the broker's list; leave it out for user name and password."],
    seenAs: ["0x8C", "140"],
  },
  AUTH_FAILED: {
    causes: ["The exchange of AUTH packets did not convince one of the sides."],
    fixes: ["Check the secret, and that both sides use the same hash."],
  },
  TOPIC_NAME: {
    causes: ["The topic of the will holds a wildcard, or the broker forbids it."],
    fixes: ["Connect once without a will to make sure."],
    seenAs: ["0x90", "144"],
  },
  WILL_QOS: { causes: ["The will's QoS is above the server's Maximum QoS."], fixes: ["Lower it."], seenAs: ["0x9B", "155"] },
  WILL_RETAIN: {
    causes: ["The will is to be retained, and the server keeps none."],
    fixes: ["Clear the will's retain flag."],
    seenAs: ["0x9A", "154"],
  },
  PACKET_TOO_LARGE: {
    causes: [
      "The packet is above the receiver's Maximum Packet Size: in CONNECT often a long token, later a big payload.",
      "Servers that speak 3.1.1 only close.",
    ],
    tell: "The CONNACK of 5.0 tells the limit.",
    fixes: ["Split the payload; look at the limit of the plan (AWS IoT: 128 KiB)."],
    seenAs: ["0x95", "149", "1009", "ECONNRESET"],
  },
  PAYLOAD_FORMAT: {
    causes: ["The Payload Format Indicator says UTF-8, and the payload is not."],
    fixes: ["Send text, or set the indicator to 0."],
    seenAs: ["0x99", "153"],
  },
  USE_ANOTHER: {
    causes: ["The server is being drained, or the client belongs elsewhere."],
    fixes: ["Connect to the server its Server Reference names."],
    seenAs: ["0x9C", "156"],
  },
  MOVED: {
    causes: ["The server has moved for good."],
    fixes: ["Change the address to the Server Reference."],
    seenAs: ["0x9D", "157"],
  },
  MALFORMED: {
    causes: ["The server could not read a packet of ours: a fault of ours, of a proxy that changes bytes, or of the server."],
    fixes: ["Report it with the reason string."],
    seenAs: ["0x81", "129"],
  },
  PROTOCOL: {
    causes: ["A packet came at the wrong time or with a property too many. mosquitto answers a publish with wildcards so."],
    fixes: ["Look at what was sent last, and at the reason string."],
    seenAs: ["0x82", "130"],
  },
  IMPL: {
    causes: ["A rule of the server's own, beyond MQTT."],
    fixes: ["Look at the reason string and the server's documentation."],
    seenAs: ["0x83", "131"],
  },
  UNSPEC: {
    causes: ["The server does not say why. mosquitto answers an empty identifier so, where it allows none."],
    fixes: ["Look at the broker's log."],
    seenAs: ["0x80", "128"],
  },
  CONNACK_NONE: {
    causes: [
      "The server refuses without a word: AWS IoT does, and brokers of 3.1.1 may.",
      "The port expects TLS, ALPN or a client certificate.",
      "A connection limit, a blocked address, or a version the server does not know.",
    ],
    tell: "Change one thing at a time until the CONNACK comes: scheme, credentials, client identifier.",
    fixes: ["Check, in this order: scheme and port, credentials and policy, client identifier, ALPN."],
    seenAs: ["AWS_ERROR_MQTT_UNEXPECTED_HANGUP", "ECONNRESET", "The connection was lost."],
  },
  SP_VIOLATION: {
    causes: ["The server claims a session though the client asked to begin anew, which no server may."],
    fixes: ["Report it to the broker's makers."],
  },
  BAD_BYTES: {
    causes: ["What answered is no MQTT, or a proxy cut or changed the CONNACK."],
    fixes: ["Look at the bytes in the message; check port and path."],
    seenAs: ["Invalid header flag bits"],
  },
  MALFORMED_PACKET: {
    causes: ["The peer's packet breaks the encoding: a length, a string or a flag."],
    fixes: ["Report it to the peer's makers with the clause."],
    seenAs: ["0x81"],
  },
  PROTOCOL_ERROR: {
    causes: ["The peer's packet is well formed and not allowed here."],
    fixes: ["Report it to the peer's makers with the clause."],
    seenAs: ["0x82"],
  },
  QOS_UNSUPPORTED: {
    causes: ["The CONNACK's Maximum QoS is lower than what was published."],
    fixes: ["Lower the QoS. AWS IoT has no QoS 2."],
    seenAs: ["0x9B", "155"],
  },
  RETAIN_UNSUPPORTED: {
    causes: ["The CONNACK says Retain Available 0."],
    fixes: ["Publish without retain."],
    seenAs: ["0x9A", "154"],
  },
  WILDCARD_UNSUPPORTED: {
    causes: ["The CONNACK says Wildcard Subscription Available 0."],
    fixes: ["Subscribe to topic names."],
    seenAs: ["0xA2", "162"],
  },
  SHARED_UNSUPPORTED: {
    causes: ["The CONNACK says Shared Subscription Available 0."],
    fixes: ["Subscribe without `$share`."],
    seenAs: ["0x9E", "158"],
  },
  SUBID_UNSUPPORTED: {
    causes: ["The CONNACK says Subscription Identifiers Available 0."],
    fixes: ["Subscribe without an identifier."],
    seenAs: ["0xA1", "161"],
  },
  SUBSCRIBE_REFUSED: {
    causes: ["The SUBACK has a reason code of 0x80 or more."],
    fixes: ["Look at the reason code and the reason string."],
    seenAs: ["SUBACK 128"],
  },
  SUB_DENIED: {
    causes: [
      "No rule allows this client to subscribe to the filter.",
      "Some brokers grant it and deliver nothing: mosquitto's acl_file does.",
    ],
    tell: "A message published to the filter does not come back.",
    fixes: ["Grant read or subscribe for the filter; mind `$share` and `$SYS`."],
    seenAs: ["SUBACK 135", "SUBACK 128"],
  },
  UNSUBSCRIBE_REFUSED: { causes: ["The UNSUBACK has a reason code of 0x80 or more."], fixes: ["Look at the reason code."] },
  PUBLISH_REFUSED: {
    causes: ["The PUBACK or PUBREC has a reason code of 0x80 or more."],
    fixes: ["Look at the reason code and the reason string."],
  },
  PUB_DENIED: {
    causes: ["No rule allows this client to publish to the topic."],
    tell: "3.1.1 has no word for it: brokers drop the message or the connection. QoS 1 on 5.0 gets the answer 0x87.",
    fixes: ["Grant write or publish for the topic."],
    seenAs: ["PUBACK 135"],
  },
  RECEIVE_MAX: {
    causes: ["The sender had more QoS 1 and 2 messages in flight than the other's Receive Maximum."],
    fixes: ["A fault of the sending program: report it."],
    seenAs: ["0x93", "147"],
  },
  ALIAS: {
    causes: ["A topic alias is 0, above the maximum, or was never bound."],
    fixes: ["A fault of the sending program: report it."],
    seenAs: ["0x94", "148"],
  },
  SECOND_CONNECT: { causes: ["A program sent CONNECT twice on one connection."], fixes: ["A fault of that program: report it."] },
};
