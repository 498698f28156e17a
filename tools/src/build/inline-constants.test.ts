import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../repository.ts";
import { inlineConstants } from "./inline-constants.ts";

/** The text of a source as a page's bundle takes it. */
function inlined(path: string): string {
  const id = join(root, path);
  const { transform } = inlineConstants();
  const run = typeof transform === "function" ? transform : transform!.handler;
  const answer = run.call({} as never, readFileSync(id, "utf8"), id, {} as never) as { readonly code: { toString(): string } };
  return answer.code.toString();
}

test("members of the tables become their numbers, also as computed keys", () => {
  const text = inlined("packages/protocol/src/packet/packet-reasons.ts");
  expect(text).toContain("[4]: publishReasons");
  expect(text).not.toContain("PacketType.");
});

test("types keep their names", () => {
  const text = inlined("packages/protocol/src/packet/ping.ts");
  expect(text).toContain("=== 12 ? { type: 12 } : { type: 13 }");
  expect(text).toContain("type PingPacket = PingreqPacket | PingrespPacket");
});
