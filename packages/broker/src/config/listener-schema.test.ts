import { expect, test } from "vitest";
import type { ListenerConfig } from "./listener-schema.ts";
import { loadConfig } from "./load-config.ts";

test.each([
  [{ url: "mqtt://localhost", forwardedCertificate: "X-Client" }, /forwardedCertificate belongs to .* ws:\/\/ and wss:/],
  [{ url: "mqtts://localhost", forwardedHost: true }, /forwardedHost belongs to .* ws:/],
  [{ url: "wss://localhost", forwardedHost: true }, /forwardedHost belongs to .* with TLS the server name has chosen/],
  [{ url: "ws://localhost", forwardedCertificate: "X Client" }, /must be the name of a header/],
] satisfies [ListenerConfig, RegExp][])("%j is refused: no proxy's header comes there", async (listener, message) => {
  await expect(loadConfig({ overrides: { listen: [listener] } })).rejects.toThrow(message);
});

test("a listener behind a proxy says which of its headers are believed", async () => {
  const listener = { url: "ws://localhost", forwardedFor: true, forwardedHost: true, forwardedCertificate: "X-Client" };
  const tls = { url: "wss://localhost", forwardedCertificate: "X-Client" };
  expect((await loadConfig({ overrides: { listen: [listener, tls] } })).listen).toEqual([listener, tls]);
});

test("hosts are names, and never addresses with ports or in capitals", async () => {
  expect((await loadConfig({ overrides: { hosts: ["mqtt.example.com", "*.example.com"] } })).hosts).toHaveLength(2);
  for (const host of ["MQTT.example.com", "a.example.com:443", "*", "a..b"])
    await expect(loadConfig({ overrides: { hosts: [host] } })).rejects.toThrow(/must be a host name in lower case/);
});
