import { CommandFolder } from "@bowline/testkit/system";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FaultyBroker } from "../../testing/faulty-broker.ts";
import { runInProcess } from "../../testing/run-in-process.ts";

let broker: FaultyBroker;
let commands: CommandFolder | undefined;
let url = "";

beforeEach(async () => {
  broker = await FaultyBroker.start("none", 5);
  url = `mqtt://127.0.0.1:${broker.port}`;
});
afterEach(async () => {
  await commands?.remove();
  commands = undefined;
  await broker.stop();
});

test("many clients are opened at a rate, held and counted", { timeout: 60_000 }, async () => {
  const count = process.env["BOWLINE_LONG"] === "1" ? "3000" : "20";
  const ended = await runInProcess("conn", url, "-n", count, "--interval", "0.005", "--hold", "0.1");
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const shown = Number(count).toLocaleString("en-US");
  expect(ended.stdout).toMatch(new RegExp(`^${shown} of ${shown} clients connected, ${shown} are online\n`));
  expect(ended.stdout).toMatch(/\nconnect +p50 .*\nlost +0 connections, 0 came back\n$/);
});

test("connections that are lost fail the run, and those that came back are told", async () => {
  const running = runInProcess("conn", url, "-n", "5", "--interval", "0", "--hold", "3", "--json");
  await until(() => broker.connections === 5);
  broker.cutAll();
  const { code, stdout } = await running;
  expect(code).toBe(1);
  const { drops, reconnects, ...rest } = JSON.parse(stdout) as Record<string, number>;
  expect(rest).toMatchObject({ v: 1, type: "conn", ok: false, clients: 5, connected: 5, online: 5 });
  // One that had no CONNACK yet has lost nothing.
  expect(drops).toBeGreaterThan(0);
  expect(reconnects).toBe(drops);
});

test("one client says what happens to its connection until it is interrupted", async () => {
  commands = new CommandFolder();
  const run = commands.bowline("conn", url, "--json", "-i", "watched");
  await run.says(/"event":"online"/);
  broker.cutAll();
  await run.says(/"event":"lost".*\n.*"event":"online"/);
  const { code, stdout } = await run.kill("SIGINT");
  expect(code).toBe(130);
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ event }) => event)).toEqual(["online", "lost", "online", "closed"]);
  expect(events[0]).toMatchObject({ v: 1, type: "conn", clientId: "watched", sessionPresent: false });
});

test("one client ends well after its time", async () => {
  const ended = await runInProcess("conn", url, "--hold", "0.05");
  expect(ended).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/online as .* a new session\n.*closed\n$/) });
});

test.each([
  [["mqtt://127.0.0.1:1"], 3],
  [["mqtt://127.0.0.1:1", "-n", "3", "--interval", "0"], 3],
  [["mqtt://127.0.0.1:1", "-n", "0"], 2],
] as const)("conn %j ends with %i", async (argv, code) => {
  expect(await runInProcess("conn", ...argv)).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(/error\[/) });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}
