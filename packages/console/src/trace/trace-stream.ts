import { streamResource } from "../admin/admin-api.ts";
import type { TraceEvent } from "@bowline/protocol/internal";

/**
 * Live packets as the broker tells them, some at a time. It is over after `end`, when the signal aborts, or with an error.
 *
 * @throws RequestFailure what the broker says to a trace that it refuses, or that it is gone
 */
export async function* traceStream(
  path: string,
  query: URLSearchParams,
  signal: AbortSignal,
): AsyncGenerator<readonly TraceEvent[]> {
  const reader = (await streamResource(`${path}?${query.toString()}`, signal)).pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) yield lines.map((line) => JSON.parse(line) as TraceEvent);
  }
}
