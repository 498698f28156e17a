import { MqttError } from "@bowline/client";
import { expect, test } from "vitest";
import { sentence } from "./problem-text.tsx";

test("a sentence does not repeat the code that stands beside it", () => {
  const error = new MqttError("WS_UNREACHABLE", { detail: "no answer from https://localhost: nothing" });
  expect(sentence(error)).toBe("The page cannot reach the server: no answer from https://localhost: nothing.");
  expect(sentence(Object.assign(error, { message: "WS_UNREACHABLE: WS_UNREACHABLE: gone" }))).toBe("Gone.");
});
