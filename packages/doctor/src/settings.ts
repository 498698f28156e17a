import type { Will } from "@bowline/protocol";
import type { Scheme } from "@bowline/protocol/internal";
import type { HelloSettings } from "./probes/secure.ts";

/** One way to try: an attempt and each of its variants is such a set. */
export interface Settings extends HelloSettings {
  readonly scheme: Scheme;
  readonly port: number;
  /** The address that took the connection, and the port there. */
  readonly address: string;
  readonly dialPort: number;
  readonly path: string;
  readonly subprotocols: readonly string[];
  readonly origin?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly version: 3 | 4 | 5;
  readonly clientId: string;
  readonly keepAlive: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly will?: Will | undefined;
  readonly authentication?: { readonly method: string; readonly data?: Uint8Array } | undefined;
  /** Whether the caller chose the client identifier, so that another may be tried. */
  readonly isOwnId?: boolean;
  /** Whether secrets may go to a server that did not prove who it is. */
  readonly insecure: boolean;
}

export const isTls = ({ scheme }: Pick<Settings, "scheme">): boolean => scheme === "mqtts" || scheme === "wss";
export const isWebSocket = ({ scheme }: Pick<Settings, "scheme">): boolean => scheme === "ws" || scheme === "wss";
