import type { ClientSettings } from "./client-settings.ts";
import type { HelloSettings } from "./probes/secure.ts";
import type { RunLog } from "./run-log.ts";

/** One way to try: an attempt and each of its variants is such a set. */
export interface Settings extends HelloSettings, ClientSettings {
  readonly host: string;
  /** The address that took the connection, and the port there. */
  readonly address: string;
  readonly dialPort: number;
  readonly origin?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether secrets may go to a server that did not prove who it is. */
  readonly insecure: boolean;
  /** Where the attempts are written down, if they are. */
  readonly log?: RunLog | undefined;
}
