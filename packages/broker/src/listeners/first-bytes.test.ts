import { expect, test } from "vitest";
import { classifyFirstBytes, PROXY_V2_SIGNATURE } from "./first-bytes.ts";

test.each([
  ["", "more"],
  ["\x16", "tls"],
  ["\x10", "mqtt"],
  ["\x30\x05", "other"],
  ["G", "more"],
  ["GE", "more"],
  ["GET ", "http"],
  ["GET / HTTP/1.1\r\n", "http"],
  ["GEX", "other"],
  ["P", "more"],
  ["PO", "more"],
  ["POST /", "http"],
  ["PROXY", "more"],
  ["PROXY ", "proxy"],
  [PROXY_V2_SIGNATURE.slice(0, 11), "more"],
  [PROXY_V2_SIGNATURE, "proxy"],
  ["SSH-2.0", "ssh"],
  ["get /", "other"],
  ["\x80\x2e\x01", "other"],
])("%j is %s", (text, kind) => {
  expect(classifyFirstBytes(Buffer.from(text, "latin1"))).toBe(kind);
});
