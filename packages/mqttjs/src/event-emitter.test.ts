import { EventEmitter } from "node:events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TypedEventEmitter } from "./event-emitter.ts";

interface Events {
  a: (value: number) => void;
  b: (value: number) => void;
  error: (error: Error) => void;
}
type Name = keyof Events;
type Step =
  | {
      readonly kind: "on" | "once" | "prependListener" | "prependOnceListener" | "off";
      readonly name: Name;
      readonly listener: number;
    }
  | { readonly kind: "removeAllListeners"; readonly name: Name | undefined }
  | { readonly kind: "emit"; readonly name: Name };

const names = fc.constantFrom<Name>("a", "b", "error");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom(
      "on" as const,
      "once" as const,
      "prependListener" as const,
      "prependOnceListener" as const,
      "off" as const,
    ),
    name: names,
    listener: fc.nat(4),
  }),
  fc.record({ kind: fc.constant("removeAllListeners" as const), name: fc.option(names, { nil: undefined }) }),
  fc.record({ kind: fc.constant("emit" as const), name: names }),
);

/** Node tells no argument from `undefined`. */
function removeAll(emitter: TypedEventEmitter<Events>, name: Name | undefined): void {
  if (name === undefined) emitter.removeAllListeners();
  else emitter.removeAllListeners(name);
}

/** What a program with these steps sees of an emitter. Two of its listeners change the emitter while it emits, and one throws. */
function observed(emitter: TypedEventEmitter<Events>, steps: readonly Step[]): unknown[] {
  const log: unknown[] = [];
  const listeners: ((value: number | Error) => void)[] = [0, 1, 2, 3, 4].map((id) => (value) => {
    log.push([id, String(value)]);
    if (id === 2) emitter.off("a", listeners[1]!);
    if (id === 3) emitter.on("b", listeners[0]!);
    if (id === 4) throw new Error("thrown by a listener");
  });
  for (const one of steps) {
    try {
      if (one.kind === "emit")
        log.push(one.name === "error" ? emitter.emit("error", new Error("told")) : emitter.emit(one.name, 7));
      else if (one.kind === "removeAllListeners") removeAll(emitter, one.name);
      else emitter[one.kind](one.name, listeners[one.listener]!);
    } catch (error) {
      log.push((error as Error).message);
    }
    for (const name of ["a", "b", "error"] as const) {
      const ids = emitter.listeners(name).map((listener) => listeners.indexOf(listener as (value: number | Error) => void));
      log.push(ids, emitter.rawListeners(name).length, emitter.listenerCount(name), emitter.listenerCount(name, listeners[0]));
    }
    log.push(emitter.eventNames());
  }
  return log;
}

test("whatever a program does, it sees what it would see of Node's EventEmitter", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20, size: "max" }), (steps) => {
      const nodes = new EventEmitter() as unknown as TypedEventEmitter<Events>;
      expect(observed(new TypedEventEmitter<Events>(), steps)).toEqual(observed(nodes, steps));
    }),
    { numRuns: 500 },
  );
});

test("a listener is called with the emitter as this", () => {
  const emitter = new TypedEventEmitter<Events>();
  const seen: unknown[] = [];
  function listener(this: unknown): void {
    seen.push(this);
  }
  emitter.on("a", listener).once("a", listener);
  emitter.emit("a", 1);
  expect(seen).toEqual([emitter, emitter]);
});

test("an error that is none is thrown as one, and a listener must be a function", () => {
  const emitter = new TypedEventEmitter<Events>();
  expect(() => emitter.emit("error", "text" as unknown as Error)).toThrow("Unhandled error.");
  expect(() => emitter.on("a", undefined as unknown as Events["a"])).toThrow(TypeError);
});
