import { MqttError } from "@bowline/protocol";
import type { Context } from "hono";

/** No request of the API needs more. */
const BODY_BYTES_MAX = 64 * 1024;

/**
 * The body of a request, undefined when it is no JSON text. Only the JSON type is taken: a form of a foreign page cannot send
 * that type without being asked about first. No more is read than is allowed, whatever length the request claims or leaves out.
 *
 * @throws MqttError OPTION_INVALID
 */
export async function readJson(c: Context): Promise<unknown> {
  if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) {
    throw new MqttError("OPTION_INVALID", { detail: "the body must be application/json" });
  }
  const text = await readText(c.req.raw.body?.getReader());
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    length += part.value.length;
    if (length > BODY_BYTES_MAX)
      throw new MqttError("OPTION_INVALID", { detail: `the body is larger than ${BODY_BYTES_MAX} bytes` });
    chunks.push(part.value);
  }
  return Buffer.concat(chunks).toString("utf8");
}
