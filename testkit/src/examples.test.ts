import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const root = join(import.meta.dirname, "../..");
const password = "correct-horse-battery-staple";
const before = process.cwd();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-examples-"));
  process.chdir(folder);
});

afterEach(async () => {
  process.chdir(before);
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

interface RunningExample {
  server: { listeners: readonly string[]; folder: { ca: string }; close(): Promise<void> };
}

describe("examples", () => {
  test("a program embeds the broker, and the client of the README talks to it", async () => {
    const printed = vi.spyOn(console, "log").mockImplementation(() => {});
    vi.stubEnv("DATA", join(folder, "data"));
    vi.stubEnv("LISTEN", "mqtts://localhost:0");
    vi.stubEnv("SENSOR_PASSWORD", password);
    const signalled = process.listeners("SIGTERM");
    const { server } = (await runExample("broker.js")) as RunningExample;
    try {
      expect(printed.mock.lastCall?.[0]).toMatch(/^listening on mqtts:\/\/localhost:\d+; clients trust .*ca\.pem$/);
      await writeFirstUser(server);
      await runExample("client.js");
      expect(printed.mock.lastCall).toEqual(["demo/kitchen/celsius", 21.5]);
    } finally {
      for (const listener of process.listeners("SIGTERM").filter((one) => !signalled.includes(one)))
        process.off("SIGTERM", listener);
      await server.close();
    }
  });

  test.each(["client.js", "broker.js"])("the README shows %s as it is", async (name) => {
    const readme = await readFile(join(root, "README.md"), "utf8");
    const example = await readFile(join(root, "examples", name), "utf8");
    expect(readme).toContain(`\`\`\`js\n${example}\`\`\`\n`);
  });

  test("the README's test line is the one that the server for continuous integration runs", async () => {
    const lines = (await readFile(join(root, ".ci/run"), "utf8")).trim().split("\n");
    expect(await readFile(join(root, "README.md"), "utf8")).toContain(`\`\`\`sh\n${lines.at(-1)}\n\`\`\`\n`);
  });
});

/** By an address made at run time, since an example is no part of any package. */
async function runExample(name: string): Promise<unknown> {
  return await import(/* @vite-ignore */ join(root, "examples", name));
}

/** What `npm start` leaves for its first user. */
async function writeFirstUser(server: RunningExample["server"]): Promise<void> {
  await mkdir(".bowline");
  const user = { url: server.listeners[0], username: "sensor", password, ca: "ca.pem" };
  await copyFile(server.folder.ca, ".bowline/ca.pem");
  await writeFile(".bowline/first-user.json", JSON.stringify(user));
}
