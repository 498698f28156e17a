import type { Will } from "@bowline/protocol";
import type { Scheme } from "@bowline/protocol/internal";

/** What one way to try has of the client, wherever it runs. */
export interface ClientSettings {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly subprotocols: readonly string[];
  readonly version: 3 | 4 | 5;
  readonly clientId: string;
  /** Whether the caller chose the client identifier, so that another may be tried. */
  readonly isOwnId?: boolean;
  readonly keepAlive: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly will?: Will | undefined;
  readonly authentication?: { readonly method: string; readonly data?: Uint8Array } | undefined;
}

export const isTls = ({ scheme }: Pick<ClientSettings, "scheme">): boolean => scheme === "mqtts" || scheme === "wss";
export const isWebSocket = ({ scheme }: Pick<ClientSettings, "scheme">): boolean => scheme === "ws" || scheme === "wss";
