import { expect, test } from "vitest";
import { newcomerUrl } from "./announcement.ts";

test("a newcomer is led to the safest listener that takes the first user: none of another tenant's", () => {
  const listeners = ["ws://localhost:8083/mqtt", "mqtts://0.0.0.0:8883?tenant=acme", "wss://[::]:8084/mqtt"];
  expect(newcomerUrl(listeners)).toBe("wss://localhost:8084/mqtt");
  expect(newcomerUrl(listeners.slice(0, 2))).toBe("ws://localhost:8083/mqtt");
  expect(newcomerUrl(["mqtt://127.0.0.1:1883?tenant=acme"])).toBe("mqtt://127.0.0.1:1883?tenant=acme");
});
