import { MqttError } from "@bowline/protocol";
import { afterEach, expect, test, vi } from "vitest";
import { reportError } from "./report-error.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function said(error: unknown, code = 1): string {
  let text = "";
  vi.spyOn(process.stderr, "write").mockImplementation((part) => {
    text += String(part);
    return true;
  });
  expect(reportError(error, false)).toBe(code);
  return text;
}

test("what is not installed is no bug of ours", async () => {
  const name = "no-such-package-of-anybody";
  const missing: unknown = await import(name).catch((error: unknown) => error);
  const error = Object.assign(new Error(`Cannot find package '${name}'`), { code: (missing as { code?: string }).code });
  expect(said(error)).toBe(
    `error[INTERNAL] Cannot find package '${name}'\n  Something is not installed: run npm ci in a checkout, or npm install where Bowline is a dependency.\n`,
  );
  expect(said(new TypeError("x is not a function"))).toContain("This is a bug of Bowline.");
});

test("advice names flags, not the options of the library", () => {
  const error = new MqttError("TLS_SNI", { remedy: "Connect by the server's name, or set `servername`." });
  expect(said(error, 3)).toContain("or give --sni NAME.");
});

test("a right that is missing at a broker of ours comes with the command that gives it", () => {
  const denied = new MqttError("PUB_DENIED", { detail: "NOT_AUTHORIZED: no rule matches, which means deny" });
  expect(said(denied, 4)).toContain("\n  Where the broker runs: bowline acl add allow publish TOPIC --user NAME\n");
  const unseen = new MqttError("SUB_DENIED", { detail: "a/#: NOT_AUTHORIZED: no rule allows all of a/#" });
  expect(said(unseen, 4)).toContain("bowline acl add allow subscribe FILTER --user NAME\n");
  expect(said(new MqttError("SUB_DENIED", { detail: "a/#" }), 4)).not.toContain("bowline acl");
});

test("colours follow NO_COLOR and FORCE_COLOR, and a pipe has none", () => {
  const error = new MqttError("TCP_REFUSED");
  vi.stubEnv("FORCE_COLOR", undefined);
  vi.stubEnv("NO_COLOR", undefined);
  expect(said(error, 3)).not.toContain("\u001b[");
  vi.stubEnv("FORCE_COLOR", "1");
  expect(said(error, 3)).toMatch(/^\u001b\[1m\u001b\[31merror\[TCP_REFUSED\]/);
  vi.stubEnv("FORCE_COLOR", undefined);
  vi.stubEnv("NO_COLOR", "1");
  expect(said(error, 3)).not.toContain("\u001b[");
});

test("for a broker of ours the authority's file is named", () => {
  const error = (issuer: string): MqttError => new MqttError("TLS_UNKNOWN_CA", { detail: `issued by CN=${issuer}` });
  expect(said(error("Bowline local CA kitchen"), 3)).toContain("such as .bowline/ca.pem");
  expect(said(error("Somebody"), 3)).not.toContain(".bowline");
});
