import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";

/* `npm start` as a newcomer types it, but for a data folder and ports of the test's own. */

const root = fileURLToPath(new URL("../../../", import.meta.url));
const listen = ["--listen", "mqtts://localhost:0", "--listen", "wss://localhost:0/mqtt", "--console", "https://localhost:0"];

let folder = "";
const running = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-start-"));
});
afterEach(async () => {
  for (const child of running) {
    process.kill(-child.pid!, "SIGKILL");
    await once(child, "close");
  }
  rmSync(folder, { recursive: true });
});

interface Run {
  child: ChildProcess;
  stdout: string;
  stderr: string;
  ended: Promise<number | string>;
}

/** In a process group of its own, which is what Ctrl-C at a terminal reaches. */
function run(file: string, args: readonly string[]): Run {
  // As from a shell: what npm told this test's own process must not reach the npm that is tested.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV)/.test(name)));
  const child = spawn(file, args, { cwd: root, env: { ...env, NO_COLOR: "1" }, detached: true });
  const one: Run = { child, stdout: "", stderr: "", ended: Promise.resolve(0) };
  running.add(child);
  child.stdout.setEncoding("utf8").on("data", (text: string) => (one.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (one.stderr += text));
  one.ended = once(child, "close").then(([code, signal]) => {
    running.delete(child);
    return (code ?? signal) as number | string;
  });
  return one;
}

/** Resolves at the line `ready`, with the commands that were printed to be copied. */
async function npmStart(): Promise<{ npm: Run; subscribe: string; publish: string }> {
  const npm = run("npm", ["start", "--", "--data", join(folder, "data"), ...listen]);
  while (!/^ready /m.test(npm.stdout)) {
    const isOver = await Promise.race([once(npm.child.stdout!, "data").then(() => false), npm.ended.then(() => true)]);
    if (isOver) throw new Error(`npm start ended:\n${npm.stderr}`);
  }
  const command = (name: string): string => new RegExp(`^ {2}(.*bowline ${name} .*)$`, "m").exec(npm.stderr)?.[1] ?? "";
  return { npm, subscribe: command("sub"), publish: command("pub") };
}

async function endedWithin2s(npm: Run, end: () => void): Promise<void> {
  const before = performance.now();
  end();
  expect({ code: await npm.ended, stderr: npm.stderr }).toMatchObject({ code: 0 });
  expect(performance.now() - before).toBeLessThan(2_000);
}

/** A client whose session stays, at the address of the current start. */
function keepingClient(): Client {
  const file = JSON.parse(readFileSync(join(folder, "data/first-user.json"), "utf8")) as Record<
    "url" | "username" | "password",
    string
  >;
  const session = { clientId: "keeps", expiryInterval: 3600, cleanStart: false };
  const ca = readFileSync(join(folder, "data/ca.pem"), "utf8");
  const { url, username, password } = file;
  return connect(url, { credentials: { username, password }, tls: { ca }, session });
}

/** As pasted into a shell. */
const paste = (command: string): Run => run("sh", ["-c", `exec ${command}`]);

test("[Must hold 1] npm start prints commands that work as pasted, SIGTERM to npm and Ctrl-C end it within 2 s, and a second start keeps user, sessions and retained messages", async () => {
  const first = await npmStart();
  expect(first.subscribe).toMatch(/^npx bowline sub /);
  const keeping = keepingClient();
  await keeping.subscribe("demo/#", { qos: 1 }).ready;
  await keeping.abort();

  const receiving = paste(`${first.subscribe} -C 1 -W 20`);
  // Retained, so that it does not matter which of the two is there first.
  expect({ code: await paste(`${first.publish} -q 1 --retain`).ended }).toEqual({ code: 0 });
  expect({ code: await receiving.ended, ...receiving }).toMatchObject({ code: 0, stdout: "demo/hello Hello from Bowline\n" });
  await endedWithin2s(first.npm, () => process.kill(first.npm.child.pid!, "SIGTERM"));

  const second = await npmStart();
  expect(second.npm.stderr).not.toMatch(/Password/);
  const again = paste(`${second.subscribe} -C 1 -W 20`);
  expect({ code: await again.ended, ...again }).toMatchObject({ code: 0, stdout: "demo/hello Hello from Bowline\n" });
  const returning = keepingClient();
  const kept = new Promise<string>((resolve) => returning.once("message", (message) => resolve(message.text())));
  expect(await returning.online()).toMatchObject({ sessionPresent: true });
  expect(await kept).toBe("Hello from Bowline");
  await returning.close();
  await endedWithin2s(second.npm, () => process.kill(-second.npm.child.pid!, "SIGINT"));
}, 120_000);
