import type { Explanations } from "./explanation.ts";

export const session: Explanations = {
  TAKEOVER: {
    causes: [
      "Two clients use one identifier: a second tab, a second instance, staging beside production, a development server that mounts a component twice.",
    ],
    tell: "A random identifier stays connected. mosquitto 2.0.11 and brokers of 3.1.1 only close.",
    fixes: ["Make identifiers unique per client: host and process, or one per tab."],
    seenAs: ["0x8E", "142", "Session taken over"],
  },
  KEEPALIVE_SHORT: {
    causes: [
      "The server heard nothing for 1.5 times the keep alive: a blocked event loop, a background tab, or a very short keep alive.",
    ],
    fixes: ["Raise the keep alive; move heavy work off the main thread."],
    seenAs: ["0x8D", "141"],
  },
  KEEPALIVE_TIMEOUT: {
    causes: ["The client went away without a word, or its network did."],
    fixes: ["Nothing on the broker; look at the client's network."],
  },
  SERVER_KEEPALIVE: {
    causes: ["The CONNACK sets another keep alive, which the client must use."],
    fixes: ["Nothing: the client obeys. Other clients that ignore it are dropped."],
  },
  NAT_IDLE: {
    causes: [
      "Routers and load balancers forget idle connections without a word: mobile networks after 2 to 5 min, AWS NLB after 350 s, Azure after 4 min.",
    ],
    tell: "The age at the drop is constant; a shorter keep alive ends it.",
    fixes: ["Set keep alive below that age."],
  },
  PING_TIMEOUT: {
    causes: ["The network is gone and TCP does not know yet, or the server is stuck."],
    fixes: ["Nothing: the client dials again."],
    seenAs: ["Keepalive timeout"],
  },
  CONNECTION_LOST: {
    causes: ["The network, a restart of the broker, or a broker of 3.1.1 that closes for a reason it cannot say."],
    fixes: ["Look at what was sent within the last second, and at the broker's log."],
    seenAs: ["ECONNRESET", "EPIPE", "1006"],
  },
  ADMIN: { causes: ["An operator or a program closed the connection."], fixes: ["Ask the operator."], seenAs: ["0x98", "152"] },
  SHUTDOWN: {
    causes: ["The broker stops or restarts."],
    fixes: ["Nothing: the client dials again, spread at random."],
    seenAs: ["0x8B", "139"],
  },
  MAXTIME: {
    causes: ["Connections or tokens have a longest life at this server."],
    fixes: ["Give `credentials` as a function; the client dials again."],
    seenAs: ["0xA0", "160"],
  },
  SESSION_LOST: {
    causes: ["The session expired, the broker lost its store, or another client began anew with the identifier."],
    fixes: ["Raise the session expiry interval; the client subscribes again by itself."],
    seenAs: ["session present 0"],
  },
  RECONNECT_STORM: {
    causes: ["A client dials at once after each drop, and the cause stays."],
    fixes: ["Use growing delays with chance in them, and stop on refusals."],
  },
  DISCONNECTED: {
    causes: ["The server ended the connection without calling it an error."],
    fixes: ["Look at the reason string."],
    seenAs: ["DISCONNECT 0"],
  },
  MESSAGE_EXPIRED: {
    causes: ["The message waited, while offline or behind others, for longer than its Message Expiry Interval."],
    fixes: ["Raise `messageExpiryInterval`, or leave it out for what must arrive in any case."],
  },
};
