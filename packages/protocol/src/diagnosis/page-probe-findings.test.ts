import { expect, test } from "vitest";
import { diagnose } from "./diagnose.ts";
import type { AttemptFacts, PageFacts } from "./facts.ts";

/* What a doctor in a page can say of a WebSocket that did not open. Whole runs in browsers are the test kit's. */

const closed = { everOpened: false, closeCode: 1006, closeReason: "", wasClean: false };

function attempt(url: string, page: PageFacts, more: AttemptFacts = {}): AttemptFacts {
  const { protocol, hostname, port, pathname } = new URL(url);
  const target = { scheme: protocol.slice(0, -1), host: hostname, port: Number(port || 443), path: pathname };
  return { runtime: "browser", target, milestone: "started", ws: closed, msToFail: 20, page, ...more };
}

test("only a name can be at fault that is one", () => {
  const page = { probe: { fetch: "rejected", fetchMs: 5 } } as const;
  expect(diagnose(attempt("ws://broker.example:8083/mqtt", page)).candidates[0]).toBe("DNS_NXDOMAIN");
  for (const host of ["localhost", "acme.localhost", "127.0.0.1", "[::1]"]) {
    expect(diagnose(attempt(`ws://${host}:8083/mqtt`, page)).candidates, host).not.toContain("DNS_NXDOMAIN");
  }
});

test("a fast end points at the port, a slow one at a higher layer, and a browser's own delay at neither", () => {
  const late = { timedOut: true } as const;
  const first = (ms: number, fetchMs: number, more: AttemptFacts = {}): string | undefined =>
    diagnose(attempt("wss://127.0.0.1:8084/mqtt", { probe: { fetch: "rejected", fetchMs } }, { msToFail: ms, ...more }))
      .candidates[0];
  expect([first(5, 3), first(400, 300), first(900, 3), first(2500, 4, late)]).toEqual([
    "TCP_REFUSED",
    "B_SELF_SIGNED",
    "TCP_REFUSED",
    "TCP_REFUSED",
  ]);
});

test("silence is a filter or a server that never answers, and a question to the user where one is open", () => {
  const silent = (page: PageFacts): AttemptFacts =>
    attempt("wss://broker.example:8084/mqtt", { ...page, probe: { fetch: "silent", fetchMs: 1200 } }, { timedOut: true });
  expect(diagnose(silent({})).candidates).toEqual(["TCP_TIMEOUT", "SILENT", "B_LNA"]);
  expect(diagnose(silent({ localNetworkAccess: "prompt" })).candidates[0]).toBe("B_LNA");
  const denied = { localNetworkAccess: "denied", probe: { fetch: "rejected", fetchMs: 2 } } as const;
  expect(diagnose(attempt("wss://broker.example:8084/mqtt", denied))).toMatchObject({ code: "WS_UNREACHABLE" });
  expect(diagnose(attempt("wss://broker.example:8084/mqtt", denied)).candidates).toContain("B_LNA");
  expect(diagnose(attempt("wss://broker.localhost:8084/mqtt", denied))).toMatchObject({ code: "B_LNA", candidates: [] });
  const answered = attempt("wss://h.example:8084/mqtt", { probe: { fetch: "resolved", fetchMs: 3 } }, { timedOut: true });
  expect(diagnose(answered)).toMatchObject({ code: "SILENT", stage: "http" });
});

test("where the page's policy forbids to ask, nothing is said of the server's HTTP", () => {
  expect(diagnose(attempt("wss://127.0.0.1:8084/mqtt", { probe: { fetchMs: 1 } })).code).toBe("WS_NEVER_OPENED");
});

test("what else opens leads the list of refusals", () => {
  const first = (probe: object, page: PageFacts = {}): string | undefined =>
    diagnose(attempt("ws://127.0.0.1:8083/x", { ...page, probe: { fetch: "resolved", fetchMs: 3, ...probe } })).candidates[0];
  expect(first({ opensWithOlderSubprotocol: true, opensWithoutSubprotocol: true })).toBe("WS_400");
  expect(first({ opensWithoutSubprotocol: true })).toBe("WS_NO_SUBPROTO_REPLY");
  expect(first({ opensWithoutSubprotocol: true }, { isFirefox: true })).toBe("WS_WRONG_SUBPROTO");
  expect(first({ otherPath: "/mqtt", status: 502 })).toBe("WS_502");
  expect(first({ status: 426, otherPath: "/ws" })).toBe("WS_404");
});

test("only Firefox tells a failed handshake, and then 1006 says that there was none", () => {
  const page: PageFacts = { isFirefox: true, probe: { fetch: "rejected", fetchMs: 5 } };
  const handshake = diagnose(attempt("wss://127.0.0.1:8083/", page, { ws: { ...closed, closeCode: 1015 } }));
  expect(handshake).toMatchObject({ code: "TLS_FAILED", stage: "tls" });
  expect(handshake.candidates).toContain("MTLS_REQUIRED_13");
  expect(diagnose(attempt("wss://127.0.0.1:8083/", page)).candidates).not.toContain("TLS_EXPIRED");
});

test("a WebSocket that the browser gives up after it has opened had frames it does not know; elsewhere than in Chromium it may have been cut", () => {
  const facts = (page: PageFacts): AttemptFacts =>
    attempt("ws://127.0.0.1:8083/", page, {
      milestone: "connect-sent",
      ws: { everOpened: true, closeCode: 1006, wasGivenUp: true },
    });
  expect(diagnose(facts({ isChromium: true }))).toMatchObject({ code: "WS_PERMESSAGE", candidates: [] });
  expect(diagnose(facts({}))).toMatchObject({
    code: "WS_PERMESSAGE",
    candidates: ["WS_PERMESSAGE", "CONNACK_NONE"],
  });
});

const nowMs = Date.parse("2026-01-31T12:00:00Z");
const firstOf = (url: string, probe: object, more: AttemptFacts = {}): string | undefined =>
  diagnose(attempt(url, { probe: { fetchMs: 3, ...probe } }, { nowMs, ...more })).candidates[0];

test("what the page's own server tells leads the list: it is gone too, it has the broker's name, it has another time", () => {
  const at = (probe: object): readonly string[] =>
    diagnose(attempt("wss://broker.example:8084/", { probe: { fetch: "rejected", fetchMs: 3, ...probe } }, { nowMs })).candidates;
  expect(at({ ownOrigin: "rejected" })[0]).toBe("B_OFFLINE");
  expect(at({ ownOrigin: "resolved" })).toContain("DNS_NXDOMAIN");
  expect(at({ ownOrigin: "resolved", isOwnHost: true })).not.toContain("DNS_NXDOMAIN");
  expect(at({ ownOrigin: "silent", isOwnHost: true })).toContain("DNS_NXDOMAIN");
  const late = { answersPlainHttp: true, fetch: "rejected", dateMs: nowMs - 3_600_000 };
  expect(firstOf("wss://127.0.0.1:8084/", late)).toBe("CLOCK_SKEW");
  expect(firstOf("wss://127.0.0.1:8084/", { ...late, dateMs: nowMs - 60_000 })).toBe("B_SELF_SIGNED");
});

test("a port that answers without TLS is there, so that the handshake is at fault", () => {
  expect(firstOf("wss://broker.example:8084/", { fetch: "rejected" })).toBe("DNS_NXDOMAIN");
  const { candidates } = diagnose(
    attempt("wss://broker.example:8084/", { probe: { fetch: "rejected", fetchMs: 3, answersPlainHttp: true } }),
  );
  expect(candidates).toContain("WSS_TO_WS");
  for (const code of ["TCP_REFUSED", "DNS_NXDOMAIN"] as const) expect(candidates).not.toContain(code);
});

test("what the answer to a request shows leads the list of refusals: where it leads, and how it is spoken", () => {
  expect(firstOf("ws://127.0.0.1:8083/", { fetch: "resolved", isRedirected: true })).toBe("WS_301");
  expect(firstOf("wss://127.0.0.1:8083/", { fetch: "resolved", protocol: "h2" })).toBe("WS_H2");
  expect(firstOf("wss://127.0.0.1:8083/", { fetch: "resolved", protocol: "http/1.1" })).toBe("WS_404");
});

const aws = "wss://a1-ats.iot.eu-west-1.amazonaws.com:443/mqtt";
const answered = { probe: { fetch: "resolved", fetchMs: 3 } } as const;
const withQuery = (query: string, more: AttemptFacts = {}, page: PageFacts = answered): AttemptFacts => {
  const facts = attempt(aws, page, { nowMs, ...more });
  return { ...facts, target: { ...facts.target, path: `/mqtt?${query}` } };
};
const scope = "AKIA/20260131/eu-west-1/iotdevicegateway/aws4_request";
const signed = (date: string): string =>
  `X-Amz-Algorithm=A&X-Amz-Credential=${scope}&X-Amz-Date=${date}&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature=0`;

const app = "x-amz-customauthorizer-name=app";

test.each([
  { query: signed("20260131T115900Z"), first: "AWS_SIGV4" },
  { query: app, first: "AWS_AUTHORIZER_LAMBDA" },
  { query: `${app}&x-amz-customauthorizer-signature=0`, first: "AWS_AUTHORIZER_SIG" },
  { query: app, first: "AWS_PRINCIPAL_ID", userName: "ann@example.com" },
  { query: "", first: "AWS_AUTHORIZER_NAME" },
])("an upgrade that AWS refuses has causes of its own first: $first", ({ query, first, userName }) => {
  const { code, candidates } = diagnose(withQuery(query, userName === undefined ? {} : { connect: { userName } }));
  expect([code, candidates[0]]).toEqual(["WS_UPGRADE_REFUSED", first]);
  expect(candidates).toContain("WS_403");
});

test("a signature that is over is the cause, and a clock that is wrong comes before one that is not", () => {
  expect(diagnose(withQuery(signed("20260131T110000Z")))).toMatchObject({ code: "AWS_SIGV4", candidates: [] });
  const skewed = { probe: { ...answered.probe, dateMs: nowMs - 600_000 } } as const;
  expect(diagnose(withQuery(signed("20260131T115900Z"), {}, skewed)).candidates[0]).toBe("CLOCK_SKEW");
});

test("the old endpoint of AWS has a root that browsers do not know any more", () => {
  const page: PageFacts = { isFirefox: true, probe: { fetch: "rejected", fetchMs: 5 } };
  const facts = attempt("wss://a1.iot.eu-west-1.amazonaws.com:443/mqtt", page, { ws: { ...closed, closeCode: 1015 } });
  expect(diagnose(facts).candidates[0]).toBe("AWS_ENDPOINT");
});

const said = (line: string, facts: AttemptFacts = attempt("wss://h.example:8084/mqtt", answered)): AttemptFacts => ({
  ...facts,
  page: { ...facts.page, consoleText: `WebSocket connection to 'wss://h/' failed: ${line}` },
});

test("the line of the console names the status of an upgrade", () => {
  const status = (code: number): string => `Error during WebSocket handshake: Unexpected response code: ${code}`;
  expect(diagnose(said(status(404)))).toMatchObject({ code: "WS_404", candidates: [] });
  expect(diagnose(said(status(403)))).toMatchObject({ code: "WS_403", candidates: ["WS_403", "B_ORIGIN"] });
  expect(diagnose(said(status(403), withQuery(signed("20260131T115900Z")))).code).toBe("AWS_SIGV4");
  expect(diagnose(said(status(403), withQuery(""))).code).toBe("AWS_AUTHORIZER_NAME");
});

test("a WebSocket that is late may be one that the browser holds back: then nothing is left out", () => {
  const late = (url: string, probe: PageFacts["probe"], page: PageFacts = {}): readonly string[] =>
    diagnose(attempt(url, { ...page, probe: { fetchMs: 3, ...probe } }, { timedOut: true })).candidates;
  expect(late("wss://h.example:8084/mqtt", { fetch: "resolved" })).toEqual(
    expect.arrayContaining(["SILENT", "WS_403", "B_ORIGIN"]),
  );
  expect(late("wss://h.example:8084/mqtt", { fetch: "rejected" }, { isFirefox: true })).toContain("TLS_EXPIRED");
  expect(late("wss://h.example:8084/mqtt", {})).toEqual(expect.arrayContaining(["TCP_TIMEOUT", "TLS_SAN", "TCP_REFUSED"]));
});

test("the console's status 400 may be that of a server that speaks HTTP/2, where other requests fail", () => {
  const line = "Error during WebSocket handshake: Unexpected response code: 400";
  expect(diagnose(said(line)).candidates).toEqual([]);
  const facts = attempt("wss://h.example:8084/mqtt", { probe: { fetch: "rejected", fetchMs: 3 } });
  expect(diagnose(said(line, facts)).candidates).toEqual(["WS_400", "WS_H2"]);
});
