import { expect, test } from "vitest";
import { redactText } from "./redact.ts";

test.each([
  ["mqtts://user:hunter2@host/path", "mqtts://[redacted]@host/path"],
  ["mqtt://a@b:c@host, and ws://host/a@b", "mqtt://[redacted]@host, and ws://host/a@b"],
  ["/mqtt?token=hunter2&x=1&api-key=hunter2", "/mqtt?token=[redacted]&x=1&api-key=[redacted]"],
  ["/mqtt?x=1?token=hunter2 and ?a?myPassword=hunter2", "/mqtt?x=1?token=[redacted] and ?a?myPassword=[redacted]"],
  [
    "?x-amz-customauthorizer-name=chat&x-amz-customauthorizer-signature=s",
    "?x-amz-customauthorizer-name=chat&x-amz-customauthorizer-signature=[redacted]",
  ],
  ["the token eyJhbGciOi.eyJzdWIi.c2ln, and x-eyJhbGciOi.eyJzdWIi.", "the token [redacted], and x-[redacted]"],
  ["a.eyJhbGciOi.eyJzdWIi.c2ln", "a.[redacted]"],
  ["authorization: Bearer hunter2", "authorization: Bearer [redacted]"],
  ["-----BEGIN KEY-----\nabc\n-----END KEY-----, -----BEGIN KEY-----\nabc", "[redacted], [redacted]"],
  ["keyJacket.of.wool, ?tokens and 1 ? 2 : 3", "keyJacket.of.wool, ?tokens and 1 ? 2 : 3"],
])("%j is shown as %j", (text, shown) => {
  expect(redactText(text)).toBe(shown);
});

test.each([
  ["a", 65_535],
  ["-eyJ", 65_535],
  ["-eyJ.", 65_535],
  ["?", 65_535],
  ["?pass", 8_000],
  ["?pass=", 65_535],
  ["://a", 65_535],
  ["Bearer ", 65_535],
  ["-----BEGIN A-----", 65_535],
])("a text of %j again and again, which a peer may send, takes no time (%i characters)", (part, length) => {
  const text = part.repeat(length / part.length);
  const began = performance.now();
  redactText(text);
  redactText(`?${text}=`);
  expect(performance.now() - began).toBeLessThan(500);
});
