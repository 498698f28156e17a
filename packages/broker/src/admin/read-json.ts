import { MqttError } from "@bowline/protocol";
import type { Context } from "hono";
import type { z } from "zod";

/** Few requests of the API need more. */
const BODY_BYTES_MAX = 64 * 1024;

/**
 * The body of a request, undefined when it is no JSON text. Only the JSON type is taken: a form of a foreign page cannot send
 * that type without being asked about first. No more is read than is allowed, whatever length the request claims or leaves out.
 *
 * @throws MqttError OPTION_INVALID
 */
export async function readJson(c: Context, bytesMax: number = BODY_BYTES_MAX): Promise<unknown> {
  if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) {
    throw new MqttError("OPTION_INVALID", { detail: "the body must be application/json" });
  }
  const text = await readText(c.req.raw.body?.getReader(), bytesMax);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The same, checked by a schema.
 *
 * @throws MqttError OPTION_INVALID, whose detail names what is wrong
 */
export async function readBody<T>(c: Context, schema: z.ZodType<T>, bytesMax?: number): Promise<T> {
  const result = schema.safeParse(await readJson(c, bytesMax));
  if (result.success) return result.data;
  const names = result.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new MqttError("OPTION_INVALID", { detail: names.join("; ") });
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array> | undefined, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    length += part.value.length;
    if (length > bytesMax) throw new MqttError("OPTION_INVALID", { detail: `the body is larger than ${bytesMax} bytes` });
    chunks.push(part.value);
  }
  return Buffer.concat(chunks).toString("utf8");
}
