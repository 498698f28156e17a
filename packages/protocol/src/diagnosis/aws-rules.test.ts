import { expect, test } from "vitest";
import { type ErrorCode, errorCodes } from "../errors/catalogue.ts";
import { diagnose } from "./diagnose.ts";
import type { AttemptFacts } from "./facts.ts";

type Case = readonly [title: string, facts: AttemptFacts, code: ErrorCode, certain?: "sure" | "guess"];

const awsHost = "a1b2c3-ats.iot.eu-west-1.amazonaws.com";
const withAuthorizer = "/mqtt?x-amz-customauthorizer-name=app";
const awsTls = (port = 8883, more: AttemptFacts = {}): AttemptFacts => ({
  target: { scheme: "mqtts", port, host: awsHost },
  ...more,
});
const awsWs = (path: string, more: AttemptFacts = {}): AttemptFacts => ({
  target: { scheme: "wss", host: awsHost, port: 443, path },
  ...more,
});
const device = { hasClientCertificate: true, alpnOffered: ["x-amzn-mqtt-ca"] };
const aws: readonly Case[] = [
  [
    "the old endpoint",
    {
      target: { scheme: "mqtts", port: 8883, host: "a1b2.iot.eu-west-1.amazonaws.com" },
      errors: [{ code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" }],
    },
    "AWS_ENDPOINT",
  ],
  ["no server name", awsTls(8883, { milestone: "connected", closedBy: "fin", tls: { serverName: false } }), "AWS_SNI"],
  ["443 without ALPN", awsTls(443, { milestone: "connect-sent", closedBy: "fin" }), "AWS_ALPN"],
  ["an alert about our certificate", awsTls(8883, { tls: { ...device, alert: 46 } }), "AWS_CERT_INACTIVE"],
  [
    "a FIN after CONNECT",
    awsTls(8883, { milestone: "connect-sent", closedBy: "fin", tls: device, connect: { clientIdentifier: "thing" } }),
    "AWS_NO_CONNECT",
    "guess",
  ],
  ["another identifier heals", awsTls(8883, { milestone: "connect-sent", healedBy: ["random-client-id"] }), "AWS_NO_CONNECT"],
  ["a will that was in the way", awsTls(8883, { milestone: "connect-sent", healedBy: ["without-will"] }), "AWS_WILL"],
  [
    "closed on SUBSCRIBE",
    awsTls(8883, { milestone: "accepted", session: { lastSent: "subscribe", msSinceLastSent: 200 } }),
    "AWS_NO_SUB",
    "guess",
  ],
  [
    "closed on PUBLISH",
    awsTls(8883, { milestone: "accepted", session: { lastSent: "publish", msSinceLastSent: 200 } }),
    "AWS_NO_PUB",
    "guess",
  ],
  [
    "closed on a QoS 2 PUBLISH",
    awsTls(8883, {
      milestone: "accepted",
      session: { lastSent: "publish", msSinceLastSent: 9, lastPublish: { qos: 2, retain: false, bytes: 9 } },
    }),
    "AWS_LIMITS",
  ],
  ["taken over", awsTls(8883, { milestone: "accepted", disconnect: { reasonCode: 142 } }), "AWS_DUP"],
  ["silence with a certificate", awsTls(8883, { milestone: "connect-sent", timedOut: true, tls: device }), "SILENT"],
  ["silence where an authorizer is asked", awsTls(443, { milestone: "connect-sent", timedOut: true }), "SILENT", "guess"],
  ["silence of its upgrade", awsWs(withAuthorizer, { milestone: "secured", timedOut: true }), "SILENT", "guess"],
  ["403 with a signature", awsWs("/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256", { http: { status: 403 } }), "AWS_SIGV4"],
  [
    "cut at a constant age, signed",
    awsWs("/mqtt?X-Amz-Signature=x", { milestone: "accepted", session: { ageMs: 3.6e6, previousAgesMs: [3.6e6] } }),
    "AWS_TTL",
    "guess",
  ],
  ["403 without an authorizer's name", awsWs("/mqtt", { http: { status: 403 } }), "AWS_AUTHORIZER_NAME"],
  [
    "403 with an authorizer",
    awsWs(withAuthorizer, { http: { status: 403 }, connect: { userName: "" } }),
    "AWS_AUTHORIZER_LAMBDA",
    "guess",
  ],
  [
    "a user name that is no principal",
    awsWs(withAuthorizer, { http: { status: 403 }, connect: { userName: "alice@x.org" } }),
    "AWS_PRINCIPAL_ID",
    "guess",
  ],
  [
    "cut at a constant age, authorizer",
    awsWs(withAuthorizer, { milestone: "accepted", session: { ageMs: 300_000, previousAgesMs: [300_400] } }),
    "AWS_REFRESH",
    "guess",
  ],
];

for (const [title, facts, code, certainty = "sure"] of aws) {
  test(`${title} is ${code}`, () => {
    const verdict = diagnose(facts);
    expect(verdict.code).toBe(code);
    expect(verdict.certain).toBe(certainty === "sure");
  });
}

test("the table produces every code of AWS IoT that can be concluded", () => {
  const produced = new Set(aws.map(([, , code]) => code));
  const missing = errorCodes.filter((code) => code.startsWith("AWS_") && !produced.has(code));
  // These only ever stand among the candidates.
  expect(missing).toEqual(["AWS_RETAIN", "AWS_AUTHORIZER_SIG", "AWS_POLICY_DOC"]);
});

test("what AWS closes without a word is repeated, since it may have been chance", () => {
  for (const [, facts] of aws.filter(([, attempt, , certainty]) => certainty === "guess" && attempt.http === undefined)) {
    expect(["backoff", "new-credentials"]).toContain(diagnose(facts).retry);
  }
});
