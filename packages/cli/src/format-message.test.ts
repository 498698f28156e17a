import type { Message } from "@bowline/client";
import { expect, test } from "vitest";
import { formatMessage } from "./format-message.ts";

function message(payload: Uint8Array, properties: Message["properties"] = {}): Message {
  return {
    topicName: "a/b",
    payload,
    qos: 1,
    retain: false,
    dup: false,
    properties,
    text: () => "",
    json: <T>() => undefined as T,
    bytes: () => payload,
    ack() {},
  };
}

const bytes = (...values: number[]) => new Uint8Array(values);
const text = (value: string | Uint8Array) => Buffer.from(value as Uint8Array).toString("latin1");

test("payloads come out byte by byte, whatever they are", () => {
  expect(text(formatMessage(message(bytes(0xff, 0x00, 0x0a)), "payload"))).toBe("\u00ff\u0000\n\n");
  expect(text(formatMessage(message(bytes(0x68, 0x69)), "verbose"))).toBe("a/b hi\n");
});

test("a record says how its payload is written", () => {
  const record = (payload: Uint8Array, properties?: Message["properties"]): unknown =>
    JSON.parse(text(formatMessage(message(payload, properties), "json")));
  expect(record(bytes(0xc3, 0xa4))).toMatchObject({ v: 1, type: "message", topic: "a/b", qos: 1, encoding: "utf8" });
  expect(record(bytes(0xff))).toMatchObject({ payload: "/w==", encoding: "base64" });
  expect(record(bytes(), { correlationData: bytes(1), userProperties: [["k", "v"]], contentType: "text/plain" })).toMatchObject({
    properties: { correlationDataBase64: "AQ==", userProperties: [["k", "v"]], contentType: "text/plain" },
  });
});
