import type { Explanations } from "./explanation.ts";

export const input: Explanations = {
  URL_INVALID: {
    causes: [
      "A space, a missing scheme, a port above 65535, or a `#` in the URL.",
      "An environment variable that was empty when the URL was put together.",
    ],
    fixes: ["Print the URL without its password and compare it with `mqtts://host:8883` or `wss://host:8084/mqtt`."],
    seenAs: ["ERR_INVALID_URL", "ERR_SOCKET_BAD_PORT", "SyntaxError: Invalid URL"],
  },
  URL_AS_HOST: {
    causes: ["The option `host` holds a whole URL, a port or a slash."],
    tell: "The resolver is asked for a name such as `mqtt://localhost` and says ENOTFOUND.",
    fixes: ['Give `host: "localhost"`, or pass the URL as the first argument.'],
    seenAs: ["getaddrinfo ENOTFOUND mqtt://"],
  },
  SCHEME_BROWSER: {
    causes: ["Browsers reach MQTT through a WebSocket alone; `mqtt://` and `mqtts://` are TCP."],
    fixes: [
      "Use `wss://`. Usual places: EMQX 8084 `/mqtt`, HiveMQ 8884 `/mqtt`, AWS IoT 443 `/mqtt`, mosquitto any path of its WebSocket listener.",
    ],
    seenAs: ["The URL's scheme must be either 'http', 'https', 'ws', or 'wss'"],
  },
  SCHEME_UNKNOWN: {
    causes: ["The URL begins with a scheme that is no MQTT transport, often `http` or `tcp`."],
    fixes: ["Write `mqtt` for `tcp`, `mqtts` for `ssl` and `tls`, `ws` for `http`, `wss` for `https`."],
  },
  PORT_SCHEME_ODD: {
    causes: ["The scheme was changed and the port was not, or the other way round."],
    tell: "1883 is plain MQTT, 8883 MQTT over TLS, 8083 plain WebSocket, 8084 and 443 WebSocket over TLS.",
    fixes: ["Change the scheme to the one of the port; a warning only, since a port may serve anything."],
  },
  UNSAFE_PORT: {
    causes: ["Browsers refuse ports of well-known services, such as 22, 25, 6000 and 6665 to 6669."],
    fixes: ["Let the broker listen on another port, best on 443."],
    seenAs: ["net::ERR_UNSAFE_PORT"],
  },
  OPTION_INVALID: {
    causes: [
      "An option has a type or value the version of MQTT or the runtime does not allow.",
      "In 3.1.1 a password needs a user name.",
      "A page cannot set `ca`, `cert`, `key` or `rejectUnauthorized`: the browser decides.",
    ],
    fixes: ["Read the name in the message and its type in the reference."],
  },
  TOPIC_INVALID: {
    causes: [
      "A topic name to publish to is empty, longer than 65,535 bytes, or holds `+`, `#` or a null character.",
      "A server refused the topic with Reason Code 0x90.",
    ],
    fixes: ["Replace what came from user input before it becomes part of a topic."],
    seenAs: ["0x90", "144", "Topic Name invalid"],
  },
  FILTER_INVALID: {
    causes: [
      "`+` or `#` shares its level with other characters, or `#` is not last.",
      "A `$share` filter lacks its group or its filter.",
      "A server refused the filter with Reason Code 0x8F.",
    ],
    fixes: ["Write `a/+/b`, `a/#` or `$share/group/a/#`."],
    seenAs: ["0x8F", "143", "Topic Filter invalid"],
  },
  PAYLOAD_TOO_LARGE: {
    causes: ["A packet of MQTT holds at most 268,435,455 bytes after its first header."],
    fixes: ["Split the payload, or send a link to it."],
  },
  PACKET_INVALID: {
    causes: ["A field is out of its range, a string is longer than 65,535 bytes, or a property does not belong to the packet."],
    fixes: ["Correct the field the message names."],
  },
  UNSUPPORTED_IN_V3: {
    causes: ["Properties, No Local, shared subscription options, AUTH and reason codes came with MQTT 5.0."],
    fixes: ["Set the protocol version to 5, or leave the option out."],
  },
  CLIENT_CLOSED: {
    causes: ["The client was ended before, or while, the operation ran."],
    fixes: ["Await what is outstanding before `end()`, or create a new client."],
  },
  NOT_CONNECTED: {
    causes: ["The operation needs a connection at once, and there is none."],
    fixes: ["Await the connection, or publish with QoS 1, which is queued."],
  },
  ABORTED: {
    causes: ["The `AbortSignal` given to the operation was aborted."],
    fixes: ["Nothing, if that was meant."],
  },
  TIMEOUT: {
    causes: ["The answer did not come before the deadline of the operation."],
    fixes: ["Look at the state of the client and at the broker's log for the same second."],
  },
  CREDENTIALS_TIMEOUT: {
    causes: ["The credentials callback never resolved, for instance since its own request hangs."],
    fixes: ["Pass the callback's `signal` to `fetch`, so that it ends with the attempt."],
  },
  CREDENTIALS_FAILED: {
    causes: ["The credentials callback threw, or what it returned is no credentials object."],
    fixes: ["Look at `error.cause`; the attempt is repeated with the usual delay."],
  },
  QUEUE_FULL: {
    causes: [
      "More was published while offline than the queue may hold.",
      "A slow reader let its queue of messages grow to the limit.",
    ],
    fixes: [
      "Await `publish()`, so that the producer takes the pace of the connection.",
      "Raise the limit the message names, with memory in mind.",
    ],
  },
  IDENTIFIERS_EXHAUSTED: {
    causes: ["65,535 messages wait for their acknowledgement."],
    fixes: ["Lower the number of messages in flight; look why the server does not acknowledge."],
  },
  INTERNAL: {
    causes: ["An assumption of Bowline did not hold. The connection was closed, nothing else."],
    fixes: ["Open an issue with the message, the stack and, if you can, the steps."],
  },
};
