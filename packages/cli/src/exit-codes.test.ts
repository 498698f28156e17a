import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalServers } from "@bowline/testkit/broker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COMMANDS } from "./command-list.ts";
import { runInProcess } from "./testing/run-in-process.ts";

/* What each command ends with when it does not go well. docs/command-line.md says what the numbers mean. */

const NOWHERE = "mqtt://127.0.0.1:1";
const MESSAGE = ["-t", "a", "-m", "b"];
const servers = new LocalServers({ memory: true });
/** Accepts and says nothing. */
let silent: Server;
let folder = "";
const places = { OPEN: "", CLOSED: "", SILENT: "", EMPTY: "" };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bowline-exit-codes-"));
  writeFileSync(join(folder, "nonsense"), "nonsense: [");
  await servers.begin();
  places.OPEN = (await servers.start({ data: "open", anonymous: true })).listeners[0] ?? "";
  places.CLOSED = (await servers.start({ data: "closed" })).listeners[0] ?? "";
  silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  places.SILENT = `mqtt://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  places.EMPTY = folder;
});
afterAll(async () => {
  await servers.end();
  silent.close();
  rmSync(folder, { recursive: true });
});

/** A folder in which no broker ever ran. */
const EMPTY = ["--data", "EMPTY/none"];
/** Words in capitals are places of the test. */
const cases: readonly (readonly [code: number, ...words: string[]])[] = [
  [1, "up", "--data", "/dev/null/bowline"],
  [2, "up", "--nats", "x"],
  [2, "up", "--listen", "http://localhost"],
  [1, "pub", "SILENT", ...MESSAGE, "-W", "0.1"],
  [2, "pub", "OPEN"],
  [2, "pub", "OPEN", "-t", "a/#", "-m", "b"],
  [3, "pub", NOWHERE, ...MESSAGE],
  [3, "pub", "SILENT", ...MESSAGE, "--connect-timeout", "0.1"],
  [4, "pub", "CLOSED", ...MESSAGE],
  [1, "sub", "OPEN", "-t", "a", "-C", "1", "-W", "0.1"],
  [2, "sub", "OPEN"],
  [3, "sub", NOWHERE, "-t", "a"],
  [4, "sub", "CLOSED", "-t", "a"],
  [1, "rpc", "OPEN", ...MESSAGE, "-W", "0.1"],
  [2, "rpc", "OPEN", "-t", "a"],
  [3, "rpc", NOWHERE, ...MESSAGE],
  [4, "rpc", "CLOSED", ...MESSAGE],
  [2, "bench", "sideways", "OPEN"],
  [3, "bench", NOWHERE, "--duration", "0.1"],
  [4, "bench", "CLOSED", "--duration", "0.1"],
  [2, "simulate", "nothing-of-that-name", "OPEN"],
  [3, "simulate", "weather", NOWHERE, "-n", "1", "--duration", "0.1"],
  [2, "conn", "OPEN", "-n", "none"],
  [3, "conn", NOWHERE],
  [4, "conn", "CLOSED"],
  [2, "profile", "keep"],
  [2, "doctor", "localhost"],
  [3, "doctor", NOWHERE],
  [4, "doctor", "CLOSED"],
  [1, "user", "list", ...EMPTY],
  [2, "user", "list", "--nothing"],
  [2, "user", "dance", "--data", "EMPTY"],
  [2, "user", "dance", ...EMPTY],
  [2, "user", "remove", ...EMPTY],
  [2, "tenant", "dance", "--data", "EMPTY"],
  [2, "tenant", "dance", ...EMPTY],
  [1, "tenant", "list", ...EMPTY],
  [2, "plan", "dance", "--data", "EMPTY"],
  [2, "plan", "dance", ...EMPTY],
  [3, "plan", "delete", "x", ...EMPTY],
  [2, "key", "dance", "--data", "EMPTY"],
  [2, "key", "dance", ...EMPTY],
  [3, "key", "list", ...EMPTY],
  [2, "acl", "dance", "--data", "EMPTY"],
  [2, "acl", "add", "perhaps", "both", "a", ...EMPTY],
  [2, "acl", "dance", ...EMPTY],
  [1, "acl", "list", ...EMPTY],
  [1, "backup", "--to", "EMPTY/x.backup", ...EMPTY],
  [2, "backup"],
  [2, "config", "check", "EMPTY/missing.yaml"],
  [2, "config", "check", "EMPTY/nonsense"],
  [3, "config", "reload", ...EMPTY],
  [3, "drain", ...EMPTY],
  [2, "drain", "--seconds", "soon"],
  [2, "drain", "all", ...EMPTY],
  [2, "console", "all", ...EMPTY],
  [2, "trust", "all", ...EMPTY],
  [3, "trace", "--client", "x", ...EMPTY],
  [2, "trace", "x", ...EMPTY],
  [2, "realtime", "check"],
  [3, "console", ...EMPTY],
  [1, "trust", ...EMPTY],
  [2, "completion", "tcsh"],
  [2, "explain", "NOTHING_AT_ALL"],
];

test.each(cases)("%i: bowline %s %s %s %s", async (code, ...args) => {
  const words = args as string[];
  const named = words.map((word) => word.replace(/^(OPEN|CLOSED|SILENT|EMPTY)/, (place) => places[place as keyof typeof places]));
  const ended = await runInProcess(...named);
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({
    code,
    stderr: expect.stringMatching(words[0] === "doctor" ? /^/ : /./),
  });
});

test("every command ends badly in some case above, with every code that is documented", () => {
  expect([...new Set(cases.map(([, command]) => command))].sort()).toEqual(Object.keys(COMMANDS).sort());
  const text = readFileSync(join(import.meta.dirname, "../../../docs/command-line.md"), "utf8");
  const documented = [...text.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));
  expect(documented).toEqual([0, 1, 2, 3, 4, 130]);
  expect([...new Set(cases.map(([code]) => code))].sort()).toEqual([1, 2, 3, 4]);
});
