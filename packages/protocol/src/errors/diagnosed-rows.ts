import type { Row } from "./row.ts";

/**
 * The rows of the catalogue that only a diagnosis needs: no program meets these codes but by drawing a verdict. A page loads them
 * together with its rules, when something has failed. What to do stands in remedies.ts.
 */
// biome-ignore format: a table is read by its lines.
const rows = {
  // What only a diagnosis finds in the layers below.
  URL_AS_HOST: ["input", "usage", "new-input", "a URL was given where a host name belongs"],
  TLS_FAILED: ["tls", "network", "backoff", "the TLS handshake failed"],
  WS_TEXT: ["ws", "peer", "new-input", "the server sends text frames"],
  WS_OPEN_SILENT: ["ws", "peer", "backoff", "the WebSocket opens and never answers"],
  WS_CLOSE_CODE: ["ws", "peer", "backoff", "the server closed the WebSocket with a code"],
  WS_IDLE_CUT: ["ws", "network", "backoff", "a proxy cuts the connection when it is idle"],
  WS_UNREACHABLE: ["ws", "network", "backoff", "the page cannot reach the server"],
  WS_UPGRADE_REFUSED: ["ws", "peer", "backoff", "the server answers HTTP but refuses the WebSocket"],

  // What only a page meets.
  B_MIXED: ["input", "usage", "new-input", "an https page may not open ws://"],
  B_CSP: ["ws", "usage", "new-input", "the page's content security policy forbids the address"],
  B_LNA: ["ws", "local", "new-input", "the browser asks before a page reaches a local address"],
  B_OFFLINE: ["ws", "network", "backoff", "the browser is offline"],
  B_LIMIT: ["ws", "local", "backoff", "the browser has too many sockets open"],
  B_SLEEP: ["session", "local", "backoff", "the page slept"],
  B_BFCACHE: ["session", "local", "backoff", "the page was restored from the cache"],

  // A CONNECT that was refused.
  CLIENT_ID: ["mqtt", "usage", "new-input", "the server does not accept the client identifier"],
  JWT_EXPIRED: ["mqtt", "usage", "new-credentials", "the token has expired"],
  BANNED: ["authz", "peer", "new-credentials", "the server has banned this client"],
  SERVER_BUSY: ["mqtt", "peer", "backoff", "the server is busy"],
  RATE: ["mqtt", "peer", "backoff", "the rate is higher than the server allows"],
  WILL_QOS: ["mqtt", "usage", "new-input", "the server does not support the will's QoS"],
  WILL_RETAIN: ["mqtt", "usage", "new-input", "the server does not support a retained will"],
  USE_ANOTHER: ["mqtt", "peer", "backoff", "the server asks to use another one for now"],
  MOVED: ["mqtt", "peer", "new-input", "the server has moved"],
  MALFORMED: ["mqtt", "peer", "new-input", "the server calls our packet malformed"],
  PROTOCOL: ["mqtt", "peer", "new-input", "the server reports a protocol error"],
  IMPL: ["mqtt", "peer", "new-input", "the server does not accept what is valid MQTT"],
  UNSPEC: ["mqtt", "peer", "backoff", "the server gives no reason"],

  // A DISCONNECT of the server, or what stands for one.
  KEEPALIVE_SHORT: ["session", "usage", "backoff", "the server heard nothing within the keep alive"],
  ADMIN: ["session", "peer", "backoff", "an administrator closed the connection"],
  SHUTDOWN: ["session", "peer", "backoff", "the server is shutting down"],
  MAXTIME: ["session", "peer", "backoff", "the connection reached its longest allowed time"],
} as const;

/** The codes of this file. */
export type DiagnosedCode = keyof typeof rows;

// The rows keep their literal types so that their keys make the union; this line checks their shape.
export const diagnosedRows: Readonly<Record<DiagnosedCode, Row>> = rows;
