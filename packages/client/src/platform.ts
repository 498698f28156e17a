import type { AttemptContext } from "./attempt-facts.ts";
import type { Judgement } from "./judgement.ts";
import type { ConnectionEnd } from "./network-connection.ts";
import type { ConnectOptions } from "./options.ts";
import type { Dialer } from "./transport/transport.ts";

/** What happens to a page: it is left for good, kept for a return, or stopped where it is. */
export type Hiding = "gone" | "kept" | "frozen";

/** What a client does when something happens to its host. */
export interface HostWatcher {
  /** The network or the page is back. */
  wake(): void;
  /** What is not sent now is not sent before the page is back. */
  hide(how: Hiding): void;
}

/** What a host gives the client: chosen by the package import `#platform`. */
export interface Platform {
  readonly dial: Dialer;
  /**
   * Says what went wrong; a page's knows only what a page can see. A promise, which never rejects, where the rules must be loaded
   * first.
   */
  readonly judge: (end: ConnectionEnd, context: AttemptContext) => Judgement | Promise<Judgement>;
  /** Installs the host's byte functions before the first packet, and looks at what `connect` was given where there is room for it. */
  readonly prepare: (url?: string, options?: ConnectOptions) => void;
  /** Whether WebSockets are the only way out, as in a page. */
  readonly onlyWebSockets: boolean;
  /** The URL of the page, to resolve a relative one against. */
  readonly pageUrl: () => string | undefined;
  /** Tells what happens to the network or the page; the answer takes the listeners off. */
  readonly watchHost: (watcher: HostWatcher) => () => void;
  /** Lets one signal stand for any number of messages, where the host warns of many listeners. */
  readonly heed?: (signal: AbortSignal) => void;
}
