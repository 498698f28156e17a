/* What a broker tells of the packets that pass it, and its readers read: the admin API, the command line and the console. */

/** A payload as far as it is shown: as text when it is UTF-8 without control characters, else in Base64. */
export interface TracedPayload {
  readonly bytes: number;
  readonly text?: string;
  readonly base64?: string;
  /** Present when less than the whole is shown. */
  readonly isCut?: true;
}

/** What a packet says, secrets hidden. Names are those of the specification. */
export type PacketFields = Readonly<Record<string, unknown>>;

/** Whose connection it is. */
export interface TracedClient {
  /** Number of the connection in this process, as the log and the list of connections name it. */
  readonly connection: number;
  /** Empty until the CONNECT has said it. */
  readonly clientIdentifier: string;
  readonly remoteAddress: string;
}

/** One packet that passed. */
export interface TracedPacket extends TracedClient {
  readonly kind: "packet";
  /** Wall time in ms. */
  readonly at: number;
  /** Seen from the broker. */
  readonly direction: "in" | "out";
  /** `PUBLISH`. */
  readonly type: string;
  /** Size of the whole packet. */
  readonly bytes: number;
  /** What matters of it in one line, without type, payload and properties. Text of peers stands in it as it is. */
  readonly summary: string;
  /** Absent for a packet that could not be read; `fault` then says why. */
  readonly fields?: PacketFields;
  readonly payload?: TracedPayload;
  readonly fault?: string;
}

/** A connection that ended. */
export interface TracedEnd extends TracedClient {
  readonly kind: "closed";
  readonly at: number;
  /** Why, in words: what the broker found, the client's DISCONNECT, or what befell the transport. */
  readonly reason: string;
}

/** Why a trace is over: its time, its number of packets, its reader, the broker's end, or a fault of ours. */
export type TraceEndReason = "time" | "packets" | "stopped" | "shutdown" | "fault";

/** What a trace tells, in order: `started`, any number of the others, `end`. */
export type TraceEvent =
  | {
      readonly kind: "started";
      readonly at: number;
      readonly seconds: number;
      readonly packets: number;
      readonly connections: number;
    }
  | TracedPacket
  | TracedEnd
  /** So many packets are missing here, since the reader did not keep up. */
  | { readonly kind: "dropped"; readonly packets: number }
  | {
      readonly kind: "end";
      readonly at: number;
      readonly reason: TraceEndReason;
      /** Packets that were told, and those that were not because the reader did not keep up. */
      readonly packets: number;
      readonly dropped: number;
    };
