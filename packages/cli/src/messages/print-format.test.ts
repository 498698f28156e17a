import type { Message } from "@bowline/client";
import { expect, test } from "vitest";
import { payloadFormat } from "./payload-format.ts";
import { compilePrintFormat, PRINT_FIELDS } from "./print-format.ts";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

function message(payload: Uint8Array, properties: Message["properties"] = {}): Message {
  return {
    topicName: "a/b",
    payload,
    qos: 1,
    retain: true,
    dup: false,
    properties,
    text: () => "",
    json: <T>() => undefined as T,
    bytes: () => payload,
    ack: () => undefined,
  };
}

const printed = async (text: string, given: Message): Promise<string> => {
  const format = await payloadFormat("text");
  const pieces = compilePrintFormat(text)(given, format).map((piece) => Buffer.from(piece as string));
  return Buffer.concat(pieces).toString("latin1");
};

test("fields and escapes are what their letters say", async () => {
  const properties = {
    contentType: "text/plain",
    correlationData: bytes(0x63),
    messageExpiryInterval: 7,
    payloadFormatIndicator: 1 as const,
    userProperties: [["k", "v"]] as const,
    responseTopic: "r",
    subscriptionIdentifiers: [3, 4],
  };
  const given = message(bytes(0xff, 0x0a), properties);
  expect(await printed("%t|%x|%X|%b|%l|%q|%r|%d|%%", given)).toBe("a/b|ff0a|FF0A|/wo=|2|1|1|0|%");
  expect(await printed("%C|%D|%E|%F|%P|%R|%S", given)).toBe("text/plain|c|7|1|k:v|r|3 4");
  expect(await printed("%C%D%E%F%P%R%S", message(bytes()))).toBe("");
  expect(await printed("\\t\\n\\r\\0\\a\\e\\\\x%p", given)).toBe("\t\n\r\0\u0007\u001b\\x\u00ff\n");
  expect(await printed("%I %U", given)).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z \d{10}\.\d{3}$/);
  expect(JSON.parse(await printed("%j", message(bytes(0xff))))).toMatchObject({
    v: 1,
    topic: "a/b",
    payload: "/w==",
    encoding: "base64",
  });
  expect(Object.keys(PRINT_FIELDS)).toHaveLength(20);
});

test.each(["%z", "%", "\\q", "\\"])("%j is refused", (text) => {
  expect(() => compilePrintFormat(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
});
