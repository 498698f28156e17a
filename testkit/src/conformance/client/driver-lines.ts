import type { Capability, ClientSettings, MessageToSend, ReceivedMessage, SubscribeSettings, Version } from "./client-driver.ts";

/*
 * How a program is driven: each side writes a JSON object a line. The program begins with `hello`; each request gets one answer
 * with its id, in any order, and messages that arrive are reported whenever they come. Bytes are base64 with `base64:` before.
 */

export interface Hello {
  name: string;
  versions: readonly Version[];
  capabilities: readonly Capability[];
  minimumKeepAlive?: number;
  subscribesAtStart?: boolean;
}

export type Request = { id: number } & (
  | { do: "connect"; url: string; settings: ClientSettings }
  | { do: "publish"; message: MessageToSend }
  | { do: "subscribe"; subscription: SubscribeSettings }
  | { do: "unsubscribe"; topicFilters: readonly string[] }
  | { do: "reauthenticate" }
  | { do: "disconnect" }
  | { do: "kill" }
);

export type Answer =
  | { hello: Hello }
  /** `granted` of a SUBSCRIBE. */
  | { id: number; granted?: readonly number[] }
  | { id: number; error: string }
  | { message: ReceivedMessage };

const MARK = "base64:";

export function toLine(value: Request | Answer): string {
  const text = JSON.stringify(value, (_key, one: unknown) =>
    one instanceof Uint8Array || isBufferJson(one) ? `${MARK}${Buffer.from(one as Uint8Array).toString("base64")}` : one,
  );
  return `${text}\n`;
}

export function fromLine<T extends Request | Answer>(line: string): T {
  return JSON.parse(line, (_key, one: unknown) =>
    typeof one === "string" && one.startsWith(MARK) ? Uint8Array.from(Buffer.from(one.slice(MARK.length), "base64")) : one,
  ) as T;
}

/** Node's buffers make JSON of themselves before anybody is asked. */
function isBufferJson(value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as { type?: unknown }).type === "Buffer";
}

/** Calls back with each whole line of a stream of text. */
export function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") take(line);
  });
}
