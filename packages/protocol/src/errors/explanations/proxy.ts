import type { Explanations } from "./explanation.ts";

export const proxy: Explanations = {
  PROXY_UNREACHABLE: {
    causes: ["Host or port of the proxy is wrong, or it does not run.", "The proxy is reachable from another network only."],
    tell: "The connection to the proxy itself fails; the server was not asked for yet. The cause has the error of the socket.",
    fixes: ["`curl -x PROXY https://example.com` tries the proxy without MQTT."],
  },
  PROXY_TLS: {
    causes: [
      "The proxy's certificate comes from an authority that is not known here, or is for another name.",
      "The proxy speaks plain HTTP although its URL begins with `https`.",
    ],
    fixes: ["Pass the authority as `proxy: { url, tls: { ca } }`.", "Write `http://` for a proxy that speaks HTTP without TLS."],
  },
  PROXY_TIMEOUT: {
    causes: [
      "The proxy waits for a server that drops its packets.",
      "The proxy is overloaded, or the port belongs to another service.",
    ],
    tell: "The connection to the proxy stands, and it does not say whether it let us through.",
    fixes: ["Try the same proxy with another target; look at its log."],
    seenAs: ["Proxy connection timed out"],
  },
  PROXY_CLOSED: {
    causes: ["The proxy expects another kind of request: SOCKS, HTTP, or HTTP over TLS.", "It refuses this client's address."],
    fixes: ["Look at the proxy's log.", "Try `socks5h://`, `http://` and `https://` with its port."],
    seenAs: ["Socket closed", "socket hang up"],
  },
  PROXY_PROTOCOL: {
    causes: ["An HTTP proxy was given with a SOCKS URL, or the other way round.", "The port is not the proxy's."],
    fixes: ["Use `socks5h://` (often port 1080) or `http://` (often 3128 or 8080), as the proxy's documentation says."],
    seenAs: ["invalid socks version", "HPE_INVALID_CONSTANT"],
  },
  PROXY_AUTH: {
    causes: [
      "The proxy wants a user name and a password, or those given are wrong.",
      "It wants a method that is not supported, such as NTLM.",
    ],
    fixes: ["Write them into the proxy's URL, percent-encoded: `http://user:pass%40word@proxy:3128`."],
    seenAs: ["407 Proxy Authentication Required", "Socks5 Authentication failed"],
  },
  PROXY_REFUSED: {
    causes: ["A rule of the proxy: HTTP proxies often allow CONNECT to port 443 only.", "The host is on a block list."],
    fixes: ["Use the server's port 443 where it has one, or ask for the port to be allowed."],
    seenAs: ["NotAllowed", "403 Forbidden"],
  },
  PROXY_TARGET: {
    causes: ["The server does not run, or its name is unknown where the proxy stands."],
    tell: "The proxy answers; what it says of the server is the evidence.",
    fixes: [
      "Try the host and port from the proxy's machine.",
      "With `socks5://` the name is resolved here: `socks5h://` lets the proxy do it.",
    ],
    seenAs: ["HostUnreachable", "NetworkUnreachable", "502 Bad Gateway"],
  },
};
