import { expect, test } from "vitest";
import { signatureFault } from "./aws-signature.ts";

const host = "a1b2-ats.iot.eu-west-1.amazonaws.com";
const now = Date.parse("2026-01-31T12:00:00Z");

interface Signed {
  readonly key?: string;
  readonly region?: string;
  readonly service?: string;
  readonly date?: string;
  readonly expires?: string;
  readonly before?: string;
  readonly after?: string;
}

function pathOf({ key = "AKIAEXAMPLE", region = "eu-west-1", service = "iotdevicegateway", ...more }: Signed): string {
  const { date = "20260131T115900Z", expires = "86400", before = "", after = "" } = more;
  const scope = encodeURIComponent(`${key}/20260131/${region}/${service}/aws4_request`);
  const times = `X-Amz-Date=${date}&X-Amz-Expires=${expires}&X-Amz-SignedHeaders=host`;
  return `/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${scope}&${times}${before}&X-Amz-Signature=abc${after}`;
}

const faultOf = (path: string): string | undefined => signatureFault({ target: { host, path }, nowMs: now });

test.each<readonly [title: string, signed: Signed]>([
  ["as it should be", {}],
  ["for the other name of the service", { service: "iotdata" }],
  ["with a token after it", { key: "ASIAEXAMPLE", after: "&X-Amz-Security-Token=t" }],
  ["a little ahead of this clock", { date: "20260131T120300Z" }],
])("a signature %s has no fault that can be seen", (_title, signed) => {
  expect(faultOf(pathOf(signed))).toBeUndefined();
});

test.each<readonly [fault: RegExp, signed: Signed]>([
  [/for the service execute-api/, { service: "execute-api" }],
  [/for the region us-east-1, and the endpoint is in eu-west-1/, { region: "us-east-1" }],
  [/token stands before the signature/, { key: "ASIAEXAMPLE", before: "&X-Amz-Security-Token=t" }],
  [/there is no X-Amz-Security-Token/, { key: "ASIAEXAMPLE" }],
  [/signed at 2026-01-30T11:00:00Z for 3600 s, which are over/, { date: "20260130T110000Z", expires: "3600" }],
  [/2026-01-31T13:00:00Z, which is yet to come/, { date: "20260131T130000Z" }],
  [/X-Amz-Date is no time/, { date: "today" }],
])("a signature %s", (fault, signed) => {
  expect(faultOf(pathOf(signed))).toMatch(fault);
});

test("a part that lacks is named, and a URL that is not signed has no such fault", () => {
  expect(faultOf("/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0")).toMatch(/no X-Amz-Credential/);
  expect(faultOf("/mqtt?x-amz-customauthorizer-name=app")).toBeUndefined();
  expect(faultOf("/mqtt")).toBeUndefined();
});
