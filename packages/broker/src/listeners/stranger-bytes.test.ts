import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { limitStranger } from "./stranger-bytes.ts";

function stranger(maximumBytes: number) {
  const [webSocket, socket] = [new EventEmitter(), new EventEmitter()];
  let isOver = false;
  const admitted = limitStranger(webSocket as WebSocket, socket as Socket, maximumBytes, () => (isOver = true));
  const send = (bytes: number, times = 1): boolean => {
    for (let count = 0; count < times; count++) socket.emit("data", Buffer.alloc(bytes));
    return isOver;
  };
  return { send, passed: () => webSocket.emit("message"), admitted };
}

test("bytes count since the last message, and a piece costs more than its bytes", () => {
  expect(stranger(10_000).send(9_000)).toBe(false);
  expect(stranger(10_000).send(10_001)).toBe(true);
  expect(stranger(10_000).send(1, 30)).toBe(false);
  expect(stranger(10_000).send(1, 50)).toBe(true);
  const slow = stranger(10_000);
  for (let message = 0; message < 5; message++) {
    expect(slow.send(9_000)).toBe(false);
    slow.passed();
  }
});

test("a client that is known is not counted", () => {
  const { send, admitted } = stranger(10_000);
  admitted();
  expect(send(1_000_000)).toBe(false);
});
