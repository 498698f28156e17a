/** A payload as far as the broker shows it. */
export interface TracedPayload {
  readonly bytes: number;
  readonly text?: string;
  readonly base64?: string;
  readonly isCut?: true;
}

interface TracedClient {
  /** Wall time in ms. */
  readonly at: number;
  readonly connection: number;
  readonly clientIdentifier: string;
  readonly remoteAddress: string;
}

export interface TracedPacket extends TracedClient {
  readonly kind: "packet";
  /** Seen from the broker. */
  readonly direction: "in" | "out";
  readonly type: string;
  readonly bytes: number;
  readonly summary: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly payload?: TracedPayload;
  readonly fault?: string;
}

/** What `GET /api/v1/trace` tells; see docs/operations.md. */
export type TraceEvent =
  | {
      readonly kind: "started";
      readonly at: number;
      readonly seconds: number;
      readonly packets: number;
      readonly connections: number;
    }
  | TracedPacket
  | (TracedClient & { readonly kind: "closed"; readonly reason: string })
  | { readonly kind: "dropped"; readonly packets: number }
  | { readonly kind: "end"; readonly at: number; readonly reason: string; readonly packets: number; readonly dropped: number };
