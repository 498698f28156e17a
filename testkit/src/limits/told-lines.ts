import { createInterface } from "node:readline";

/** What a program of this folder is told, each call the next thing; undefined when nobody tells any more. */
export function hear<T>(): () => Promise<T | undefined> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  return async () => {
    const line = await lines.next();
    return line.done === true ? undefined : (JSON.parse(line.value) as T);
  };
}

/** Tells whoever started this program. */
export function tell(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
