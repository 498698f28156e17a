import { randomUUID } from "node:crypto";
import type { ChildSetting, FromChild, ToChild } from "./child-messages.ts";
import { endWithCaller } from "./end-with-caller.ts";

/** A Lambda handler: it answers by a promise or by its callback. */
type Handler = (event: unknown, context: object, callback: (error: unknown, value?: unknown) => void) => unknown;

/** An answer has 10 documents of 2,048 characters at most, and white space in them. */
const ANSWER_LENGTH_MAX = 65_536;
/** What it throws is told in a line of the log. */
const WORDS_LENGTH_MAX = 2_000;

const setting = JSON.parse(process.argv[2] ?? "{}") as ChildSetting;

/** Runs in a process of its own: whatever the handler does to it, the broker only loses the calls it had there. */
async function run(): Promise<void> {
  const handler = await loaded();
  if (typeof handler === "string") {
    say({ kind: "unloadable", message: handler });
    process.disconnect?.();
    return;
  }
  process.on("message", (message: ToChild) => {
    if (message.kind === "beat") say({ kind: "beat" });
    else void answer(handler, message);
  });
  say({ kind: "ready" });
}

async function loaded(): Promise<Handler | string> {
  try {
    const module = (await import(setting.module)) as Record<string, unknown>;
    // A CommonJS module's exports are its default.
    const inner = module["default"] as Record<string, unknown> | undefined;
    const found = module[setting.handler] ?? inner?.[setting.handler];
    return typeof found === "function" ? (found as Handler) : `it exports no function ${setting.handler}`;
  } catch (error) {
    return wordsOf(error);
  }
}

async function answer(handler: Handler, { id, event, leftMs }: ToChild & { kind: "call" }): Promise<void> {
  try {
    const json = JSON.stringify(await invoke(handler, JSON.parse(event), contextOf(leftMs))) as string | undefined;
    if (json !== undefined && json.length > ANSWER_LENGTH_MAX)
      throw new RangeError(`the answer is longer than ${ANSWER_LENGTH_MAX} characters`);
    say({ kind: "answer", id, json });
  } catch (error) {
    say({ kind: "threw", id, message: wordsOf(error) });
  }
}

function invoke(handler: Handler, event: unknown, context: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const result = handler(event, context, (error, value) => (error == null ? resolve(value) : reject(asError(error))));
    if (isThenable(result)) result.then(resolve, reject);
    // Lambda does not wait for whoever neither promises nor takes a callback.
    else if (handler.length < 3)
      reject(new Error("the handler answered without a promise, which Lambda passes over: make it async"));
  });
}

function contextOf(leftMs: number): object {
  const end = performance.now() + leftMs;
  const name = setting.functionArn.split(":").at(-1) ?? "";
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: "$LATEST",
    invokedFunctionArn: setting.functionArn,
    memoryLimitInMB: String(setting.memoryMegabytes),
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: "local",
    getRemainingTimeInMillis: () => Math.max(0, Math.round(end - performance.now())),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(wordsOf(error));
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, WORDS_LENGTH_MAX);
}

function say(message: FromChild): void {
  // The broker may be gone already; then this process ends by itself.
  process.send?.(message, undefined, {}, () => undefined);
}

process.on("disconnect", () => process.exit(0));
endWithCaller(setting.caller);
await run();
