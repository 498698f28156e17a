import { chmod, readFile, symlink, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ForeignProgram } from "../interop/foreign-program.ts";
import { BowlineProcess } from "./bowline-process.ts";
import { missingPrograms } from "./missing-programs.ts";

/* docs/authorization.md as it stands, and mosquitto's clients at a broker whose rules change. */

const root = fileURLToPath(new URL("../../../", import.meta.url));
const missing = missingPrograms("mosquitto_pub", "mosquitto_sub");
/** Each `bowline acl` is a process, which takes seconds on a busy machine. */
const PATIENCE_MS = 120_000;
const PASSWORD = "correct horse battery";

/** A broker in a folder where `bowline` is a command and ./.bowline its data. */
async function startWithCommand(): Promise<BowlineProcess> {
  const broker = await BowlineProcess.start("--listen", "mqtt://127.0.0.1:0", "--no-console");
  await symlink(broker.dataFolder, join(broker.folder, ".bowline"));
  const command = join(broker.folder, "bowline");
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${root}packages/cli/dist/main.js" "$@"\n`);
  await chmod(command, 0o755);
  await writeFile(join(broker.folder, "password.txt"), `${PASSWORD}\n`);
  return broker;
}

/** What a shell prints for the command, errors included. */
async function printed(broker: BowlineProcess, command: string): Promise<string> {
  const env = { ...process.env, PATH: `${broker.folder}:${process.env["PATH"]}`, NO_COLOR: "1" };
  const child = spawn("sh", ["-c", `${command} 2>&1`], { cwd: broker.folder, env, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  await new Promise((resolve) => child.once("close", resolve));
  return text;
}

/** Each `$ command` with what the document says it prints. A file that is shown by cat is written first. */
async function commandsOf(document: string): Promise<{ command: string; output: string }[]> {
  const text = await readFile(join(root, document), "utf8");
  const blocks = [...text.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block ?? "");
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = "", ...lines] = part.split("\n");
        return { command, output: lines.join("\n") };
      }),
  );
}

test("the commands of docs/authorization.md print what it says", { timeout: 2 * PATIENCE_MS }, async () => {
  const broker = await startWithCommand();
  try {
    const commands = await commandsOf("docs/authorization.md");
    expect(commands.length).toBeGreaterThan(15);
    for (const { command, output } of commands) {
      const shown = /^cat (\S+)$/.exec(command)?.[1];
      if (shown !== undefined) await writeFile(join(broker.folder, shown), output);
      expect(await printed(broker, command), command).toBe(output);
    }
  } finally {
    await broker.remove();
  }
});

describe.skipIf(missing !== "")(
  `mosquitto's clients under access rules${missing && ` (${missing})`}`,
  { timeout: PATIENCE_MS },
  () => {
    let broker: BowlineProcess;

    beforeAll(async () => {
      broker = await startWithCommand();
      for (const name of ["ann", "bob"]) await printed(broker, `bowline user add ${name} --password-file password.txt`);
      await acl("add allow both 'home/#' --user ann --id ann");
      await acl("add deny subscribe home/vault --user ann --id vault");
      await acl("add allow publish 'home/#' --user bob --id bob");
    }, PATIENCE_MS);
    afterAll(async () => {
      await broker?.remove();
    });

    const acl = (words: string): Promise<string> => printed(broker, `bowline acl ${words}`);
    function start(name: string, user: string, ...args: string[]): ForeignProgram {
      const { port } = new URL(broker.urls[0]!);
      return new ForeignProgram(name, ["-h", "127.0.0.1", "-p", port, "-u", user, "-P", PASSWORD, ...args]);
    }
    async function pub(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await start("mosquitto_pub", "bob", "-V", "mqttv5", "-q", "1", ...args).ended;
      expect(code).toBe(0);
      return stdout + stderr;
    }
    async function sub(id: string, ...args: string[]): Promise<ForeignProgram> {
      const program = start("mosquitto_sub", "ann", "-i", id, "-v", ...args);
      await broker.connectionsAre((all) => all.some((one) => one.clientIdentifier === id && one.subscriptions > 0));
      return program;
    }

    test.each(["mqttv311", "mqttv5"])(
      "%s: a filter that no rule covers is refused, and one that it covers is not",
      async (version) => {
        const refused = await start("mosquitto_sub", "ann", "-V", version, "-t", "#", "-C", "1").ended;
        expect(refused.stderr).toMatch(/denied|Not authorized/i);
        const granted = await sub(`granted-${version}`, "-V", version, "-t", "home/#", "-C", "2");
        expect(await pub("-t", "home/vault", "-m", "secret")).toBe("");
        expect(await pub("-t", "home/door", "-m", "open")).toBe("");
        expect(await pub("-t", "home/window", "-m", "shut")).toBe("");
        expect((await granted.ended).stdout).toBe("home/door open\nhome/window shut\n");
      },
    );

    test("a change reaches those who are connected, and what was retained", async () => {
      await pub("-t", "home/lamp", "-m", "retained", "-r");
      const watching = await sub("watching", "-V", "mqttv5", "-t", "home/#", "-C", "2");
      await acl("add deny publish home/lamp --user bob --place 1 --id no-lamp");
      expect(await pub("-t", "home/lamp", "-m", "refused")).toMatch(/Not authorized/i);
      const late = await sub("late", "-V", "mqttv5", "-t", "home/#", "-C", "1");
      await pub("-t", "home/end", "-m", "1");
      expect((await late.ended).stdout).toBe("home/end 1\n");
      expect((await watching.ended).stdout).toBe("home/lamp retained\nhome/end 1\n");
      await acl("remove no-lamp");
      await pub("-t", "home/lamp", "-r", "-n");
    });

    test("CVE-2021-34434: a durable subscription gets nothing of what it has lost the right to", async () => {
      const durable = ["-i", "durable", "-c", "-q", "1", "-V", "mqttv311"];
      expect((await start("mosquitto_sub", "ann", ...durable, "-t", "home/#", "-E").ended).code).toBe(0);
      await pub("-t", "home/a", "-m", "1");
      await pub("-t", "home/b", "-m", "2");
      await acl("add deny subscribe home/a --place 1 --id no-a");
      const back = start("mosquitto_sub", "ann", ...durable, "-v", "-t", "home/b", "-C", "1");
      expect((await back.ended).stdout).toBe("home/b 2\n");
      await acl("remove no-a");
    });
  },
);
