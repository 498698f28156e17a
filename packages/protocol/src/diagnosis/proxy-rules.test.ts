import { expect, test } from "vitest";
import type { ErrorCode } from "../errors/catalogue.ts";
import { diagnose } from "./diagnose.ts";
import type { AttemptFacts, ProxyFacts } from "./facts.ts";

type Case = readonly [title: string, facts: AttemptFacts, code: ErrorCode, certain?: "guess"];

const mqtt: AttemptFacts = { target: { scheme: "mqtt", host: "broker.example", port: 1883 } };
const failed = (code: string): Pick<AttemptFacts, "errors"> => ({ errors: [{ name: "Error", code, message: "" }] });
const said = (message: string): Pick<AttemptFacts, "errors"> => ({ errors: [{ name: "Error", message }] });
const through = (kind: string, progress: ProxyFacts["progress"], more: Partial<ProxyFacts> = {}): Pick<AttemptFacts, "proxy"> => ({
  proxy: { kind, host: "proxy.example", port: 1080, progress, ...more },
});
const proxies: readonly Case[] = [
  [
    "a proxy that refuses connections",
    { ...mqtt, ...through("socks5", "dialling"), ...failed("ECONNREFUSED") },
    "PROXY_UNREACHABLE",
  ],
  ["a proxy whose name is unknown", { ...mqtt, ...through("http", "dialling"), ...failed("ENOTFOUND") }, "PROXY_UNREACHABLE"],
  ["no answer to the SYN", { ...mqtt, ...through("http", "dialling"), timedOut: true }, "PROXY_TIMEOUT"],
  [
    "an unknown certificate",
    { ...mqtt, ...through("https", "dialling"), ...failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE") },
    "PROXY_TLS",
  ],
  ["silence", { ...mqtt, ...through("http", "connected"), timedOut: true }, "PROXY_TIMEOUT"],
  [
    "silence, by the package",
    { ...mqtt, ...through("socks5", "connected"), ...said("Proxy connection timed out") },
    "PROXY_TIMEOUT",
  ],
  ["an end", { ...mqtt, ...through("socks5", "connected"), ...said("Socket closed") }, "PROXY_CLOSED"],
  [
    "another kind of proxy",
    { ...mqtt, ...through("socks5", "connected"), ...said("Received invalid Socks5 initial handshake (invalid socks version)") },
    "PROXY_PROTOCOL",
  ],
  ["not HTTP", { ...mqtt, ...through("http", "connected"), ...failed("HPE_INVALID_CONSTANT") }, "PROXY_PROTOCOL"],
  ["407", { ...mqtt, ...through("http", "connected", { status: 407 }) }, "PROXY_AUTH"],
  ["a wrong password", { ...mqtt, ...through("socks5", "connected"), ...said("Socks5 Authentication failed") }, "PROXY_AUTH"],
  ["403", { ...mqtt, ...through("http", "connected", { status: 403 }) }, "PROXY_REFUSED"],
  ["502", { ...mqtt, ...through("http", "connected", { status: 502, reason: "Bad Gateway" }) }, "PROXY_TARGET"],
  ["a redirection", { ...mqtt, ...through("http", "connected", { status: 302 }) }, "PROXY_PROTOCOL"],
  [
    "a rule",
    { ...mqtt, ...through("socks5", "connected"), ...said("Socks5 proxy rejected connection - NotAllowed") },
    "PROXY_REFUSED",
  ],
  [
    "an unreachable host",
    { ...mqtt, ...through("socks5", "connected"), ...said("Socks5 proxy rejected connection - HostUnreachable") },
    "PROXY_TARGET",
  ],
  [
    "SOCKS 4, which has one word for both",
    { ...mqtt, ...through("socks4", "connected"), ...said("Socks4 Proxy rejected connection - (Failed)") },
    "PROXY_TARGET",
    "guess",
  ],
  ["a server's name resolved here", { ...mqtt, ...through("socks5", "connected"), ...failed("ENOTFOUND") }, "DNS_NXDOMAIN"],
  ["behind it, silence", { ...mqtt, ...through("socks5", "through"), milestone: "connect-sent", timedOut: true }, "SILENT"],
];

for (const [title, facts, code, certain] of proxies) {
  test(`${title}: ${code}`, () => {
    expect(diagnose(facts)).toMatchObject({ code, certain: certain !== "guess" });
  });
}

test("the advice for a proxy's certificate is that of the certificate", () => {
  const facts = { ...mqtt, ...through("https", "dialling"), ...failed("CERT_HAS_EXPIRED") };
  expect(diagnose(facts)).toMatchObject({ code: "PROXY_TLS", evidence: "https://proxy.example:1080: TLS_EXPIRED" });
  expect(diagnose(facts).hints[0]).toMatch(/Renew the certificate/);
});
