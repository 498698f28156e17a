import { expect, test } from "vitest";
import type { ErrorCode } from "../errors/catalogue.ts";
import type { AttemptFacts, Scheme } from "./facts.ts";
import { staticWarnings } from "./port-rules.ts";

const target = (scheme: Scheme, port: number, host = "broker.example"): AttemptFacts => ({ target: { scheme, port, host } });

test("odd targets are warned of before dialling", () => {
  const codesOf = (facts: AttemptFacts): readonly ErrorCode[] => staticWarnings(facts).map((warning) => warning.code);
  expect(codesOf(target("mqtt", 8883))).toEqual(["PORT_SCHEME_ODD"]);
  expect(codesOf(target("mqtts", 8883, "192.0.2.1"))).toEqual(["TLS_SNI"]);
  expect(codesOf({ ...target("mqtts", 8883, "192.0.2.1"), tls: { serverName: "broker.example" } })).toEqual([]);
  expect(codesOf({ ...target("mqtts", 8883), tls: { certificate: { subject: "CN=x", alternativeNames: [] } } })).toEqual([
    "TLS_CN_ONLY",
  ]);
  expect(codesOf(target("mqtt", 1883))).toEqual([]);
});
