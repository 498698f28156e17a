import { expect, test } from "vitest";
import { ownBytes } from "../packet/bytes.ts";
import { InboundAliases } from "./inbound-aliases.ts";

test("what is kept of a Buffer does not change with it, although a Buffer's own slice would", () => {
  const chunk = Buffer.from("topic and payload");
  const kept = ownBytes(chunk, 0, 5);
  const aliases = new InboundAliases();
  aliases.set(1, chunk, 0, 5);
  chunk.fill(0);
  const topic = new TextEncoder().encode("topic");
  expect(new Uint8Array(kept)).toEqual(topic);
  expect(new Uint8Array(aliases.get(1) ?? new Uint8Array())).toEqual(topic);
});
