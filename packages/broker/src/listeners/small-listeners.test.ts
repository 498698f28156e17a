import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { keepListenersSmall } from "./small-listeners.ts";

test("listeners are called, found, added and removed as before", () => {
  const emitter = new EventEmitter();
  const told: string[] = [];
  const onEnd = (): unknown => told.push("end");
  emitter.on("end", onEnd).once("close", () => told.push("close"));
  keepListenersSmall(emitter);
  const onData = (what: string): unknown => told.push(what);
  emitter.on("data", onData).on("end", () => told.push("end too"));
  expect(emitter.emit("end")).toBe(true);
  expect(emitter.emit("close")).toBe(true);
  expect(emitter.emit("close")).toBe(false);
  expect(emitter.emit("data", "bytes")).toBe(true);
  expect(told).toEqual(["end", "end too", "close", "bytes"]);
  emitter.off("end", onEnd).off("data", onData);
  expect([emitter.listenerCount("end"), emitter.listenerCount("data"), emitter.listenerCount("close")]).toEqual([1, 0, 0]);
  // No listener there is an error thrown, and no event is called what an object inherits.
  expect(() => emitter.emit("error", new Error("nobody listens"))).toThrow("nobody listens");
  for (const name of ["constructor", "toString", "__proto__"]) expect(emitter.emit(name)).toBe(false);
  emitter.removeAllListeners();
  expect(emitter.emit("end")).toBe(false);
});

test("a socket closes as before", async () => {
  const socket = new Socket();
  const closed = new Promise((resolve) => socket.on("close", resolve));
  keepListenersSmall(socket);
  socket.destroy();
  await closed;
});
