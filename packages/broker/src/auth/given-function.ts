import { z } from "zod";
import { wholeNumber } from "../config/whole-number.ts";

/** The keys of a link that is a function: the function, what it does, and how long it may take. */
export function functionSchema<Name extends string, Given>(
  name: Name,
  words: string,
): { [K in Name]: z.ZodType<Given, Given> } & { timeoutMs: z.ZodType<number, number | undefined> } {
  const given = z
    .custom<Given>((value) => typeof value === "function", {
      error: "must be a function: only a configuration in TypeScript or JavaScript can have one",
    })
    .describe(words);
  const timeoutMs = wholeNumber(1, 60_000).default(5_000).describe("Ms for one answer; after that the answer is no.");
  return { [name]: given, timeoutMs } as { [K in Name]: typeof given } & { timeoutMs: typeof timeoutMs };
}

/**
 * What a function answers. Its signal aborts when its time is up or nobody waits any more, and then it rejects, whatever the function
 * does.
 */
export async function withinTime<T>(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const leave = (): void => controller.abort(new Error("nobody waits for the answer any more"));
  const ended = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason as Error), { once: true });
    timer = setTimeout(() => controller.abort(new Error(`the function has not answered within ${timeoutMs} ms`)), timeoutMs);
    outer?.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([work(controller.signal), ended]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", leave);
  }
}
