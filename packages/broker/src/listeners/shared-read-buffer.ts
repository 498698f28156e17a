import type { Socket } from "node:net";

/** What Node reads at once at most. */
const READ_BYTES = 65_536;
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

/** Gets the shared buffer and how much of it was just read; valid until it returns. Answers true, or false to stop reading. */
export type OnRead = (this: Socket, length: number, buffer: Buffer) => boolean;

/**
 * Lets sockets read into one buffer that all of them share, in place of a new one for each read: 30 to 50 % less CPU per read on TCP,
 * half on TLS.
 *
 * Node offers this (the option `onread`) for sockets it opens but not for those it accepts, so the same three fields are set on the
 * accepted socket, found by name. Where a Node lacks one of them nothing is changed.
 *
 * @returns whether the socket does so now. What lies in its read buffer already still comes as `data` events, before all else.
 */
export function useSharedReadBuffer(socket: Socket, onRead: OnRead): boolean {
  const internals = socket as unknown as SocketInternals;
  keys ??= keysOf(socket);
  const { bufferKey, callbackKey } = keys;
  const handle = internals._handle;
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== "function") return false;
  internals[callbackKey] = onRead;
  // Whoever had the socket before read into it already, and was told of what is read until now.
  if (internals[bufferKey] === sharedBuffer) return true;
  internals[bufferKey] = sharedBuffer;
  handle.useUserBuffer(sharedBuffer);
  return true;
}

/** The same for all sockets of this process: looked for once. */
let keys: SocketKeys | undefined;

interface SocketKeys {
  readonly bufferKey: symbol | undefined;
  readonly callbackKey: symbol | undefined;
}

function keysOf(socket: Socket): SocketKeys {
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (name: string): symbol | undefined => symbols.find(({ description }) => description === name);
  return { bufferKey: named("kBuffer"), callbackKey: named("kBufferCb") };
}

interface SocketInternals {
  _handle?: { useUserBuffer?: (buffer: Buffer) => void } | null;
  [key: symbol]: unknown;
}
