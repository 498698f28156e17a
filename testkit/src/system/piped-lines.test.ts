import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CommandFolder } from "./command-folder.ts";

/* Lines that are piped through `bowline pub` to `bowline sub`: none is lost, doubled or out of order. */

const LINES = process.env["BOWLINE_LONG"] === "1" ? 1_000_000 : 50_000;
const BEGINNING = "the beginning";
const bin = fileURLToPath(new URL("../../../packages/cli/bin/bowline.js", import.meta.url));

let commands: CommandFolder;

beforeEach(() => {
  commands = new CommandFolder();
});
afterEach(() => commands.remove());

test.each([0, 1])("with QoS %i", { timeout: 180_000 }, async (qos) => {
  const up = commands.bowline("up", "--memory", "--anonymous", "--no-console", "--listen", "mqtt://127.0.0.1:0");
  const [, url = ""] = await up.says(/^ready (\S+)/m);
  // What is retained comes when the subscription is there.
  const beginning = commands.bowline("pub", url, "-t", "lines/begin", "-m", BEGINNING, "--retain");
  expect(await beginning.ended).toMatchObject({ code: 0 });
  const count = ["-C", String(LINES + 1), "-W", "150"];
  const receiver = spawn(process.execPath, [bin, "sub", url, "-t", "lines/#", "-q", String(qos), ...count], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(receiver.stdout, "readable");
    const received = digest(receiver.stdout);
    const publisher = commands.bowline("pub", url, "-t", "lines", "-l", "-q", String(qos));
    const sent = createHash("sha256").update(`${BEGINNING}\n`);
    await write(publisher.child.stdin as NodeJS.WritableStream, sent);
    expect(await publisher.ended).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await received).toBe(sent.digest("hex"));
  } finally {
    receiver.kill("SIGKILL");
  }
  await up.kill("SIGTERM");
});

async function digest(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
}

async function write(stream: NodeJS.WritableStream, hash: ReturnType<typeof createHash>): Promise<void> {
  for (let first = 0; first < LINES; first += 1_000) {
    const lines = Array.from({ length: 1_000 }, (_, i) => `line ${first + i} of ${LINES}\n`).join("");
    hash.update(lines);
    // oxlint-disable-next-line no-await-in-loop -- As fast as it is taken.
    if (!stream.write(lines)) await new Promise((resolve) => stream.once("drain", resolve));
  }
  stream.end();
}
