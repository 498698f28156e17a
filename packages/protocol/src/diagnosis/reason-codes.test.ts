import { expect, test } from "vitest";
import { isErrorCode } from "../errors/catalogue.ts";
import { connackCode, disconnectCode } from "./reason-codes.ts";
import { pubackCode, subackCode, unsubackCode } from "./request-codes.ts";
import { alertCode, alertIn, alertName } from "./tls-alerts.ts";

test("every number has a code in every packet", () => {
  for (let reasonCode = 0; reasonCode < 256; reasonCode++) {
    for (const codeOf of [connackCode, disconnectCode, unsubackCode, pubackCode])
      expect(isErrorCode(codeOf(reasonCode))).toBe(true);
    for (const version of [4, 5]) expect(isErrorCode(subackCode(reasonCode, version))).toBe(true);
  }
});

test("the same number means what its packet means", () => {
  expect([connackCode(135), disconnectCode(135), subackCode(135, 5), pubackCode(135)]).toEqual([
    "NOT_AUTHORIZED",
    "NOT_AUTHORIZED",
    "SUB_DENIED",
    "PUB_DENIED",
  ]);
  expect([connackCode(144), disconnectCode(144), pubackCode(144)]).toEqual(["TOPIC_NAME", "TOPIC_INVALID", "TOPIC_INVALID"]);
  expect([subackCode(128, 4), subackCode(128, 5), subackCode(143, 5), subackCode(158, 5)]).toEqual([
    "SUB_DENIED",
    "SUBSCRIBE_REFUSED",
    "FILTER_INVALID",
    "SHARED_UNSUPPORTED",
  ]);
  expect([unsubackCode(128), unsubackCode(143)]).toEqual(["UNSUBSCRIBE_REFUSED", "FILTER_INVALID"]);
  expect([pubackCode(128), pubackCode(151), pubackCode(153)]).toEqual(["PUBLISH_REFUSED", "QUOTA", "PAYLOAD_FORMAT"]);
});

test("an alert is found by name, by number and by OpenSSL's packed code", () => {
  expect(alertIn("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA")).toBe(48);
  expect(alertIn("EPROTO write EPROTO: SSL alert number 70")).toBe(70);
  expect(alertIn("error:0A000460:SSL routines::reason(1120)")).toBe(120);
  expect(alertIn("ERR_SSL_TLSV1_UNRECOGNIZED_NAME")).toBe(112);
  expect(alertIn("error:0A00010B:SSL routines::wrong version number")).toBeUndefined();
  expect(alertIn("ECONNRESET read ECONNRESET")).toBeUndefined();
});

test("an unknown alert is told by its number", () => {
  expect(alertName(116)).toBe("certificate required");
  expect(alertName(200)).toBe("alert 200");
  expect(alertCode(200)).toBe("TLS_FAILED");
});
