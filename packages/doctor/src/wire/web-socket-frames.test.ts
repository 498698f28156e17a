import { diagnose } from "@bowline/protocol/internal";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { Conversation } from "./conversation.ts";
import { Link } from "./link.ts";
import { FRAME_LENGTH_MAX, FrameReader } from "./web-socket-frames.ts";

/** The head of an unmasked frame that announces so many bytes. */
function headOf(length: number): Buffer {
  const head = Buffer.alloc(10);
  head[0] = 0x82;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

test("a frame of the greatest length is kept until it is whole, and one byte more ends the reading at its head", () => {
  const reader = new FrameReader();
  expect(reader.push(headOf(FRAME_LENGTH_MAX))).toEqual([]);
  expect(reader.push(Buffer.alloc(FRAME_LENGTH_MAX)).map(({ payload }) => payload.length)).toEqual([FRAME_LENGTH_MAX]);
  expect(reader.tooLong).toBeUndefined();
  // What came whole before it is still told.
  const frames = reader.push(Buffer.concat([Buffer.of(0x82, 1, 7), headOf(FRAME_LENGTH_MAX + 1)]));
  expect(frames.map(({ payload }) => [...payload])).toEqual([[7]]);
  expect(reader.tooLong).toBe(FRAME_LENGTH_MAX + 1);
  expect(reader.push(Buffer.of(0x82, 1, 7))).toEqual([]);
});

test("a server that announces too long a frame is not waited for, and the finding says what it announced", async () => {
  const socket = new PassThrough();
  const conversation = new Conversation(new Link(socket), 5, true);
  socket.write(headOf(2 ** 40));
  expect(await conversation.next(60_000)).toBeUndefined();
  const errors = [conversation.fault!];
  expect(diagnose({ milestone: "connect-sent", errors })).toMatchObject({
    code: "WS_PERMESSAGE",
    evidence: `Invalid WebSocket frame: it announces ${2 ** 40} bytes, more than ${FRAME_LENGTH_MAX}`,
  });
  socket.destroy();
});
