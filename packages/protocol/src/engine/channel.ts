/**
 * A byte stream to one peer, whatever carries it: a TCP or TLS socket, a WebSocket, a virtual link of the test kit.
 * Broker and client shells talk to their peer through this and nothing else. Message boundaries of a WebSocket do not show.
 */
export interface Channel {
  /** Who is told; set once by the owner before any byte is read. */
  handler: ChannelHandler;
  /**
   * Hands bytes to the peer, in order. True: they were taken whole and the array may be reused at once. False: the array
   * belongs to the channel from now on. After close it answers true and drops them.
   */
  write(bytes: Uint8Array): boolean;
  /** Bytes handed over that the operating system (or the WebSocket) has not taken yet. */
  readonly bufferedBytes: number;
  /** Stops `data`; at most what was already read comes after. */
  pause(): void;
  resume(): void;
  /**
   * Closes after everything written went out; `closed` follows once the socket is really closed. `isOver`: the peer has said that it is
   * done, so its own end need not be waited for.
   */
  end(isOver?: boolean): void;
  /** Closes now, whatever is unwritten is lost; `closed` follows once the socket is really closed. */
  destroy(): void;
}

export interface ChannelHandler {
  /** The chunk belongs to the channel again when the call returns. */
  data(chunk: Uint8Array): void;
  /** bufferedBytes is 0 again after a write that answered false. */
  drained(): void;
  /** Exactly once, last of all. `cause` is the transport's error, if there was one. */
  closed(cause: Error | undefined): void;
}
