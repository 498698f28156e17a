import { expect, test } from "vitest";
import { examine } from "./examine.ts";
import type { DoctorOptions } from "./options.ts";
import { examine as examineInPage } from "./page/examine-page.ts";

const cases: readonly (readonly [options: DoctorOptions, words: string])[] = [
  [{ clientId: "a\u0000b" }, "clientIdentifier holds the character U+0000"],
  [{ username: "x".repeat(70_000) }, "username is longer than 65,535 bytes"],
  [{ keepAlive: 70_000 }, "keepAlive must be an integer from 0 to 65535"],
  [{ authentication: { method: "x".repeat(70_000) } }, "authenticationMethod is longer than 65,535 bytes"],
];

test.each(cases)("what CONNECT cannot say is a finding before anything is dialled: %o", async (options, words) => {
  for (const report of [
    await examine("mqtt://127.0.0.1:1883", options),
    await examineInPage("ws://127.0.0.1:9083/mqtt", options),
  ]) {
    expect(report.cause).toMatchObject({ id: "PACKET_INVALID", severity: "fail", because: words });
    expect(report.healthy).toBe(false);
  }
});
