/**
 * Every error code of the project, born here and nowhere else: one row each, of what every program must carry, a page included.
 * Causes, evidence, commands and the codes of other programs are in explanations.ts, which no program loads before it is asked.
 *
 * A row is [stage, source, retry, title, remedy]. The title continues "CODE: " and has no full stop; the remedy is one imperative sentence.
 */

/** Where on the way from a URL to a delivered message it failed; operations of a broker have stages of their own. */
export type Stage =
  | "input"
  | "dns"
  | "tcp"
  | "tls"
  | "http"
  | "ws"
  | "mqtt"
  | "session"
  | "authz"
  | "storage"
  | "config"
  | "admin"
  | "internal";

/** Who is at fault: the caller, a limit of ours, the other side, what lies between, or a bug of ours. */
export type ErrorSource = "usage" | "local" | "peer" | "network" | "internal";

/**
 * What a reconnect policy may do: nothing (`never`), try once the input or the credentials are new, try again with growing delays
 * (`backoff`), or try again with long delays and stop after three in a row (`loop-guard`).
 */
export type RetryClass = "never" | "new-input" | "new-credentials" | "backoff" | "loop-guard";

type Row = readonly [stage: Stage, source: ErrorSource, retry: RetryClass, title: string, remedy: string];

// biome-ignore format: a table is read by its lines.
const rows = {
  // What the caller gave us.
  URL_INVALID: ["input", "usage", "new-input", "the URL cannot be parsed", "Write the URL as scheme://host:port/path."],
  URL_AS_HOST: ["input", "usage", "new-input", "a URL was given where a host name belongs", "Give the host name alone, or pass the whole as a URL."],
  SCHEME_BROWSER: ["input", "usage", "new-input", "a browser cannot open this kind of URL", "Use wss:// with the WebSocket port and path of the broker."],
  SCHEME_UNKNOWN: ["input", "usage", "new-input", "the URL scheme is not supported", "Use mqtt, mqtts, ws, wss or unix as the scheme."],
  PORT_SCHEME_ODD: ["input", "usage", "new-input", "the port usually speaks another scheme", "Use the scheme that belongs to the port."],
  UNSAFE_PORT: ["input", "usage", "new-input", "browsers block this port", "Use another port."],
  OPTION_INVALID: ["input", "usage", "new-input", "an option has a wrong type or value", "Correct the named option."],
  TOPIC_INVALID: ["input", "usage", "new-input", "the topic name is not valid", "Publish to a topic name without wildcards or null characters."],
  FILTER_INVALID: ["input", "usage", "new-input", "the topic filter is not valid", "Let + and # stand alone in a level, and # only in the last."],
  PAYLOAD_TOO_LARGE: ["input", "usage", "new-input", "the payload is larger than a packet can be", "Split the payload."],
  PACKET_INVALID: ["input", "usage", "new-input", "the packet cannot be encoded", "Correct the named field."],
  UNSUPPORTED_IN_V3: ["input", "usage", "new-input", "this needs MQTT 5.0", "Connect with protocol version 5."],
  CLIENT_CLOSED: ["input", "usage", "never", "the client has ended", "Create a new client, or connect this one again."],
  NOT_CONNECTED: ["session", "usage", "backoff", "there is no connection", "Wait until the client is connected."],
  ABORTED: ["input", "usage", "never", "the caller aborted the operation", "Start the operation again if you still want it."],
  TIMEOUT: ["session", "network", "backoff", "the operation took too long", "Look at the state of the connection, or allow more time."],
  CREDENTIALS_TIMEOUT: ["input", "usage", "backoff", "the credentials callback did not answer in time", "Let the callback resolve before the connect timeout."],
  CREDENTIALS_FAILED: ["input", "usage", "backoff", "the credentials callback failed", "Look at the cause, and correct the callback."],
  QUEUE_FULL: ["session", "local", "backoff", "a queue has reached its limit", "Slow down, or raise the named limit."],
  IDENTIFIERS_EXHAUSTED: ["session", "local", "backoff", "all 65,535 packet identifiers are in use", "Wait until earlier messages are acknowledged."],
  INTERNAL: ["internal", "internal", "never", "a bug of Bowline", "Report it with the message and the stack."],

  // Finding the host.
  DNS_NXDOMAIN: ["dns", "network", "loop-guard", "the host name does not exist", "Check the spelling of the host name."],
  DNS_TEMP: ["dns", "network", "backoff", "the name server did not answer", "Check the network, the VPN and the resolver."],
  DNS_NODATA: ["dns", "network", "loop-guard", "the host name has no address", "Add an A or AAAA record, or use another name."],
  DNS_CNAME_HOST: ["dns", "usage", "new-input", "the name is an alias the server has no certificate for", "Connect to the name the alias points to."],
  DNS_PRIVATE: ["dns", "network", "new-input", "the name leads to a private address", "Join that network, or use the public name."],
  DNS_LOOPBACK: ["dns", "network", "new-input", "the name leads back to this machine", "Correct the name, or the hosts file."],

  // Reaching the port.
  TCP_REFUSED: ["tcp", "network", "backoff", "nothing listens on the port", "Start the broker, or correct host and port."],
  TCP_TIMEOUT: ["tcp", "network", "backoff", "the host does not answer", "Open the port in the firewall, or try port 443."],
  TCP_HE_250: ["tcp", "local", "backoff", "every address was given up after 250 ms", "Raise the address attempt timeout of Node."],
  TCP_UNREACH: ["tcp", "network", "backoff", "there is no route to the host", "Check the network, the VPN, and IPv6."],
  TCP_EACCES: ["tcp", "local", "new-input", "this machine forbids the connection", "Allow the program to use the network."],
  TCP_EMFILE: ["tcp", "local", "backoff", "this process has no file descriptors left", "Raise the limit of open files, and look for leaked sockets."],
  TCP_RESET_AT_ACCEPT: ["tcp", "network", "backoff", "the connection is reset as soon as it opens", "Check the load balancer, the allow-list and the connection limit."],
  TCP_CLOSE_AT_ACCEPT: ["tcp", "peer", "backoff", "the connection is closed as soon as it opens", "Raise the connection limit of the broker, or end idle clients."],
  WRONG_SERVICE: ["tcp", "usage", "new-input", "another service listens on the port", "Use the port of the MQTT broker."],
  PLAIN_TO_TLS: ["tcp", "usage", "new-input", "the port expects TLS", "Use mqtts:// instead of mqtt://."],
  TLS_TO_PLAIN: ["tls", "usage", "new-input", "the port speaks MQTT without TLS", "Use mqtt://, or the TLS port."],
  TLS_TO_HTTP: ["tls", "usage", "new-input", "the port does not speak TLS", "Use the scheme without TLS, or the TLS port."],
  MQTT_TO_HTTP: ["mqtt", "usage", "new-input", "the port speaks HTTP", "Use ws:// with the path of the WebSocket listener."],
  MQTT_TO_HTTPS: ["mqtt", "usage", "new-input", "the port speaks HTTP over TLS", "Use wss:// with the path of the WebSocket listener."],
  SILENT: ["mqtt", "peer", "backoff", "the server accepts and never answers", "Check that the port is the broker's and the broker is healthy."],
  PROXY_ENV: ["tcp", "network", "new-input", "a proxy is required to leave this network", "Connect through the proxy, or over port 443."],

  // Certificates and the TLS handshake.
  TLS_FAILED: ["tls", "network", "backoff", "the TLS handshake failed", "Look at the cause for the alert."],
  TLS_CLOSED: ["tls", "network", "backoff", "the connection closed during the TLS handshake", "Check that the port speaks TLS and knows this host name."],
  TLS_VERSION: ["tls", "peer", "new-input", "there is no common TLS version", "Enable TLS 1.2 or newer on both sides."],
  TLS_CIPHER: ["tls", "peer", "new-input", "there is no common cipher", "Align the cipher lists, and check the type of the server's key."],
  TLS_EXPIRED: ["tls", "peer", "new-input", "a certificate of the server has expired", "Renew the certificate, and reload the broker."],
  TLS_NOT_YET: ["tls", "peer", "new-input", "the server's certificate is not valid yet", "Set the clock of this machine."],
  CLOCK_SKEW: ["tls", "local", "new-input", "the clock of this machine is wrong", "Set the clock, and enable NTP."],
  TLS_SELF_SIGNED: ["tls", "peer", "new-input", "the server's certificate is self-signed", "Pass that certificate as `ca`, or install one from a known authority."],
  TLS_PRIVATE_ROOT: ["tls", "peer", "new-input", "the server's root certificate is not trusted here", "Pass that root as `ca`."],
  TLS_UNKNOWN_CA: ["tls", "peer", "new-input", "the server's certificate comes from an unknown authority", "Pass the authority's certificate as `ca`."],
  TLS_MISSING_INTERMEDIATE: ["tls", "peer", "new-input", "the server does not send its intermediate certificate", "Configure the broker with the full chain."],
  TLS_MISSING_ROOT: ["tls", "peer", "new-input", "the root of the server's chain is unknown here", "Add the root of the chain to `ca`."],
  TLS_CA_IS_INTERMEDIATE: ["tls", "usage", "new-input", "`ca` is an intermediate certificate", "Pass the root, or set `allowPartialTrustChain`."],
  TLS_CA_IS_LEAF: ["tls", "usage", "new-input", "`ca` is the server's own certificate", "Pass the certificate of the issuer."],
  TLS_CA_FILE_BAD: ["tls", "usage", "new-input", "`ca` holds no PEM certificate", "Pass the content of a PEM file as `ca`."],
  TLS_SAN: ["tls", "peer", "new-input", "the certificate is for another host name", "Connect to a name the certificate lists, or reissue it."],
  TLS_CN_ONLY: ["tls", "peer", "new-input", "the certificate lists no host name", "Reissue the certificate with a subject alternative name."],
  TLS_WEAK: ["tls", "peer", "new-input", "the certificate's key or signature is too weak", "Reissue it with RSA 2048, ECDSA or better."],
  TLS_REVOKED: ["tls", "peer", "new-input", "the server's certificate is revoked", "Install a new certificate on the server."],
  TLS_CT: ["tls", "peer", "new-input", "the certificate lacks certificate transparency", "Reissue it from an authority that logs its certificates."],
  TLS_CERT_REJECTED: ["tls", "peer", "new-input", "the server's certificate was rejected", "Look at the cause for the rule it breaks."],
  TLS_SNI: ["tls", "usage", "new-input", "the server does not accept this server name", "Connect by the server's name, or set `servername`."],
  TLS_ALPN_WRONG: ["tls", "usage", "new-input", "the server accepts none of the offered ALPN protocols", "Offer the ALPN protocol the server expects."],
  TLS_ALPN_NEEDED: ["tls", "usage", "new-input", "the server needs an ALPN protocol", "Offer the ALPN protocol the server expects on this port."],
  TLS_MITM: ["tls", "network", "new-input", "a product inspects TLS on the way", "Trust its root, or exempt the host."],
  MTLS_REQUIRED_12: ["tls", "usage", "new-input", "the server asks for a client certificate (TLS 1.2)", "Pass `cert` and `key`."],
  MTLS_REQUIRED_13: ["tls", "usage", "new-input", "the server asks for a client certificate", "Pass `cert` and `key` of a client the server knows."],
  MTLS_UNKNOWN_CA: ["tls", "usage", "new-input", "the server does not know the client certificate's authority", "Use a certificate from the authority the server trusts."],
  MTLS_EXPIRED: ["tls", "usage", "new-input", "the client certificate has expired", "Renew the client certificate."],
  MTLS_OTHER: ["tls", "usage", "new-input", "the server refuses the client certificate", "Check usage, state and registration of the client certificate."],
  MTLS_KEY_MISMATCH: ["tls", "usage", "new-input", "the client key does not belong to the certificate", "Pass the key the certificate was made with."],
  MTLS_KEY_BAD: ["tls", "usage", "new-input", "the client key cannot be read", "Pass a PEM key, with its passphrase if it has one."],

  // HTTP and the WebSocket upgrade.
  WS_200: ["http", "usage", "new-input", "a web page answered instead of a WebSocket", "Correct the path, or route it to the broker."],
  WS_301: ["http", "usage", "new-input", "the upgrade was redirected for good (301)", "Use the address of the Location header."],
  WS_302: ["http", "usage", "new-input", "the upgrade was redirected (302)", "Use the address of the Location header, or sign in first."],
  WS_307: ["http", "usage", "new-input", "the upgrade was redirected (307)", "Use the address of the Location header, with wss://."],
  WS_308: ["http", "usage", "new-input", "the upgrade was redirected for good (308)", "Use the address of the Location header from now on."],
  WS_400: ["http", "usage", "new-input", "the upgrade was a bad request (400)", "Let the proxy pass Upgrade and Connection, and offer `mqtt`."],
  WS_401: ["http", "usage", "new-credentials", "the upgrade needs credentials (401)", "Give the gateway its credentials."],
  WS_403: ["http", "usage", "new-credentials", "the upgrade is forbidden (403)", "Check the origin rule, the token and the address list."],
  WS_404: ["http", "usage", "new-input", "the path does not exist (404)", "Use the path of the WebSocket listener, often /mqtt."],
  WS_405: ["http", "usage", "new-input", "the path allows no upgrade (405)", "Use the path and port of the WebSocket listener."],
  WS_407: ["http", "usage", "new-credentials", "the proxy needs credentials (407)", "Give the proxy its credentials."],
  WS_426: ["http", "usage", "new-input", "the server wants another protocol (426)", "Offer the protocol its Upgrade header names."],
  WS_429: ["http", "peer", "backoff", "too many requests (429)", "Wait as long as Retry-After says."],
  WS_502: ["http", "peer", "backoff", "the proxy cannot reach the broker (502)", "Start the broker, or let the proxy speak HTTP/1.1 with Upgrade."],
  WS_503: ["http", "peer", "backoff", "the service is not available (503)", "Wait, and look at the health of the broker."],
  WS_504: ["http", "peer", "backoff", "the broker did not answer the proxy in time (504)", "Look at the health of the broker behind the proxy."],
  WS_STATUS: ["http", "peer", "backoff", "the upgrade was answered with an unexpected status", "Look up the status in the log of the server."],
  WS_NO_SUBPROTO_REPLY: ["ws", "peer", "new-input", "the server names no subprotocol", "Let the server or proxy pass Sec-WebSocket-Protocol."],
  WS_WRONG_SUBPROTO: ["ws", "peer", "new-input", "the server names another subprotocol", "Use the endpoint that speaks `mqtt`."],
  WS_SUBPROTO_NOT_OFFERED: ["ws", "usage", "new-input", "the client offers no subprotocol", "Offer the subprotocol `mqtt`."],
  WS_TO_TCP: ["ws", "usage", "new-input", "the port speaks MQTT without WebSocket", "Use the port of the WebSocket listener."],
  WS_TO_TLS: ["ws", "usage", "new-input", "the port expects TLS before the WebSocket", "Use wss:// instead of ws://."],
  WSS_TO_WS: ["tls", "usage", "new-input", "the WebSocket port does not speak TLS", "Use ws:// instead of wss://, or the TLS port."],
  WS_TEXT: ["ws", "peer", "new-input", "the server sends text frames", "Use an endpoint that speaks MQTT."],
  WS_OPEN_SILENT: ["ws", "peer", "backoff", "the WebSocket opens and never answers", "Check what stands behind the path."],
  WS_CLOSE_CODE: ["ws", "peer", "backoff", "the server closed the WebSocket with a code", "Look up the code and its reason."],
  WS_IDLE_CUT: ["ws", "network", "backoff", "a proxy cuts the connection when it is idle", "Set keep alive to half the proxy's idle time."],
  WS_H2: ["http", "network", "new-input", "the proxy speaks HTTP/2 only", "Enable HTTP/1.1 on the proxy."],
  WS_PERMESSAGE: ["ws", "peer", "loop-guard", "a WebSocket frame is invalid", "Turn off permessage-deflate on the way."],
  WS_NEVER_OPENED: ["ws", "network", "backoff", "the WebSocket never opened", "Run the doctor with this URL outside the page."],
  WS_UNREACHABLE: ["ws", "network", "backoff", "the page cannot reach the server", "Open https://host:port in a tab, and read what the browser says."],
  WS_UPGRADE_REFUSED: ["ws", "peer", "backoff", "the server answers HTTP but refuses the WebSocket", "Check path, origin rule and the proxy's Upgrade headers."],

  // What only a page meets.
  B_MIXED: ["input", "usage", "new-input", "an https page may not open ws://", "Use wss://."],
  B_CSP: ["ws", "usage", "new-input", "the page's content security policy forbids the address", "Add the address to connect-src."],
  B_LNA: ["ws", "local", "new-input", "the browser asks before a page reaches a local address", "Grant local network access, or serve the page from there."],
  B_SELF_SIGNED: ["ws", "peer", "new-input", "the browser does not trust the server's certificate", "Trust it: open https://host:port in a tab."],
  B_ORIGIN: ["ws", "peer", "new-input", "the server refuses the page's origin", "Add the origin of the page to the server's list."],
  B_OFFLINE: ["ws", "network", "backoff", "the browser is offline", "Connect to a network."],
  B_EXTENSION: ["ws", "local", "new-input", "a browser extension blocks the connection", "Try a private window without extensions."],
  B_LIMIT: ["ws", "local", "backoff", "the browser has too many sockets open", "Close unused clients."],
  B_SLEEP: ["session", "local", "backoff", "the page slept", "Reconnect when the page wakes."],
  B_BFCACHE: ["session", "local", "backoff", "the page was restored from the cache", "Reconnect on pageshow."],

  // A CONNECT that was refused.
  PROTO_VERSION: ["mqtt", "peer", "new-input", "the server does not speak this version of MQTT", "Connect with MQTT 3.1.1."],
  CLIENT_ID: ["mqtt", "usage", "new-input", "the server does not accept the client identifier", "Use 1 to 23 letters and digits, or the registered identifier."],
  UNAVAILABLE: ["mqtt", "peer", "backoff", "the server is not available", "Wait, and look at the broker's health."],
  BAD_CREDENTIALS: ["mqtt", "usage", "new-credentials", "the user name or password is wrong", "Give the right user name and password."],
  NOT_AUTHORIZED: ["authz", "usage", "new-credentials", "the server does not allow this client", "Check user, password and permission."],
  JWT_EXPIRED: ["mqtt", "usage", "new-credentials", "the token has expired", "Fetch a fresh token for each attempt."],
  BANNED: ["authz", "peer", "new-credentials", "the server has banned this client", "Wait until the ban ends, and stop what caused it."],
  SERVER_BUSY: ["mqtt", "peer", "backoff", "the server is busy", "Wait, and spread the clients."],
  QUOTA: ["mqtt", "peer", "backoff", "a quota of the server is used up", "Raise the quota, or use less of it."],
  RATE: ["mqtt", "peer", "backoff", "the rate is higher than the server allows", "Slow down, and spread connection attempts."],
  AUTH_METHOD: ["mqtt", "usage", "new-input", "the server does not accept the authentication method", "Use a method the server offers."],
  AUTH_FAILED: ["mqtt", "peer", "new-credentials", "the enhanced authentication failed", "Check the exchange of the authentication method."],
  TOPIC_NAME: ["mqtt", "usage", "new-input", "the server does not accept a topic name", "Correct the topic of the message or of the will."],
  WILL_QOS: ["mqtt", "usage", "new-input", "the server does not support the will's QoS", "Lower the QoS of the will."],
  WILL_RETAIN: ["mqtt", "usage", "new-input", "the server does not support a retained will", "Clear the retain flag of the will."],
  PACKET_TOO_LARGE: ["mqtt", "usage", "new-input", "the packet is larger than the receiver allows", "Send smaller packets."],
  PAYLOAD_FORMAT: ["mqtt", "usage", "new-input", "the payload is not the UTF-8 it claims to be", "Send UTF-8, or clear the payload format indicator."],
  USE_ANOTHER: ["mqtt", "peer", "backoff", "the server asks to use another one for now", "Connect to the server it names."],
  MOVED: ["mqtt", "peer", "new-input", "the server has moved", "Connect to the server it names from now on."],
  MALFORMED: ["mqtt", "peer", "new-input", "the server calls our packet malformed", "Report it with the reason string."],
  PROTOCOL: ["mqtt", "peer", "new-input", "the server reports a protocol error", "Look at the reason string, and report it."],
  IMPL: ["mqtt", "peer", "new-input", "the server does not accept what is valid MQTT", "Look at the reason string for its own rule."],
  UNSPEC: ["mqtt", "peer", "backoff", "the server gives no reason", "Look at the broker's log."],
  CONNACK_NONE: ["mqtt", "peer", "backoff", "the server closed before its CONNACK", "Check TLS, client identifier, credentials and the broker's log."],
  SP_VIOLATION: ["mqtt", "peer", "loop-guard", "the server claims a session it was asked to drop", "Report it to the maker of the broker."],
  BAD_BYTES: ["mqtt", "peer", "loop-guard", "the server's answer is not MQTT", "Check that the port is the broker's."],

  // After a good CONNACK.
  MALFORMED_PACKET: ["mqtt", "peer", "loop-guard", "the peer sent a malformed packet", "Report it with the clause and the bytes."],
  PROTOCOL_ERROR: ["mqtt", "peer", "loop-guard", "the peer broke the protocol", "Report it with the clause."],
  TAKEOVER: ["session", "usage", "loop-guard", "another client took over the client identifier", "Give each client its own identifier."],
  KEEPALIVE_SHORT: ["session", "usage", "backoff", "the server heard nothing within the keep alive", "Raise the keep alive, or unblock the event loop."],
  KEEPALIVE_TIMEOUT: ["session", "network", "backoff", "the client sent nothing within 1.5 times its keep alive", "Check the client and its network."],
  SERVER_KEEPALIVE: ["session", "peer", "backoff", "the server sets another keep alive", "Use the keep alive of the CONNACK."],
  NAT_IDLE: ["session", "network", "backoff", "a device on the way forgets idle connections", "Set keep alive below its idle limit."],
  PING_TIMEOUT: ["session", "network", "backoff", "the server did not answer a ping", "Check the network; the client reconnects."],
  CONNECTION_LOST: ["session", "network", "backoff", "the connection closed without a DISCONNECT", "Look at what was sent last, and at the broker's log."],
  QOS_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support this QoS", "Lower the QoS."],
  RETAIN_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not keep retained messages", "Publish without retain."],
  WILDCARD_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support wildcards", "Subscribe to whole topic names."],
  SHARED_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support shared subscriptions", "Subscribe without $share."],
  SUBID_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support subscription identifiers", "Subscribe without an identifier."],
  SUBSCRIBE_REFUSED: ["authz", "peer", "new-input", "the server refused the subscription", "Look at the reason code."],
  SUB_DENIED: ["authz", "peer", "new-credentials", "the subscription is not allowed", "Grant the right to subscribe to this filter."],
  UNSUBSCRIBE_REFUSED: ["mqtt", "peer", "new-input", "the server refused to end the subscription", "Look at the reason code, and try again."],
  PUBLISH_REFUSED: ["mqtt", "peer", "new-input", "the server refused the message", "Look at the reason code and the reason string."],
  PUB_DENIED: ["authz", "peer", "new-credentials", "publishing to this topic is not allowed", "Grant the right to publish to this topic."],
  RECEIVE_MAX: ["mqtt", "peer", "loop-guard", "more messages were in flight than allowed", "Obey the Receive Maximum."],
  ALIAS: ["mqtt", "peer", "loop-guard", "a topic alias is not valid", "Obey the Topic Alias Maximum."],
  ADMIN: ["session", "peer", "backoff", "an administrator closed the connection", "Ask the operator of the broker."],
  SHUTDOWN: ["session", "peer", "backoff", "the server is shutting down", "Wait; the client reconnects."],
  MAXTIME: ["session", "peer", "backoff", "the connection reached its longest allowed time", "Reconnect with fresh credentials."],
  SECOND_CONNECT: ["mqtt", "peer", "loop-guard", "a second CONNECT arrived on one connection", "Send CONNECT once."],
  SESSION_LOST: ["session", "peer", "backoff", "the server no longer has the session", "Raise the session expiry, and subscribe again."],
  RECONNECT_STORM: ["session", "usage", "loop-guard", "the client reconnects again and again", "Use a growing delay, and stop on refusals."],
  DISCONNECTED: ["session", "peer", "backoff", "the server ended the connection", "Look at the reason code and the reason string."],

  // AWS IoT Core and what is built on it.
  AWS_ENDPOINT: ["tls", "usage", "new-input", "this is not the account's data endpoint of AWS IoT", "Use the endpoint of type iot:Data-ATS."],
  AWS_SNI: ["tls", "usage", "new-input", "AWS IoT needs the server name", "Connect by the endpoint's name, not by an address."],
  AWS_ALPN: ["tls", "usage", "new-input", "AWS IoT needs ALPN on port 443", "Offer x-amzn-mqtt-ca, or mqtt for a custom authorizer."],
  AWS_CERT_INACTIVE: ["authz", "usage", "new-input", "the client certificate is not active on AWS IoT", "Activate the certificate, and attach a policy."],
  AWS_NO_CONNECT: ["authz", "usage", "new-input", "the AWS IoT policy does not allow this client identifier", "Allow iot:Connect on client/<id>."],
  AWS_NO_SUB: ["authz", "usage", "new-input", "the AWS IoT policy does not allow the subscription", "Allow iot:Subscribe on topicfilter/<filter>."],
  AWS_NO_PUB: ["authz", "usage", "new-input", "the AWS IoT policy does not allow the message", "Allow iot:Publish, and iot:Receive, on topic/<topic>."],
  AWS_RETAIN: ["authz", "usage", "new-input", "the AWS IoT policy does not allow retained messages", "Allow iot:RetainPublish on topic/<topic>."],
  AWS_WILL: ["authz", "usage", "new-input", "the AWS IoT policy does not allow the will", "Allow iot:Publish on the will's topic."],
  AWS_DUP: ["session", "usage", "loop-guard", "another client uses the identifier on AWS IoT", "Give each device its own client identifier."],
  AWS_SIGV4: ["authz", "usage", "new-credentials", "AWS IoT refuses the signature of the URL", "Set the clock, sign for iotdevicegateway, and append the token last."],
  AWS_TTL: ["session", "usage", "new-credentials", "the signed AWS URL or its credentials expired", "Sign a new URL for each attempt."],
  AWS_AUTHORIZER_NAME: ["authz", "usage", "new-input", "the AWS IoT authorizer is not named", "Add ?x-amz-customauthorizer-name=<name> to the path."],
  AWS_AUTHORIZER_SIG: ["authz", "usage", "new-credentials", "the authorizer's token is not signed rightly", "Sign the token, or turn token signing off."],
  AWS_AUTHORIZER_LAMBDA: ["authz", "peer", "backoff", "the authorizer's function failed", "Run the authorizer by hand, and read its log."],
  AWS_PRINCIPAL_ID: ["authz", "peer", "new-input", "the authorizer's principalId is not 1 to 128 letters and digits", "Return a principalId of letters and digits alone."],
  AWS_POLICY_DOC: ["authz", "peer", "new-input", "a policy document of the authorizer is not valid", "Check count, length and resource names of the documents."],
  AWS_REFRESH: ["session", "usage", "new-credentials", "the authorizer's permission ran out", "Reconnect with a fresh token before it ends."],
  AWS_LIMITS: ["mqtt", "usage", "new-input", "a limit of AWS IoT is exceeded", "Keep within the limits of AWS IoT."],

  // Running a broker and its tools.
  PORT_IN_USE: ["config", "local", "new-input", "the port is in use", "End the other program, or listen on another port."],
  PORT_FORBIDDEN: ["config", "local", "new-input", "this user may not listen on the port", "Use a port above 1023, or grant the capability."],
  LISTEN_FAILED: ["config", "local", "new-input", "the listener cannot start", "Check that the address belongs to this machine."],
  LISTEN_URL_INVALID: ["config", "usage", "new-input", "the listen URL is not valid", "Write it as mqtts://host:port, wss://host:port/path or unix:/path."],
  PLAINTEXT_OFF_LOOPBACK: ["config", "usage", "new-input", "a listener without TLS is reachable from other machines", "Use TLS, or add --allow-plaintext."],
  CONFIG_INVALID: ["config", "usage", "new-input", "the configuration is not valid", "Correct the named key."],
  CONFIG_UNREADABLE: ["config", "local", "new-input", "the configuration file cannot be read", "Check the path and its permissions."],
  CERTIFICATE_UNREADABLE: ["config", "local", "new-input", "a certificate or key file cannot be read", "Give a PEM file this user may read."],
  KEY_MISMATCH: ["config", "usage", "new-input", "the listener's key does not belong to its certificate", "Configure the key the certificate was made with."],
  USAGE: ["config", "usage", "new-input", "the command line is not valid", "Read the help of the command."],
  STORE_DAMAGED: ["storage", "local", "never", "the store is damaged", "Run bowline backup --salvage."],
  STORE_NEWER: ["storage", "usage", "new-input", "the store was written by a newer version", "Use that version or a newer one."],
  STORE_IN_USE: ["storage", "usage", "new-input", "another process uses the store", "End that process, or use another data folder."],
  STORE_UNREADABLE: ["storage", "local", "new-input", "the store cannot be read", "Check the permissions of the data folder."],
  STORE_READ_ONLY: ["storage", "local", "backoff", "the store takes no more writes", "Free disk space; the broker tries again by itself."],
  STORE_FULL: ["storage", "local", "backoff", "the store has reached its size limit", "Free space, or raise the limit."],
  STORE_FAILED: ["storage", "local", "backoff", "an operation of the store failed", "Look at the cause and at the health of the disk."],
  DATA_DIR_UNWRITABLE: ["storage", "local", "new-input", "the data folder cannot be written", "Grant this user the right, or use another folder."],
  ADMIN_UNREACHABLE: ["admin", "network", "backoff", "no broker answers the admin request", "Start the broker, or correct --data or --url."],
  ADMIN_REFUSED: ["admin", "usage", "new-credentials", "the broker refused the admin request", "Use a key with the right for it."],
  USER_EXISTS: ["admin", "usage", "new-input", "the user exists already", "Choose another name, or change that user."],
  USER_UNKNOWN: ["admin", "usage", "new-input", "there is no such user", "Check the name with bowline user list."],
  TENANT_EXISTS: ["admin", "usage", "new-input", "the tenant exists already", "Choose another name for the tenant."],
  TENANT_UNKNOWN: ["admin", "usage", "new-input", "there is no such tenant", "Check the name with bowline tenant list."],
} as const;

/** The code of an error: the closed set of ids that the client, the doctor, the broker and `bowline explain` share. */
export type ErrorCode = keyof typeof rows;

// The rows keep their literal types so that their keys make the union; this line checks their shape.
const table: Readonly<Record<ErrorCode, Row>> = rows;

/** What every program knows of a code without loading its explanation. */
export interface ErrorInfo {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly source: ErrorSource;
  readonly retry: RetryClass;
  /** One line that continues "CODE: ", without a full stop. */
  readonly title: string;
  /** What to do, as one imperative sentence. */
  readonly remedy: string;
}

/** Every code, in the order of the catalogue: from the input over the layers to the operation of a broker. */
export const errorCodes: readonly ErrorCode[] = Object.keys(rows) as ErrorCode[];

/** The catalogue's row of a code. */
export function errorInfo(code: ErrorCode): ErrorInfo {
  const [stage, source, retry, title, remedy] = table[code];
  return { code, stage, source, retry, title, remedy };
}

/** Whether a text is a code of the catalogue, as `bowline explain` must ask of what was typed. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(rows, text);
}

/** Whether trying again without a change can help. */
export function isRetryable(retry: RetryClass): boolean {
  return retry === "backoff" || retry === "loop-guard";
}
