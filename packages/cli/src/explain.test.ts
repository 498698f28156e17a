import { afterEach, expect, test, vi } from "vitest";
import { runBowline } from "./run-bowline.ts";

afterEach(() => void vi.restoreAllMocks());

async function explained(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((said.out += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((said.err += String(text)), true));
  return { code: await runBowline(["explain", ...words]), ...said };
}

test.each([
  [["-5"], "TLS_SNI: "],
  [["135"], "NOT_AUTHORIZED: "],
  [["0x8E"], "TAKEOVER: "],
  [["Session", "taken", "over"], "TAKEOVER: "],
  [["NS_ERROR_NET_RESET"], "TCP_RESET_AT_ACCEPT: "],
  [["Error: connect ECONNREFUSED 127.0.0.1:1883"], "TCP_REFUSED: "],
  [["tls-unknown-ca"], "TLS_UNKNOWN_CA: "],
])("%j", async (words, begin) => {
  const { code, out, err } = await explained(...words);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out.replace(/^Known here as .*\n\n/, "")).toMatch(new RegExp(`^${begin}`));
});

test("what nobody says is wrong usage, with the nearest code", async () => {
  expect(await explained("TLS_UNKNWON_CA")).toMatchObject({ code: 2, out: "", err: expect.stringContaining("TLS_UNKNOWN_CA") });
  expect(await explained("-99")).toMatchObject({ code: 2, out: "" });
  expect(await explained()).toMatchObject({ code: 2, out: "" });
});
