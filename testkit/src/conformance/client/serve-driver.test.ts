import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { ClientDriver, ClientReport, ClientSettings, MessageToSend } from "./client-driver.ts";
import { type Answer, eachLine, fromLine, type Request, toLine } from "./driver-lines.ts";
import { serveDriver } from "./serve-driver.ts";

const settings: ClientSettings = { version: 5, clientId: "a", cleanStart: true, keepAlive: 5, reconnect: false };

/** A driver whose client keeps what it is asked, as a program; what the program says. */
function served(): { ask: (request: Request) => Promise<Answer>; asked: MessageToSend[]; hello: Promise<Answer> } {
  const asked: MessageToSend[] = [];
  const driver: ClientDriver = {
    name: "kept",
    versions: [5],
    capabilities: new Set(["publish"]),
    start: (_url, _settings, report: ClientReport) => ({
      publish: async (message) => {
        asked.push(message);
        report.message({ topicName: message.topicName, payload: Uint8Array.of(1), qos: 0, retain: false, properties: undefined });
      },
      subscribe: async ({ qos = 0 }) => [qos],
      unsubscribe: () => Promise.reject(new Error("never")),
      disconnect: async () => undefined,
      kill: async () => undefined,
    }),
  };
  const [input, output] = [new PassThrough(), new PassThrough()];
  const waiting: ((answer: Answer) => void)[] = [];
  const next = (): Promise<Answer> => new Promise((resolve) => waiting.push(resolve));
  const hello = next();
  eachLine(output, (line) => waiting.shift()?.(fromLine<Answer>(line)));
  serveDriver(driver, input, output);
  const ask = (request: Request): Promise<Answer> => {
    const answer = next();
    input.write(toLine(request));
    return answer;
  };
  return { ask, asked, hello };
}

test("a program says what its client can do, answers by number, and reports messages", async () => {
  const { ask, asked, hello } = served();
  expect(await hello).toEqual({ hello: { name: "kept", versions: [5], capabilities: ["publish"] } });
  expect(await ask({ id: 1, do: "connect", url: "mqtt://127.0.0.1:1", settings })).toEqual({ id: 1 });
  expect(await ask({ id: 2, do: "subscribe", subscription: { topicFilters: ["a"], qos: 2 } })).toEqual({ id: 2, granted: [2] });
  expect(await ask({ id: 3, do: "unsubscribe", topicFilters: ["a"] })).toEqual({ id: 3, error: "Error: never" });
  const payload = Uint8Array.of(0, 255);
  // The message that it reports leaves before the answer.
  expect(await ask({ id: 4, do: "publish", message: { topicName: "a", payload } })).toEqual({
    message: { topicName: "a", payload: Uint8Array.of(1), qos: 0, retain: false },
  });
  expect(asked).toEqual([{ topicName: "a", payload }]);
});

test("a program that is asked before it connected says so", async () => {
  const { ask, hello } = served();
  await hello;
  expect(await ask({ id: 1, do: "disconnect" })).toEqual({ id: 1, error: "Error: not connected" });
});

test("bytes travel as text, also those of a Buffer", () => {
  const request: Request = { id: 1, do: "publish", message: { topicName: "a", payload: Buffer.from([1, 2]) } };
  expect(fromLine<Request>(toLine(request))).toEqual({
    id: 1,
    do: "publish",
    message: { topicName: "a", payload: Uint8Array.of(1, 2) },
  });
});
