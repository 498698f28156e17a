import { describe, expect, test } from "vitest";
import { type AliasPolicy, usesAliases } from "./alias-settings.ts";
import { OutboundAliases } from "./outbound-aliases.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What a PUBLISH of the topic would carry: "3" for the alias alone, "3=topic" where it is set, "topic" without one. */
function send(aliases: OutboundAliases, topic: string): string {
  const bytes = text(`xx${topic}x`);
  const [start, end] = [2, bytes.length - 1];
  const known = aliases.find(bytes, start, end);
  if (known !== 0) {
    aliases.used(known);
    return String(known);
  }
  const alias = aliases.propose(end - start);
  if (alias === 0) return topic;
  aliases.assign(alias, bytes, start, end);
  return `${alias}=${topic}`;
}
const sendAll = (aliases: OutboundAliases, topics: readonly string[]): string[] => topics.map((topic) => send(aliases, topic));

describe("auto", () => {
  test("a topic of more than 3 bytes gets a free alias the first time, and goes by it alone afterwards", () => {
    const aliases = new OutboundAliases({ maximum: 2, policy: "auto" });
    expect(sendAll(aliases, ["a/bc", "abc", "a/bc", "abc", "a/bd", "a/bc"])).toEqual(["1=a/bc", "abc", "1", "abc", "2=a/bd", "1"]);
  });

  test("once all are taken, the least recently used is given anew to a topic that repeats while that one does not", () => {
    const aliases = new OutboundAliases({ maximum: 2, policy: "auto" });
    expect(sendAll(aliases, ["aaaa", "bbbb", "aaaa", "cccc", "cccc", "aaaa", "bbbb"])).toEqual([
      "1=aaaa",
      "2=bbbb",
      "1",
      "cccc",
      "2=cccc",
      "1",
      "bbbb",
    ]);
  });

  test("more topics in turn than there are aliases take nothing from each other", () => {
    const aliases = new OutboundAliases({ maximum: 4, policy: "auto" });
    const topics = Array.from({ length: 6 }, (_, i) => `topic/${i}`);
    sendAll(aliases, topics);
    for (let round = 0; round < 5; round++) {
      expect(sendAll(aliases, topics)).toEqual(["1", "2", "3", "4", "topic/4", "topic/5"]);
    }
  });
});

test("always: every topic gets one, the least recently used anew", () => {
  const aliases = new OutboundAliases({ maximum: 2, policy: "always" });
  expect(sendAll(aliases, ["a", "b", "a", "c", "b"])).toEqual(["1=a", "2=b", "1", "2=c", "1=b"]);
});

test("[MQTT-3.1.2-27] [MQTT-3.2.2-18] never, a maximum of 0 and no settings at all allow none", () => {
  const settings: [number, AliasPolicy][] = [
    [10, "never"],
    [0, "always"],
  ];
  for (const [maximum, policy] of settings) expect(usesAliases({ maximum, policy })).toBe(false);
  expect(usesAliases({ maximum: 70_000, policy: "auto" })).toBe(true);
});

test("what was proposed and not assigned is proposed again, and stands for nothing", () => {
  const aliases = new OutboundAliases({ maximum: 3, policy: "auto" });
  expect(aliases.find(text("aaaa"), 0, 4)).toBe(0);
  expect(aliases.propose(4)).toBe(1);
  expect(aliases.find(text("aaaa"), 0, 4)).toBe(0);
  expect(send(aliases, "bbbb")).toBe("1=bbbb");
});

test("the topic is a copy: the chunk it came in may change", () => {
  const aliases = new OutboundAliases({ maximum: 3, policy: "auto" });
  const chunk = text("aaaa");
  aliases.find(chunk, 0, 4);
  aliases.assign(aliases.propose(4), chunk, 0, 4);
  chunk.fill(0x62);
  expect(send(aliases, "aaaa")).toBe("1");
  expect(send(aliases, "bbbb")).toBe("2=bbbb");
});
