import { MqttError } from "@bowline/protocol";
import { validateTopicFilter } from "@bowline/protocol/internal";
import type { Context } from "hono";
import { z } from "zod";
import { ADDRESS_RANGE, isAddressRange } from "../acl/address-ranges.ts";
import type { Trace } from "../trace/trace.ts";
import type { TraceEvent } from "@bowline/protocol/internal";
import type { TenantApp } from "./tenant-env.ts";

const SECONDS_MAX = 3_600;
const PACKETS_MAX = 1_000_000;
const PAYLOAD_BYTES_MAX = 8_192;
const STRING_BYTES_MAX = 65_535;

const numberOf = (minimum: number, maximum: number, otherwise: number): z.ZodType<number> =>
  z.coerce.number().int().min(minimum).max(maximum).default(otherwise);

const traceQuery = z.strictObject({
  client: z.string().min(1).max(STRING_BYTES_MAX).optional(),
  topic: z
    .string()
    .refine((filter) => validateTopicFilter(filter) === undefined, "must be a Topic Filter")
    .optional(),
  address: z.string().refine(isAddressRange, ADDRESS_RANGE).optional(),
  seconds: numberOf(1, SECONDS_MAX, 300),
  packets: numberOf(1, PACKETS_MAX, 10_000),
  payload: numberOf(0, PAYLOAD_BYTES_MAX, 256),
});

/**
 * Live packets as a stream: server-sent events where the request accepts them, else a JSON text a line. It begins with `started`, ends
 * by itself with `end`, and is over when its reader leaves.
 */
export function addTraceRoutes(app: TenantApp): void {
  app.get("/trace", (c) => {
    const query = traceQuery.safeParse(c.req.query());
    if (!query.success) {
      const [issue] = query.error.issues;
      throw new MqttError("OPTION_INVALID", { detail: `${issue?.path.join(".") || "query"}: ${issue?.message}` });
    }
    const { client, topic, address, seconds, packets, payload } = query.data;
    const about = { clientIdentifier: client, topicFilter: topic, address };
    const trace = c.get("deployment").trace(about, { seconds, packets, payloadBytes: payload });
    return acceptsEvents(c) ? streamOf(c, trace, "text/event-stream", asEvent) : streamOf(c, trace, "application/x-ndjson", asLine);
  });
}

function acceptsEvents(c: Context): boolean {
  return (c.req.header("accept") ?? "").includes("text/event-stream");
}

/** Pulled by the connection that it is written to, so that a slow one makes the trace wait, which drops. */
function streamOf(c: Context, trace: Trace, contentType: string, inText: (event: TraceEvent) => string): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const events = await trace.next();
      if (events === undefined) controller.close();
      else controller.enqueue(encoder.encode(events.map(inText).join("")));
    },
    cancel: () => trace.end("stopped"),
  });
  return c.body(body, 200, { "content-type": contentType, "cache-control": "no-store" });
}

function asLine(event: TraceEvent): string {
  return `${JSON.stringify(event)}\n`;
}

function asEvent(event: TraceEvent): string {
  return `event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
