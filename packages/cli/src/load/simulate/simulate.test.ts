import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "@bowline/client";
import { CommandFolder, type RunningCommand } from "@bowline/testkit/system";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runInProcess } from "../../testing/run-in-process.ts";
import { BUILT_IN } from "./built-in/index.ts";

const example = join(import.meta.dirname, "../../../../../examples/scenario.ts");
let commands: CommandFolder;
let up: RunningCommand;
let url = "";

beforeAll(async () => {
  commands = new CommandFolder();
  up = commands.bowline("up", "--anonymous", "--memory", "--no-console", "--listen", "mqtt://127.0.0.1:0");
  [, url = ""] = await up.says(/^ready (\S+)/m);
});
afterAll(async () => {
  await up.kill("SIGTERM");
  await commands.remove();
});

describe("bowline simulate", () => {
  test("names what comes with it, with a line each", async () => {
    const { code, stdout } = await runInProcess("simulate", "--list");
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual(Object.keys(BUILT_IN));
  });

  test.each(Object.keys(BUILT_IN))("%s would publish the same for the same seed, and something else for another", async (name) => {
    const dry = (seed: string) =>
      runInProcess("simulate", name, "--dry-run", "-n", "3", "--duration", "20", "--seed", seed, "--json");
    const first = await dry("7");
    expect(first).toMatchObject({ code: 0, stderr: `note: ${name}, 3 devices, seed 7\n` });
    expect((await dry("7")).stdout).toBe(first.stdout);
    expect((await dry("8")).stdout).not.toBe(first.stdout);
    const messages = first.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { at: number; topic: string });
    expect(messages.length).toBeGreaterThan(10);
    expect(messages.every(({ at }, i) => at >= (messages[i - 1]?.at ?? 0))).toBe(true);
    expect(messages.every(({ topic }) => topic.startsWith(`simulate/${name}/`))).toBe(true);
  });

  test("a machine of the factory takes a command, and says so", async () => {
    const running = runInProcess("simulate", "factory", url, "-n", "2", "--duration", "1.5", "-t", "plant", "--json");
    const client = connect(url);
    const states = client.subscribe("plant/machine-1/state", { qos: 1 });
    for await (const status of client.subscribe("plant/machine-1/status")) if (status.text() === "online") break;
    await client.publish("plant/machine-1/command", "stop", { qos: 1 });
    for await (const state of states) {
      expect(state.json()).toEqual({ isRunning: false });
      break;
    }
    await client.close();
    const { code, stdout } = await running;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      v: 1,
      type: "simulate",
      ok: true,
      scenario: "factory",
      devices: 2,
      connected: 2,
      commands: 1,
    });
  });

  test("the example runs as its first lines say", async () => {
    const run = await commands.bowline("simulate", example, url, "--duration", "1", "-v", "-i", "well-%i-pump").ended;
    expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/^note: scenario, 5 devices, seed \d+\n$/) });
    expect(run.stdout).toMatch(/^simulate\/scenario\/well-\d-pump\/pressure {"bar":\d.*}$/m);
    expect(run.stdout).toMatch(/^5 of 5 devices were online\n\d+ messages published, 0 of them failed/m);
  });

  test("a request is answered at its Response Topic, and devices that were dropped come back", async () => {
    const folder = commands.path;
    const publish = "{ every: 0.1, message: (d: any) => ({ topic: d.topic('n'), payload: d.number }) }";
    const command = "{ filter: (d: any) => d.topic('ask'), handle: (d: any, m: any) => ({ payload: m.text().toUpperCase() }) }";
    const fields = `state: () => 0, devices: 2, drops: { every: 0.5, away: 0.05 }, publish: [${publish}], commands: [${command}]`;
    writeFileSync(join(folder, "asked.ts"), `import { scenario } from "bowline";\nexport default scenario({ ${fields} });\n`);
    const running = commands.bowline("simulate", "asked.ts", url, "--json", "-t", "x", "-v");
    await running.says(/"topic":"x\/device-1\/n"/);
    const client = connect(url);
    // It may be away just now, and then nobody answers.
    const ask = (): Promise<string> =>
      client.request("x/device-1/ask", "hello", { timeoutMs: 500 }).then((answer) => answer.text(), ask);
    expect(await ask()).toBe("HELLO");
    await client.close();
    const { code, stdout } = await running.kill("SIGINT");
    expect(code).toBe(130);
    expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
      type: "simulate",
      connected: 2,
      publishFailures: 0,
    });
  });

  test.each([
    [
      "export default scenario({ state: () => 0, publish: [{ every: 0, message: () => undefined }] });",
      2,
      "publish[0].every must be",
    ],
    ["export default scenario({ state: () => 0 });", 2, "give publish or commands"],
    ["export const other = scenario;", 2, "it has no default export"],
    ["export default scenario({", 2, "PARSE_ERROR"],
    ["throw new Error('no luck');", 2, "no luck"],
    [
      "export default scenario({ state: () => { throw new Error('no state'); }, publish: [{ every: 1, message: () => undefined }] });",
      2,
      "state failed: no state",
    ],
  ] as const)("a scenario %j is refused with its reason", async (text, code, words) => {
    const file = join(commands.path, "faulty.ts");
    writeFileSync(file, `import { scenario } from "bowline";\nvoid scenario;\n${text}\n`);
    const ended = await commands.bowline("simulate", "faulty.ts", url, "--duration", "1").ended;
    expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringContaining("error[SCENARIO_INVALID]") });
    expect(ended.stderr).toContain(words);
  });

  test.each([
    [["simulate"], 2],
    [["simulate", "nothing.ts"], 2],
    [["simulate", "factory", "mqtt://127.0.0.1:1", "-n", "2"], 3],
    [["simulate", "factory", "mqtt://127.0.0.1:1", "--seed", "x"], 2],
  ] as const)("%j ends with %i", async (argv, code) => {
    expect(await runInProcess(...argv)).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(/error\[/m) });
  });
});
