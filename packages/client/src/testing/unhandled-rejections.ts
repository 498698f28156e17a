import { afterEach, beforeEach } from "vitest";
import { turn } from "./virtual-clock.ts";

let unhandled: unknown[] = [];
const record = (reason: unknown): void => {
  unhandled.push(reason);
};

/** Called once in a test file: each of its tests fails when it leaves a rejection that nobody handled. */
export function failOnUnhandledRejections(): void {
  beforeEach(() => {
    unhandled = [];
    process.on("unhandledRejection", record);
  });
  afterEach(async () => {
    await turn();
    process.off("unhandledRejection", record);
    if (unhandled.length > 0) throw new Error("a rejection was not handled", { cause: unhandled });
  });
}
