/** Where on the way from a URL to a delivered message it failed; operations of a broker have stages of their own. */
export type Stage =
  | "input"
  | "dns"
  | "tcp"
  | "proxy"
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

/** What a program carries of a code; title and remedy only where it is not a page. */
export type Row = readonly [stage: Stage, source: ErrorSource, retry: RetryClass, title?: string, remedy?: string];
