import type { Message } from "@bowline/client";
import { expect, test } from "vitest";
import { watchPrinter } from "./watch-printer.ts";

test("each topic has a line, which is written over; control characters are not sent to the terminal", () => {
  const message = (topicName: string, text: string): Message => ({ topicName, payload: Buffer.from(text) }) as unknown as Message;
  const watch = watchPrinter(({ topicName, payload }) => [topicName, " ", payload], { rows: 4 });
  const shown = (topicName: string, text: string): string => watch(message(topicName, text)).join("");
  expect(shown("a", "1")).toBe("\u001b[2J\u001b[?7l\u001b[1;1H\u001b[2Ka 1\u001b[?7h\u001b[2;1H");
  expect(shown("b", "\u001b[31m\n\u009b2\u00e4")).toBe("\u001b[?7l\u001b[2;1H\u001b[2Kb  [31m 2\u00e4\u001b[?7h\u001b[3;1H");
  expect(shown("a", "3")).toContain("\u001b[1;1H\u001b[2Ka 3");
  for (const topic of ["c", "d", "e"]) expect(shown(topic, "x")).toContain(`\u001b[3;1H\u001b[2K${topic} x`);
});
