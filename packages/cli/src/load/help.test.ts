import { join } from "node:path";
import { CommandFolder } from "@bowline/testkit/system";
import { afterEach, expect, test } from "vitest";
import { bench } from "../commands/bench.ts";
import { conn } from "../commands/conn.ts";
import { simulate } from "../commands/simulate.ts";
import { runInProcess } from "../testing/run-in-process.ts";

const all = { bench, conn, simulate };
let commands: CommandFolder | undefined;

afterEach(async () => {
  await commands?.remove();
  commands = undefined;
});

test.each(Object.keys(all))("the help of %s fits the screen", async (name) => {
  const { code, stdout } = await runInProcess(name, "--help");
  const lines = stdout.split("\n");
  expect(code).toBe(0);
  expect(lines.length).toBeLessThanOrEqual(45);
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
});

test("the examples of the help run as they stand, but for less long", { timeout: 60_000 }, async () => {
  commands = new CommandFolder();
  const up = commands.bowline("up", "--no-console", "--listen", "mqtts://localhost:0");
  const [, url = ""] = await up.says(/^ready (\S+)/m);
  const login = join(commands.path, ".bowline/first-user.json");
  for (const example of Object.values(all).flatMap(({ examples }) => examples)) {
    const words = [...example.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
    const argv = words.slice(1).map((word, i, rest) => {
      if (word === "mqtts://localhost:8883") return url;
      if (word === ".bowline/first-user.json") return login;
      // A dry run takes no time, and in less of it may have nothing to say.
      const isTime = !rest.includes("--dry-run") && ["--duration", "--hold"].includes(rest[i - 1] ?? "");
      // Devices that are not online by the end are a failure, on a busy machine too.
      return isTime ? (words[1] === "simulate" ? "1.5" : "0.2") : word;
    });
    const ended = await runInProcess(...argv, ...(argv[0] === "bench" ? ["--warm", "0.1"] : []));
    expect({ example, ...ended }).toMatchObject({ example, code: 0, stdout: expect.stringMatching(/./) });
  }
  await up.kill("SIGTERM");
});
