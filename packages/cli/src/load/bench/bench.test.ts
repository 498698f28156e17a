import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { CommandFolder, type RunningCommand } from "@bowline/testkit/system";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type BrokerFault, FaultyBroker } from "../../testing/faulty-broker.ts";
import { type EndedCommand, runInProcess } from "../../testing/run-in-process.ts";
import type { BenchRecord } from "./bench-record.ts";

/** The long run measures for longer. */
const isLong = process.env["BOWLINE_LONG"] === "1";
let commands: CommandFolder;
let up: RunningCommand;
let urls: string[] = [];
let broker: FaultyBroker | undefined;

beforeAll(async () => {
  commands = new CommandFolder();
  const listeners = ["mqtt://127.0.0.1:0", "ws://127.0.0.1:0", "mqtts://localhost:0"].flatMap((url) => ["--listen", url]);
  up = commands.bowline("up", "--anonymous", "--memory", "--no-console", ...listeners);
  const [, line = ""] = await up.says(/^ready (.*)\n/m);
  urls = line.split(" ");
});
afterAll(async () => {
  await up.kill("SIGTERM");
  await commands.remove();
});
afterEach(async () => {
  await broker?.stop();
  broker = undefined;
});

async function faulty(fault: BrokerFault): Promise<string> {
  broker = await FaultyBroker.start(fault, 5);
  return `mqtt://127.0.0.1:${broker.port}`;
}

function recordOf({ stdout }: EndedCommand): BenchRecord {
  return JSON.parse(stdout) as BenchRecord;
}

describe("bowline bench", () => {
  test.each([
    ["pairs", "mqtt", ["-n", "3", "-q", "1"], 600],
    ["fan-in", "mqtt", ["--publishers", "3", "--subscribers", "2"], 1_200],
    ["fan-out", "mqtt", ["-n", "4", "-q", "2", "-V", "3.1.1"], 800],
    ["pairs", "ws", ["-n", "2", "-s", "2000"], 400],
    ["pairs", "mqtts", ["-n", "2", "-q", "1", "--ramp", "0.05"], 400],
  ] as const)("%s over %s delivers every message, and says so", async (kind, scheme, options, deliveries) => {
    const url = urls.find((one) => one.startsWith(`${scheme}:`)) ?? "";
    const ca = scheme === "mqtts" ? ["--ca", join(commands.path, ".bowline/ca.pem")] : [];
    const ended = await runInProcess("bench", kind, url, ...ca, ...options, "--count", "200", "--json", "--threads", "1");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { v, type, ok, brokers } = recordOf(ended);
    expect({ v, type, ok, kind }).toEqual({ v: 1, type: "bench", ok: true, kind });
    expect(brokers[0]?.runs[0]?.messages).toMatchObject({ expected: deliveries, received: deliveries, lost: 0 });
  });

  test("an open loop keeps its rate, and its latencies are in order", async () => {
    const options = ["--rate", "2000", "--duration", "0.4", "--warm", "0.1", "-n", "2"];
    const [run] = recordOf(await runInProcess("bench", urls[0] ?? "", ...options, "--json")).brokers[0]?.runs ?? [];
    expect(run?.rate).toBeGreaterThan(1_500);
    expect(run?.rate).toBeLessThan(2_500);
    const { p50 = 0, p99 = 0, max = 0 } = run?.latencyUs ?? {};
    expect([p50 > 0, p99 >= p50, max >= p99]).toEqual([true, true, true]);
  });

  test("one side alone: a publisher's latency is that of its acknowledgement, and a subscriber checks what another bench sends", async () => {
    const { pid } = up.child;
    const alone = await runInProcess(
      "bench",
      "pub",
      urls[0] ?? "",
      "-n",
      "2",
      "-q",
      "1",
      "--count",
      "300",
      "--server-pid",
      `${pid}`,
    );
    expect(alone).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/sent .*\n\s+latency .*[\s\S]*nobody received[\s\S]*MiB/),
    });
    const receiving = runInProcess("bench", "sub", urls[0] ?? "", "-t", "one/#", "-n", "1", "--count", "400", "--json");
    const sending = commands.bowline(
      "bench",
      "pub",
      urls[0] ?? "",
      "-t",
      "one",
      "-n",
      "2",
      "-q",
      "1",
      "--rate",
      "1000",
      "--duration",
      "1",
    );
    expect(await sending.ended).toMatchObject({ code: 0 });
    expect(recordOf(await receiving)).toMatchObject({ ok: true, brokers: [{ runs: [{ messages: { lost: 0, doubled: 0 } }] }] });
  });

  test("an open loop of a count ends with it", async () => {
    const ended = await runInProcess(
      "bench",
      urls[0] ?? "",
      "-n",
      "2",
      "--rate",
      "2000",
      "--count",
      "150",
      "--json",
      "--threads",
      "1",
    );
    expect(recordOf(ended).brokers[0]?.runs[0]?.messages).toMatchObject({ expected: 300, received: 300, lost: 0 });
  });

  test.each([
    ["loses", /NOT WELL: 1 lost of 400/],
    ["doubles", /NOT WELL: 1 doubled/],
    ["corrupts", /1 damaged/],
    ["closes", /1 failed: subscriber: closed by the broker/],
  ] as const)("a broker that %s once fails the run", async (fault, words) => {
    const options = ["-n", "2", "--count", "200", "--patience", "0.2", "--threads", "1"];
    const ended = await runInProcess("bench", await faulty(fault), ...options);
    expect(ended).toMatchObject({ code: 1, stdout: expect.stringMatching(words) });
  });

  test("two brokers are measured in turns, and compared", async () => {
    const options = ["--count", "500", "-n", "2", "--rounds", "2", "--threads", "1"];
    const ended = await runInProcess("bench", urls[0] ?? "", "--vs", await faulty("none"), ...options);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toMatch(
      / 1 +A .*\n +1 +B .*\n +2 +A .*\n +2 +B .*\n\nA by B, min \/ median \/ max of 2 rounds\n {2}rate /,
    );
  });

  test("connections: a rate, a hold, and what a broker refuses", async () => {
    const url = urls[0] ?? "";
    const held = recordOf(await runInProcess("bench", "conn", url, "-n", "50", "--rate", "500", "--hold", "0.1", "--json"));
    expect(held).toMatchObject({ ok: true, brokers: [{ runs: [{ connections: { made: 50, failed: 0, dropped: 0 } }] }] });
    const ended = await runInProcess("bench", "conn", url, "-n", "60");
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/connections [\d,]+ a second[\s\S]*latency +p50/) });
    const refused = await runInProcess("bench", "conn", await faulty("takes one connection only"), "-n", "3");
    expect(refused).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("3 failed, 0 made: the broker refused the connection (151)"),
    });
  });

  test("connections that do not come about end it before anything is measured", async () => {
    const ended = await runInProcess("bench", await faulty("takes one connection only"), "-n", "2");
    expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[LOAD_INCOMPLETE]") });
  });

  test.each([
    [["bench"], 2, "USAGE"],
    [["bench", "pears", "mqtt://localhost"], 2, '"pears" is neither a URL nor one of pairs'],
    [["bench", "sub", "mqtt://localhost"], 2, "-t FILTER"],
    [["bench", "pub", "mqtt://localhost", "--publishers", "3"], 2, "belong to fan-in and fan-out"],
    [["bench", "mqtt://localhost", "--size", "8"], 2, "--size must be a number from 16"],
    [["bench", "mqtt://localhost", "--topics", "13"], 2, "even number"],
    [["bench", "mqtt://localhost", "--vs-credentials", "x"], 2, "belongs to --vs"],
    [["bench", "mqtt://localhost", "mqtt://other", "--vs", "mqtt://third"], 2, "two brokers of one URL each"],
    [["bench", "sub", "mqtt://localhost", "-t", "x", "-m", "text"], 2, "sub sends no messages"],
    [["bench", "mqtt://localhost", "-m", "text", "--correlation-data", "x"], 2, "belongs to pub"],
    [["bench", "mqtt://localhost", "-m", "text", "--size", "20"], 2, "--size belongs to"],
    [["bench", "mqtt://localhost", "-f", "/no/such/file"], 2, "ENOENT"],
    [["bench", "mqtt://localhost", "-m", "{{what}}", "--template"], 2, "{{what}} is not known"],
    [["bench", "fan-in", "mqtt://localhost", "-t", "x/%i"], 2, "one topic for all"],
    [["bench", "mqtt://127.0.0.1:1"], 3, "TCP_REFUSED"],
  ] as const)("%j ends with %i", async (argv, code, words) => {
    expect(await runInProcess(...argv)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(words) });
  });

  test("messages of one's own are checked like the generator's", async () => {
    const file = join(commands.path, "lines.txt");
    writeFileSync(file, "one\ntwo {{counter}}\n");
    const options = ["-n", "2", "--count", "100", "-q", "1", "--property", "a=b", "--message-expiry", "60", "--threads", "1"];
    const message = ["-f", file, "-l", "--template", "--topic-aliases", "always"];
    const ended = await runInProcess("bench", urls[0] ?? "", ...options, ...message);
    expect(ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/2 own payloads[\s\S]*all 200 once, whole and in order/),
    });
  });

  test("connections take several servers in turn, and their times are written", async () => {
    const file = join(commands.path, "qoe.jsonl");
    broker = await FaultyBroker.start("none", 5);
    const options = ["-n", "4", "--qoe", file, "--first-number", "100", "-i", "c%i", "--json"];
    const ended = await runInProcess("bench", "conn", urls[0] ?? "", `mqtt://127.0.0.1:${broker.port}`, ...options);
    expect(recordOf(ended)).toMatchObject({ ok: true, brokers: [{ runs: [{ connections: { made: 4 } }] }] });
    // One of them was the first look at it.
    expect(broker.welcomed).toBe(3);
    const records = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, number | string>);
    expect(records.map(({ clientId }) => clientId)).toEqual(["c100", "c101", "c102", "c103"]);
    for (const { tcpMs = 0, openMs = 0, connackMs = 0 } of records) {
      expect(tcpMs).toBeGreaterThan(0);
      expect(openMs).toBeGreaterThanOrEqual(tcpMs as number);
      expect(connackMs).toBeGreaterThan(openMs as number);
    }
  });

  test("Prometheus finds what is being measured, and each second has a line", async () => {
    const bench = commands.bowline(
      "bench",
      urls[0] ?? "",
      "-n",
      "1",
      "--rate",
      "100",
      "--duration",
      "60",
      "--prometheus",
      "0",
      "-v",
    );
    const told = /note: metrics at (\S+)\n[^]* s {2}sent \d+\/s {2}received \d+\/s/;
    while (!told.test(bench.stderr)) await once(bench.child.stderr as Readable, "data");
    const [, url = ""] = told.exec(bench.stderr) ?? [];
    const text = await (await fetch(url)).text();
    expect(text).toMatch(/^# TYPE bowline_bench_received_total counter\nbowline_bench_received_total\{broker="mqtt:[^"]*"\} \d+$/m);
    expect((await fetch(url.replace("metrics", "other"))).status).toBe(404);
    expect(await bench.kill("SIGINT")).toMatchObject({ code: 130, stdout: expect.stringContaining("once, whole and in order") });
  });

  test("a round that fails leaves what the rounds before it measured", async () => {
    const other = await FaultyBroker.start("none", 5);
    const options = [
      "--vs",
      urls[0] ?? "",
      "-n",
      "1",
      "--rate",
      "100",
      "--count",
      "20",
      "--rounds",
      "50",
      "--json",
      "--threads",
      "1",
    ];
    const running = runInProcess("bench", `mqtt://127.0.0.1:${other.port}`, ...options);
    while (other.delivered < 25) await new Promise((resolve) => setTimeout(resolve, 5));
    await other.stop();
    const ended = await running;
    expect(ended.code).toBe(1);
    const record = recordOf(ended);
    expect(record).toMatchObject({ ok: false, failure: expect.stringContaining("LOAD_INCOMPLETE") });
    expect(record.brokers[0]?.runs[0]?.ok).toBe(true);
  });

  test("Ctrl-C ends it early, with what was measured until then", async () => {
    const run = commands.bowline("bench", urls[0] ?? "", "-n", "1", "--rate", "100", "--warm", "0", "--duration", "60");
    await isReceiving();
    expect(await run.kill("SIGINT")).toMatchObject({
      code: 130,
      stdout: expect.stringMatching(/delivered[\s\S]*once, whole and in order/),
    });
  });

  test.each(["pairs", "fan-in", "fan-out"].slice(0, isLong ? 3 : 1))(
    "%s drives at least 500,000 messages a second on four cores",
    async (kind) => {
      const time = isLong ? ["--duration", "5"] : ["--duration", "0.3", "--warm", "0.2"];
      const { ok, brokers } = recordOf(await runInProcess("bench", kind, urls[0] ?? "", ...time, "--topics", "2", "--json"));
      expect(ok).toBe(true);
      // On two cores the generator, the broker and the tests beside share them.
      expect(brokers[0]?.runs[0]?.rate).toBeGreaterThan(availableParallelism() >= 4 ? 500_000 : 150_000);
    },
  );
});

/** Resolves when the subscription of a run is there, found by a message that comes back. */
async function isReceiving(): Promise<void> {
  const { connect } = await import("@bowline/client");
  const client = connect(urls[0] ?? "");
  client.on("attemptFailed", () => {});
  for await (const _message of client.subscribe("bench/#")) break;
  await client.close();
}
