import { expect, test } from "vitest";
import { diagnose } from "./diagnose.ts";
import type { AttemptFacts, PageFacts } from "./facts.ts";

/* What a doctor in a page can say of a WebSocket that did not open. Whole runs in browsers are the test kit's. */

const closed = { everOpened: false, closeCode: 1006, closeReason: "", wasClean: false };

function attempt(url: string, page: PageFacts, more: AttemptFacts = {}): AttemptFacts {
  const { protocol, hostname, port, pathname } = new URL(url);
  const target = { scheme: protocol.slice(0, -1), host: hostname, port: Number(port), path: pathname };
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

test("a WebSocket that the browser gives up after it has opened had frames it does not know, or was lost", () => {
  const facts = attempt(
    "ws://127.0.0.1:8083/",
    {},
    { milestone: "connect-sent", ws: { everOpened: true, closeCode: 1006, wasGivenUp: true } },
  );
  expect(diagnose(facts)).toMatchObject({ code: "WS_PERMESSAGE", candidates: ["WS_PERMESSAGE", "CONNACK_NONE"] });
});
