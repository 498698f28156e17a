import type { Message } from "@bowline/client";
import { expect, test } from "vitest";
import { MessageOutput } from "./message-output.ts";

/** A stream that takes what the test lets it take. */
class SlowStream {
  readonly written: string[] = [];
  readonly callbacks: ((error?: Error | null) => void)[] = [];
  drain: (() => void) | undefined;
  hasRoom = true;

  write(bytes: Uint8Array, done: (error?: Error | null) => void): boolean {
    this.written.push(Buffer.from(bytes).toString());
    this.callbacks.push(done);
    return this.hasRoom;
  }

  once(_event: "drain", listener: () => void): void {
    this.drain = listener;
  }
}

function message(acknowledged: string[], name: string): Message {
  return { topicName: name, qos: 1, ack: () => void acknowledged.push(name) } as unknown as Message;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("messages of a turn are one write, and are acknowledged when it is done", async () => {
  const stream = new SlowStream();
  const acknowledged: string[] = [];
  const output = new MessageOutput(stream, () => {});
  output.add(message(acknowledged, "a"), ["a", "\n"]);
  output.add(message(acknowledged, "b"), [Buffer.from("b"), "\n"]);
  await turn();
  expect(stream.written).toEqual(["a\nb\n"]);
  expect(acknowledged).toEqual([]);
  stream.callbacks[0]?.();
  expect(acknowledged).toEqual(["a", "b"]);
});

test("what could not be written stays unacknowledged", async () => {
  const stream = new SlowStream();
  const acknowledged: string[] = [];
  const output = new MessageOutput(stream, () => {});
  output.add(message(acknowledged, "a"), ["a"]);
  const ended = output.end();
  stream.callbacks[0]?.(new Error("EPIPE"));
  await ended;
  expect(acknowledged).toEqual([]);
});

test("who reads slowly holds the broker back until there is room again", async () => {
  const stream = new SlowStream();
  const held: boolean[] = [];
  const output = new MessageOutput(stream, (isHeld) => held.push(isHeld));
  stream.hasRoom = false;
  output.add(message([], "a"), ["x".repeat(70_000)]);
  output.add(message([], "b"), ["y".repeat(70_000)]);
  expect(stream.written.map((text) => text.length)).toEqual([70_000, 70_000]);
  expect(held).toEqual([true]);
  stream.drain?.();
  expect(held).toEqual([true, false]);
});
