import { localServers } from "@bowline/testkit/broker";
import { afterEach, expect, test, vi } from "vitest";
import { runBowline } from "./run-bowline.ts";

/* bowline trace at a broker in this process. */

const servers = localServers({ anonymous: true, memory: true });
afterEach(() => void vi.restoreAllMocks());

/** What the command writes, and how it can be waited for. */
function listen(): { out: () => string; err: () => string; said: (word: string) => Promise<void> } {
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    });
  }
  const said = (word: string): Promise<void> => vi.waitFor(() => expect(written.stdout + written.stderr).toContain(word), 10_000);
  return { out: () => written.stdout, err: () => written.stderr, said };
}

async function trace(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { out, err, said } = listen();
  const ended = runBowline(["trace", "--data", servers.server.folder.path, ...args]);
  await Promise.race([said("tracing 0 connections"), ended]);
  const client = servers.client({ session: { clientId: "dash-1" } });
  await client.publish("a/b", "hello", { qos: 1 });
  return { code: await ended, out: out(), err: err() };
}

test("shows a client's packets, a line each, and says at the end how many there were", async () => {
  await servers.start();
  const { code, out, err } = await trace("--client", "dash-1", "--count", "4");
  const lines = out.trimEnd().split("\n");
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} dash-1 [<>] [A-Z]+/);
  expect(lines[2]).toMatch(/ > PUBLISH a\/b QoS 1 id \d+ 5 bytes "hello"$/);
  expect(err).toContain("ended (packets): 4 packets, 0 not shown\n");
  expect(code).toBe(0);
});

test("--json is a record a line, and --payload 0 shows none", async () => {
  await servers.start();
  const { out } = await trace("--topic", "a/+", "--count", "2", "--payload", "0", "--json");
  const events = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ kind }) => kind)).toEqual(["started", "packet", "packet", "end"]);
  expect(events[1]).toMatchObject({ v: 1, type: "PUBLISH", fields: { topicName: "a/b" }, payload: { bytes: 5, isCut: true } });
});

test("what is wrong is said before anything is traced, and so is that no broker runs", async () => {
  await servers.start();
  const { err } = listen();
  const run = (...args: string[]): Promise<number> => runBowline(["trace", "--data", servers.server.folder.path, ...args]);
  expect([await run("dash-1"), await run("--seconds", "0"), await run("--address", "here")]).toEqual([2, 2, 2]);
  await servers.close();
  expect(await run()).toBe(3);
  expect(err()).toMatch(/error\[OPTION_INVALID\].*address/s);
});
