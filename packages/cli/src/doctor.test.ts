import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { CommandFolder, type RunningCommand } from "@bowline/testkit/system";
import { afterEach, beforeEach, expect, test } from "vitest";

/* `bowline doctor` as people and scripts run it. What it finds is proven on the fault farm. */

let commands: CommandFolder;

beforeEach(() => {
  commands = new CommandFolder();
});
afterEach(() => commands.remove());

function doctor(...args: string[]): RunningCommand {
  return commands.bowline("doctor", ...args);
}

test("a broker that works is healthy, and what is wrong decides how the command ends", async () => {
  const up = commands.bowline("up", "--listen", "mqtts://localhost:0", "--no-console");
  const [, url = ""] = await up.says(/^ready (\S+)/m);
  const credentials = ["--credentials", ".bowline/first-user.json"];
  const healthy = await doctor(url, ...credentials, "--verbose").ended;
  expect(healthy).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining(`Healthy: ${url}`) });
  expect(healthy.stdout).toMatch(/^✓ dns .*\n✓ tcp .*\n✓ tls .*\n✓ mqtt .*\n✓ authz .*\n {2}certificate 1: CN=localhost/);

  const unknown = await doctor(url, "--json").ended;
  expect(unknown).toMatchObject({ code: 3, stderr: "" });
  expect(JSON.parse(unknown.stdout)).toMatchObject({
    v: 1,
    type: "doctor",
    healthy: false,
    cause: { id: "TLS_UNKNOWN_CA", stage: "tls", severity: "fail", oneOf: [], retry: "new-input" },
  });
  const stranger = await doctor(url, "--ca", ".bowline/ca.pem").ended;
  expect(stranger).toMatchObject({ code: 4, stdout: expect.stringContaining("fault[NOT_AUTHORIZED]") });
  const short = await doctor(...credentials, "--hold", "1", "-k", "20").ended;
  expect(short).toMatchObject({ code: 0, stdout: expect.stringContaining("stayed for 1 s") });
  const { password } = JSON.parse(readFileSync(join(commands.path, ".bowline/first-user.json"), "utf8")) as { password: string };
  writeFileSync(join(commands.path, "client.log"), `${"x".repeat(70_000)}\nlogging in with ${password}\nlost it\n`);
  const bundling = [url, "--ca", ".bowline/ca.pem", ...credentials, "--bundle", "ticket.json", "--log"];
  expect(await doctor(...bundling, "nothing.log").ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--log nothing.log"),
  });
  expect(await doctor(...bundling, "client.log").ended).toMatchObject({ code: 0 });
  const ticket = readFileSync(join(commands.path, "ticket.json"), "utf8");
  expect(JSON.parse(ticket)).toMatchObject({
    v: 1,
    type: "doctor-bundle",
    deployment: { url },
    client: { name: "bowline", node: process.versions.node },
    options: { password: "[given]", ca: "[given]" },
    report: { healthy: true, facts: { milestone: "accepted" } },
    logTail: ["logging in with [redacted]", "lost it", ""],
  });
  expect(ticket).toContain("SUBSCRIBE");
  expect(ticket).not.toContain(password);
  expect(await doctor(url, "--bundle", "ticket.json").ended).toMatchObject({ code: 2, stdout: "" });
  await up.kill("SIGTERM");
});

test("each fault of the way ends it with the number of the contract", async () => {
  const server = createServer((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const cases: readonly (readonly [args: readonly string[], code: number, words: RegExp])[] = [
    [[`mqtt://localhost:${port}`], 3, /fault\[WRONG_SERVICE\]/],
    [["mqtt://localhost:1"], 3, /fault\[TCP_REFUSED\][\s\S]*bowline doctor mqtt:\/\/localhost:1 --scan/],
    [["localhost:1883"], 2, /fault\[URL_INVALID\][\s\S]*Did you mean mqtts:\/\/localhost:1883/],
  ];
  for (const [args, code, words] of cases) {
    expect(await doctor(...args).ended, args.join()).toMatchObject({ code, stderr: "", stdout: expect.stringMatching(words) });
  }
  expect(await doctor("mqtt://localhost:1", "--hold", "no").ended).toMatchObject({ code: 2, stdout: "" });
  expect(await doctor("mqtt://localhost:1", "more").ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('what is "more"?'),
  });
  expect(await doctor("mqtss://localhost:1").ended).toMatchObject({
    code: 2,
    stdout: expect.stringContaining("Did you mean mqtts://"),
  });
  const mistyped = await doctor("mqtt://localhost:1", "--jsno").ended;
  expect(mistyped).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--json") });
  expect(await doctor("mqtt://localhost:1", "--log", "x").ended).toMatchObject({ code: 2, stdout: "" });
  expect(await doctor().ended).toMatchObject({ code: 2, stderr: expect.stringContaining("error[USAGE]") });
  expect(await doctor("--help").ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: bowline doctor URL\n/) });
  server.close();
});
