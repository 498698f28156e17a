import { Socket, type TcpNetConnectOpts } from "node:net";
import type { ReadBuffer } from "./read-buffer.ts";

/** Whose connection a socket is. */
export interface SocketUser {
  connected(): void;
  /** So many bytes were read into the buffer's region. Answers whether reading goes on. */
  read(size: number): boolean;
  failed(error: Error): void;
  /** The socket is closed, and from now on another's. */
  closed(): void;
}

/** A socket, and whose it is just now. */
interface Place {
  readonly socket: Socket;
  user: SocketUser;
}

const idle = new WeakMap<ReadBuffer, Place[]>();

/**
 * Begins a connection. Sockets that were closed are used again: a third of what a connection costs this side is the making of one, and
 * Node lets a closed socket connect anew.
 */
export function connectSocket(options: TcpNetConnectOpts | { path: string }, input: ReadBuffer, user: SocketUser): Socket {
  const place = idle.get(input)?.pop() ?? newPlace(input, user);
  place.user = user;
  // Its types want a port in any case.
  return place.socket.connect(options as TcpNetConnectOpts);
}

function newPlace(input: ReadBuffer, user: SocketUser): Place {
  const callback = (size: number): boolean => place.user.read(size);
  const place: Place = { socket: new Socket({ onread: { buffer: input.region, callback } }), user };
  // Before the first connection this is only remembered, for that one and all after it.
  place.socket.setNoDelay(true);
  place.socket.on("connect", () => place.user.connected());
  place.socket.on("error", (error) => place.user.failed(error));
  place.socket.on("close", () => {
    place.user.closed();
    const others = idle.get(input);
    if (others === undefined) idle.set(input, [place]);
    else others.push(place);
  });
  return place;
}
