import type { Explanations } from "./explanation.ts";

export const network: Explanations = {
  DNS_NXDOMAIN: {
    causes: [
      "The name is misspelt or was deleted.",
      "A container's service name is used outside its network.",
      "A `.local` name without mDNS on this machine.",
    ],
    tell: "The name server answers that there is no such name; with DNS_TEMP it does not answer.",
    fixes: [
      "`getent hosts NAME` or `nslookup NAME` shows what this machine gets.",
      "Compare with the endpoint in the provider's console.",
    ],
    seenAs: ["ENOTFOUND", "getaddrinfo ENOTFOUND", "net::ERR_NAME_NOT_RESOLVED", "NXDOMAIN"],
  },
  DNS_TEMP: {
    causes: [
      "The resolver cannot be reached: no network, a VPN that is down, a captive portal.",
      "The name server answers SERVFAIL.",
    ],
    fixes: ["Open any web page; look at `/etc/resolv.conf`; reconnect the VPN."],
    seenAs: ["EAI_AGAIN", "ESERVFAIL", "SERVFAIL"],
  },
  DNS_NODATA: {
    causes: ["The name has other records, such as TXT or SRV, and no address."],
    fixes: ["Add an A, AAAA or CNAME record, or use the host the SRV record names."],
    seenAs: ["ENODATA"],
  },
  DNS_CNAME_HOST: {
    causes: ["A name of your own points to a provider's host, whose certificate lists only the provider's names."],
    fixes: [
      "Connect to the target of the alias, or give the provider a certificate for your name.",
      "For a test: set `servername` to the target.",
    ],
    seenAs: ["ERR_TLS_CERT_ALTNAME_INVALID", "net::ERR_CERT_COMMON_NAME_INVALID"],
  },
  DNS_PRIVATE: {
    causes: ["Split DNS gives the inside address outside, or the VPN is down."],
    fixes: ["Join the network the address belongs to, or use the public name."],
  },
  DNS_LOOPBACK: {
    causes: ["A line in the hosts file, a development proxy, or an ad blocker's DNS."],
    fixes: ["Look at `/etc/hosts` and at the DNS server in use."],
  },
  TCP_REFUSED: {
    causes: [
      "The broker does not run, or listens on another port.",
      "It listens on the loopback only: mosquitto 2 without a configuration does.",
      "It listens on the other address family: `localhost` may be `::1` or `127.0.0.1`.",
      "The port of a container is not published.",
    ],
    tell: "The refusal comes within milliseconds, from the host itself; a filter usually lets you wait (TCP_TIMEOUT).",
    fixes: ["On the broker: `ss -ltn` shows what listens where.", "Docker: `-p 1883:1883`."],
    seenAs: ["ECONNREFUSED", "AggregateError [ECONNREFUSED]", "net::ERR_CONNECTION_REFUSED"],
  },
  TCP_TIMEOUT: {
    causes: [
      "A firewall or security group drops the packets.",
      "The network you are in allows 80 and 443 only.",
      "The host is down, or the address is another's.",
    ],
    tell: "If another port of the same host answers, a filter stands before this one.",
    fixes: ["Open the port for your address.", "Use 443: `wss://`, or MQTT with ALPN where the provider has it."],
    seenAs: ["ETIMEDOUT", "connack timeout", "net::ERR_CONNECTION_TIMED_OUT"],
  },
  TCP_HE_250: {
    causes: ["Node tries each address for 250 ms when a name has several; a slow link answers later than that."],
    fixes: ["`net.setDefaultAutoSelectFamilyAttemptTimeout(2500)`"],
    seenAs: ["AggregateError [ETIMEDOUT]"],
  },
  TCP_UNREACH: {
    causes: [
      "No route: the network or the VPN is down, or IPv6 is announced and does not work.",
      "A link-local address without its zone.",
    ],
    fixes: ["Try the IPv4 address.", "Write `fe80::1%eth0`."],
    seenAs: ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "net::ERR_ADDRESS_UNREACHABLE"],
  },
  TCP_EACCES: {
    causes: ["A sandbox, a local firewall or the operating system's privacy setting forbids the connection."],
    fixes: ["macOS: allow the program under Privacy, Local Network.", "Containers: look at the network policy."],
    seenAs: ["EACCES", "EPERM"],
  },
  TCP_EMFILE: {
    causes: [
      "Sockets are opened and never closed, often by a reconnect loop that leaks.",
      "The limit is lower than the number of clients.",
    ],
    fixes: ["`ulimit -n 65536`", "`ls /proc/PID/fd | wc -l` over time shows a leak."],
    seenAs: ["EMFILE", "ENFILE", "too many open files"],
  },
  TCP_RESET_AT_ACCEPT: {
    causes: ["A load balancer without a healthy target.", "An allow-list, or a tool that bans addresses."],
    fixes: ["Look at the health of the targets, and at the ban list for your address."],
    seenAs: ["ECONNRESET", "net::ERR_CONNECTION_RESET"],
  },
  TCP_CLOSE_AT_ACCEPT: {
    causes: [
      "The broker's connection limit is reached: mosquitto then closes without a word.",
      "A TCP wrapper or load balancer closes.",
    ],
    tell: "A later attempt succeeds when it was the limit.",
    fixes: ["mosquitto: `max_connections`.", "Look for clients that leak connections."],
    seenAs: ["net::ERR_SOCKET_NOT_CONNECTED", "net::ERR_EMPTY_RESPONSE"],
  },
  WRONG_SERVICE: {
    causes: ["The port belongs to SSH, mail, Redis, AMQP, NATS or another service."],
    tell: "The first bytes are the other service's greeting.",
    fixes: ["Use the MQTT port; the evidence says what the port speaks."],
    seenAs: ["Invalid header flag bits", "HPE_INVALID_CONSTANT", "Expected HTTP/", "net::ERR_INVALID_HTTP_RESPONSE"],
  },
  PLAIN_TO_TLS: {
    causes: ["`mqtt://` was given for a port with TLS."],
    tell: "Servers answer with a TLS alert, a reset or a bare end; a TLS hello on the same port succeeds.",
    fixes: ["Use `mqtts://`."],
    seenAs: ["read ECONNRESET", "ERR_SSL_WRONG_VERSION_NUMBER in the broker's log"],
  },
  TLS_TO_PLAIN: {
    causes: ["`mqtts://` was given for a port without TLS."],
    fixes: ["Use the TLS port, usually 8883; `mqtt://` only where the way is safe."],
    seenAs: ["Client network socket disconnected before secure TLS connection was established"],
  },
  TLS_TO_HTTP: {
    causes: ["TLS was started on a port that speaks HTTP or another protocol in the clear."],
    fixes: ["Use the TLS port, or the scheme without TLS."],
    seenAs: ["ERR_SSL_WRONG_VERSION_NUMBER", "EPROTO", "0A00010B", "wrong version number", "net::ERR_SSL_PROTOCOL_ERROR"],
  },
  MQTT_TO_HTTP: {
    causes: ["A WebSocket or web port was given with `mqtt://`."],
    fixes: ["Use `ws://host:port/path`, or the TCP port of the broker."],
    seenAs: ["HTTP/1.1 400 Bad Request", "Invalid header flag bits"],
  },
  MQTT_TO_HTTPS: {
    causes: ["A WebSocket or web port with TLS was given with `mqtts://`."],
    fixes: ["Use `wss://host:port/path`, or the TLS port of the broker."],
    seenAs: ["HTTP/1.1 400 Bad Request"],
  },
  SILENT: {
    causes: [
      "The broker is overloaded or stuck.",
      "A load balancer leads to a dead target.",
      "The port waits for another protocol to speak first.",
    ],
    tell: "TCP connects; nothing ever comes, whatever is sent.",
    fixes: ["Try another scheme on the port: `mqtt`, `mqtts`, `ws` and `wss`.", "Look at the broker's own health and load."],
    seenAs: ["connack timeout"],
  },
  PROXY_ENV: {
    causes: ["The network lets only an HTTP proxy out, and plain sockets do not ask it."],
    tell: "Browsers work, and HTTPS_PROXY is set.",
    fixes: ["Pass the proxy to the client: `proxy: process.env.HTTPS_PROXY`."],
  },
};
