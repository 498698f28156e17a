import { expect, test } from "vitest";
import { addressClass, isAddress } from "./address-class.ts";
import { fitsName } from "./certificate-rules.ts";
import { diagnose } from "./diagnose.ts";
import { verdictToError } from "./verdict-to-error.ts";

test("the error of a verdict carries doubt, advice, number and cause", () => {
  const cause = new Error("read ECONNRESET");
  const verdict = diagnose({ target: { scheme: "mqtts", host: "h", port: 8883 }, milestone: "connect-sent", closedBy: "fin" });
  const error = verdictToError(verdict, cause, { attempt: 2, retryInMs: 4000 });
  expect(error).toMatchObject({ code: "CONNACK_NONE", stage: "mqtt", retry: "backoff", retryable: true, cause });
  expect(error.message).toBe("CONNACK_NONE: the server closed before its CONNACK: closed after CONNECT");
  expect(error.details).toMatchObject({ attempt: 2, retryInMs: 4000, candidates: verdict.candidates, hints: verdict.hints });
});

test("a sure verdict has no candidates, and keeps the reason code", () => {
  const error = verdictToError(diagnose({ disconnect: { reasonCode: 139 }, milestone: "accepted" }));
  expect(error).toMatchObject({ code: "SHUTDOWN", stage: "session", reasonCode: 139 });
  expect(error.details).toEqual({});
  expect("cause" in error).toBe(false);
});

test("addresses are told by their network", () => {
  const classes = [
    "127.0.0.1",
    "[::1]",
    "10.1.2.3",
    "172.31.0.1",
    "172.32.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.1.1",
    "fe80::1",
    "fd00::1",
  ];
  expect(classes.map(addressClass)).toEqual([
    "loopback",
    "loopback",
    "private",
    "private",
    "public",
    "private",
    "private",
    "link-local",
    "link-local",
    "private",
  ]);
  expect(addressClass("::ffff:10.0.0.1")).toBe("private");
  expect(addressClass("2001:db8::1")).toBe("public");
  expect(addressClass("broker.example")).toBe("name");
  expect([isAddress("1.2.3.4"), isAddress("localhost")]).toEqual([true, false]);
});

test("a star of a certificate stands for one label", () => {
  expect(fitsName("*.example.org", "a.example.org")).toBe(true);
  expect(fitsName("*.example.org", "a.b.example.org")).toBe(false);
  expect(fitsName("*.example.org", "example.org")).toBe(false);
  expect(fitsName("Broker.example", "broker.EXAMPLE.")).toBe(true);
});
