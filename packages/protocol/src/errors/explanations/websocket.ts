import type { Explanations } from "./explanation.ts";

const proxy = 'nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`';

export const websocket: Explanations = {
  WS_200: {
    causes: ["The path leads to a web page, often an application that answers every path."],
    fixes: ["Route the path to the broker's WebSocket listener."],
    seenAs: ["Unexpected server response: 200", "Unexpected response code: 200"],
  },
  WS_301: {
    causes: ["The server sends http to https, or adds a slash. WebSocket clients do not follow."],
    fixes: ["Use the address in the Location header, with `wss://`."],
    seenAs: ["Unexpected server response: 301"],
  },
  WS_302: {
    causes: ["A sign-in page or a load balancer redirects."],
    fixes: ["Use the target, or give the gateway its credentials."],
    seenAs: ["Unexpected server response: 302"],
  },
  WS_307: {
    causes: ["Usually HSTS or a redirect to https."],
    fixes: ["Use `wss://` and the target's path."],
    seenAs: ["Unexpected server response: 307"],
  },
  WS_308: {
    causes: ["The address has moved for good."],
    fixes: ["Use the target's address."],
    seenAs: ["Unexpected server response: 308"],
  },
  WS_400: {
    causes: [
      "A proxy dropped Upgrade and Connection, or speaks HTTP/1.0.",
      "The server wants another subprotocol: old brokers know `mqttv3.1` only.",
    ],
    fixes: [proxy],
    seenAs: ["Unexpected server response: 400"],
  },
  WS_401: {
    causes: ["A gateway before the broker wants credentials of its own."],
    tell: "The WWW-Authenticate header says which kind.",
    fixes: [
      "Node: headers of the WebSocket options.",
      "A page cannot set headers: use the query, a cookie or the subprotocol, as the gateway allows.",
    ],
    seenAs: ["Unexpected server response: 401", "HTTP Authentication failed; no valid credentials available"],
  },
  WS_403: {
    causes: [
      "The origin of the page is not on the server's list.",
      "A signature, token or address list refuses.",
      "A web application firewall.",
    ],
    tell: "If the same URL opens outside a page, it is the origin.",
    fixes: ["Add the page's origin; look at the gateway's log for the rule."],
    seenAs: ["Unexpected server response: 403"],
  },
  WS_404: {
    causes: ["The path is wrong, or the proxy has no route for it."],
    fixes: ["Try `/mqtt`, `/ws` and `/`.", "EMQX, HiveMQ, VerneMQ and AWS use `/mqtt`; RabbitMQ `/ws`; mosquitto takes any."],
    seenAs: ["Unexpected server response: 404"],
  },
  WS_405: {
    causes: ["The path belongs to an API that takes no GET."],
    fixes: ["Use the broker's WebSocket path and port."],
    seenAs: ["Unexpected server response: 405"],
  },
  WS_407: {
    causes: ["The proxy that leads out of the network wants credentials."],
    fixes: ["Give them to the agent: `http://user:password@proxy:port`, from a secret store."],
    seenAs: ["Unexpected server response: 407"],
  },
  WS_426: {
    causes: ["The server wants another version or protocol, named in its Upgrade header."],
    fixes: ["Use the WebSocket listener's port."],
    seenAs: ["Unexpected server response: 426"],
  },
  WS_429: {
    causes: ["Too many connections in a short time, often a reconnect loop."],
    fixes: ["Wait as long as Retry-After says; look for the loop."],
    seenAs: ["Unexpected server response: 429"],
  },
  WS_502: {
    causes: [
      "The broker behind the proxy is down.",
      "The proxy does not pass the upgrade: some brokers close plain requests, which it calls 502.",
    ],
    tell: "If the broker's own port opens a WebSocket, it is the proxy.",
    fixes: [proxy],
    seenAs: ["Unexpected server response: 502"],
  },
  WS_503: {
    causes: ["No healthy target, or maintenance."],
    fixes: ["Look at the targets' health; wait as long as Retry-After says."],
    seenAs: ["Unexpected server response: 503"],
  },
  WS_504: {
    causes: ["The broker took the connection and did not answer the upgrade."],
    fixes: ["Check that the proxy leads to the WebSocket listener and not to the TCP one."],
    seenAs: ["Unexpected server response: 504"],
  },
  WS_STATUS: {
    causes: ["The upgrade was answered with a status that has no entry of its own."],
    fixes: ["Look at the server's log for this request."],
  },
  WS_NO_SUBPROTO_REPLY: {
    causes: ["The server ignores Sec-WebSocket-Protocol, or a proxy removes it from the answer."],
    fixes: ["Let the proxy pass the header; let the server answer `mqtt`."],
    seenAs: ["Server sent no subprotocol", "Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received"],
  },
  WS_WRONG_SUBPROTO: {
    causes: ["The endpoint belongs to another application."],
    fixes: ["Use the broker's path."],
    seenAs: ["Server sent an invalid subprotocol", "'Sec-WebSocket-Protocol' header value in response does not match"],
  },
  WS_SUBPROTO_NOT_OFFERED: {
    causes: ["A hand-made WebSocket without `mqtt`: some brokers open it and never answer."],
    fixes: ["`new WebSocket(url, 'mqtt')`"],
    seenAs: ["socket hang up", "Connection closed before receiving a handshake response"],
  },
  WS_TO_TCP: {
    causes: ["`ws://` or `wss://` was given for the broker's TCP port."],
    fixes: ["Use the port of the WebSocket listener."],
    seenAs: ["socket hang up", "read ECONNRESET", "net::ERR_CONNECTION_RESET"],
  },
  WS_TO_TLS: {
    causes: ["`ws://` was given for a port with TLS."],
    fixes: ["Use `wss://`."],
    seenAs: ["socket hang up", "read ECONNRESET", "net::ERR_CONNECTION_RESET"],
  },
  WSS_TO_WS: {
    causes: ["`wss://` was given for a port without TLS."],
    fixes: ["Use the TLS port; `ws://` only on this machine."],
    seenAs: ["EPROTO", "0A00010B", "wrong version number", "net::ERR_SSL_PROTOCOL_ERROR"],
  },
  WS_TEXT: {
    causes: ["The endpoint speaks another protocol over WebSocket, such as GraphQL or socket.io. MQTT needs binary frames."],
    fixes: ["Use the broker's path."],
  },
  WS_OPEN_SILENT: {
    causes: ["The WebSocket opens, and what stands behind it is no broker, or is stuck."],
    fixes: ["Look at where the proxy leads, and at the broker's health."],
    seenAs: ["connack timeout"],
  },
  WS_CLOSE_CODE: {
    causes: [
      "The server closed on purpose. 1008, 3000 and 3003 mean a refusal, 1011 an error of the server, 1012 and 1013 come later again, from 4000 on the application decides.",
    ],
    fixes: ["Look the code up in the server's documentation; its reason stands in the message."],
    seenAs: ["1008", "1011", "1012", "1013"],
  },
  WS_IDLE_CUT: {
    causes: [
      "A proxy or load balancer closes what is idle: nginx and AWS ALB after 60 s, Cloudflare after 100 s, Azure after 4 min.",
    ],
    tell: "Several connections end at the same age, which is less than the keep alive.",
    fixes: ["Set keep alive to at most half of that time.", "nginx: `proxy_read_timeout 3600s;`"],
    seenAs: ["1006 at a steady age"],
  },
  WS_H2: {
    causes: ["The proxy speaks HTTP/2 only, without WebSocket over HTTP/2."],
    fixes: ["Allow HTTP/1.1 for this host."],
    seenAs: ["Parse Error: Expected HTTP/"],
  },
  WS_PERMESSAGE: {
    causes: ["A proxy or server compresses frames wrongly."],
    fixes: ["Turn permessage-deflate off on one side."],
    seenAs: ["WS_ERR_UNEXPECTED_RSV_1", "WS_ERR_INVALID_OPCODE", "Invalid frame header"],
  },
  WS_NEVER_OPENED: {
    causes: ["Anything from DNS to the upgrade: browsers tell scripts only 1006. The candidates are ranked by the time it took."],
    fixes: ["The console of the browser names the reason.", "Outside the page, `bowline sub URL -t test` is told more."],
    seenAs: ["1006"],
  },
  WS_UNREACHABLE: {
    causes: [
      "Neither the WebSocket nor a plain request is answered: DNS, the port, or the certificate. Some WebSocket listeners refuse plain requests as well.",
    ],
    fixes: ["Open `https://HOST:PORT` in a tab: a warning means the certificate, no answer means the port."],
    seenAs: ["1006"],
  },
  WS_UPGRADE_REFUSED: {
    causes: [
      "The server answers plain requests, so the path, the origin, credentials or the proxy's upgrade headers are at fault.",
    ],
    fixes: [proxy, "Try the same URL outside the page: without an Origin header it may open."],
    seenAs: ["1006"],
  },
  B_MIXED: {
    causes: ["A page loaded over https may open `ws://` only to this machine."],
    fixes: ["Use `wss://` with a certificate the browser trusts."],
    seenAs: ["SecurityError: An insecure WebSocket connection may not be initiated from a page loaded over HTTPS", "Mixed Content"],
  },
  B_CSP: {
    causes: ["The page's Content-Security-Policy does not list the address under connect-src."],
    fixes: ["`connect-src 'self' wss://HOST:PORT`"],
    seenAs: ["Refused to connect because it violates the following Content Security Policy directive"],
  },
  B_LNA: {
    causes: ["Chromium asks before a public page reaches a private or loopback address."],
    fixes: ["Grant the permission, or serve the page from the same network over https."],
  },
  B_SELF_SIGNED: {
    causes: ["The certificate of the broker is self-signed or from an authority the browser does not know."],
    fixes: ["Open `https://HOST:PORT` in a tab and accept, or import the authority.", "Use a public certificate."],
    seenAs: ["net::ERR_CERT_AUTHORITY_INVALID"],
  },
  B_ORIGIN: {
    causes: ["The server compares the Origin header with a list. CORS headers have no part in it."],
    fixes: ["Add the page's origin to that list."],
    seenAs: ["Unexpected response code: 403"],
  },
  B_OFFLINE: {
    causes: ["The browser has no network."],
    fixes: ["The client dials again when the network is back."],
    seenAs: ["net::ERR_INTERNET_DISCONNECTED"],
  },
  B_EXTENSION: {
    causes: ["An ad blocker or VPN extension stops the request."],
    fixes: ["Try a private window; exempt the address."],
    seenAs: ["net::ERR_BLOCKED_BY_CLIENT"],
  },
  B_LIMIT: {
    causes: ["Chromium allows 255 WebSockets, Firefox 200; clients that are created and never ended use them up."],
    fixes: ["Share one client; end those that are replaced."],
    seenAs: ["net::ERR_INSUFFICIENT_RESOURCES"],
  },
  B_SLEEP: {
    causes: ["The tab was frozen or the machine slept, so no ping was sent."],
    fixes: ["Nothing: the client dials on waking. A longer session expiry keeps what was missed."],
  },
  B_BFCACHE: {
    causes: ["The page came back from the back/forward cache, which closes connections."],
    fixes: ["Nothing: the client dials on pageshow."],
  },
};
