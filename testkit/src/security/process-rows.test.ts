import { execFile } from "node:child_process";
import { readdir, stat, writeFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PacketType } from "@bowline/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { AttackedBroker } from "./attacked-broker.ts";
import { Link } from "./link.ts";

/* Rows of the security history that are about files, descriptors and sessions, against the real process. */

const isLong = process.env["BOWLINE_LONG"] === "1";
const run = promisify(execFile);
const command = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

let broker: AttackedBroker | undefined;
afterEach(async () => {
  await broker?.remove();
  broker = undefined;
});

async function known(kept: boolean, clientIdentifier: string): Promise<Link> {
  const link = await Link.open(broker!.url("tcp"), 5);
  const properties = kept ? { sessionExpiryInterval: 60 } : {};
  link.sendPacket({ type: 1, protocolVersion: 5, cleanStart: !kept, keepAlive: 0, clientIdentifier, properties });
  await link.packet(PacketType.CONNACK);
  return link;
}

/** Whether a client comes in by this password; a socket that cannot be served is closed. */
async function comesIn(password: string): Promise<boolean> {
  const link = await Link.open(broker!.url("tcp"), 5);
  const who = { username: "dev", password: Buffer.from(password) };
  link.sendPacket({ type: 1, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientIdentifier: "", ...who });
  const connack = await link.packet(PacketType.CONNACK);
  link.destroy();
  return connack?.reasonCode === 0;
}

describe.skipIf(missingPrograms("prlimit") !== "")(`row 5, CVE-2017-7652 ${missingPrograms("prlimit")}`, () => {
  test("a reload without free descriptors keeps the configuration and its logins, and the broker serves on when some are free", async () => {
    broker = await AttackedBroker.start({ anonymous: false, log: { level: "warn" }, metrics: { sysInterval: 0 } });
    const { password } = await broker.process.user();
    const { pid } = broker.process;
    const before = await known(false, "before");
    expect(before.packets[0]).toMatchObject({ reasonCode: 0x87 });
    const used = (await readdir(`/proc/${pid}/fd`)).length;
    await run("prlimit", ["--pid", String(pid), `--nofile=${used + 20}:${used + 20}`]);
    const crowd = Array.from(
      { length: 100 },
      (): Socket => connectTcp(broker!.port("tcp"), "127.0.0.1").on("error", () => undefined),
    );
    while ((await readdir(`/proc/${pid}/fd`)).length < used + 18);
    process.kill(pid, "SIGHUP");
    // It tells of either end; the log is read until it does.
    while (!/acceptFailed|EMFILE|reload/i.test(broker.process.log)) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const socket of crowd) socket.destroy();
    while (!(await comesIn(password)));
    expect(await comesIn("wrong")).toBe(false);
    const stranger = await known(false, "stranger");
    expect(stranger.packets[0]).toMatchObject({ reasonCode: 0x87 });
    expect(await broker.process.connections()).toEqual([]);
  });
});

describe("row 7, CVE-2017-9868: nobody else reads what the broker keeps", () => {
  test("files of the data folder are 0600 and folders 0700, but for what is public", async () => {
    broker = await AttackedBroker.start({}, "--console", "https://localhost:0");
    const link = await known(true, "kept");
    link.destroy();
    const entries = await readdir(broker.process.dataFolder, { recursive: true, withFileTypes: true });
    const open: string[] = [];
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (((await stat(path)).mode & 0o077) !== 0) open.push(entry.name);
    }
    expect(open.filter((name) => !/^(ca|cert.*|.*-cert|server.*)\.(pem|crt)$/.test(name))).toEqual([]);
    expect((await stat(broker.process.dataFolder)).mode & 0o777).toBe(0o700);
    for (const name of ["operator.key", "first-user.json", "admin.sock"]) {
      expect((await stat(join(broker.process.dataFolder, name))).mode & 0o777, name).toBe(0o600);
    }
  });
});

describe("row 10, CVE-2018-12550, CVE-2018-12551: a file that says nothing allows nothing", () => {
  test("blank and malformed files of rules and users", { timeout: 60_000 }, async () => {
    broker = await AttackedBroker.start({ log: { level: "warn" } });
    const { dataFolder, folder } = broker.process;
    const bowline = async (...args: string[]): Promise<number> =>
      run(process.execPath, [command, ...args, "--data", dataFolder]).then(
        () => 0,
        ({ code }: { code: number }) => code,
      );
    const file = join(folder, "file");
    for (const [text, isTaken, ...args] of [
      ["", true, "acl", "import", file, "--replace"],
      ["topic\n", false, "acl", "import", file],
      ["no colon\n", false, "user", "import", file, "--from", "mosquitto"],
      ["name:\n", false, "user", "import", file, "--from", "mosquitto"],
    ] as const) {
      await writeFile(file, text);
      expect((await bowline(...args)) === 0, `${args[0]}: ${JSON.stringify(text)}`).toBe(isTaken);
    }
    // The rules are gone with the blank file, and what no rule matches is denied.
    const link = await known(false, "nobody");
    const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    link.sendPacket({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions: [{ topicFilter: "#", ...options }] });
    expect(await link.packet(PacketType.SUBACK)).toMatchObject({ reasonCodes: [0x87] });
    expect((await broker.process.connections()).length).toBe(1);
  });

  test.each(["listen: [", "unknown: true"])("a configuration of %j does not start", async (text) => {
    broker = await AttackedBroker.start({ log: { level: "warn" } });
    const file = join(broker.process.folder, "bad.yaml");
    await writeFile(file, text);
    await expect(BowlineProcess.start("--config", file, "--listen", "mqtt://127.0.0.1:0", "--no-console")).rejects.toThrow(
      "ended with 2",
    );
  });
});

describe("row 27, CVE-2025-59946, CVE-2026-22040, CVE-2026-32134: takeovers beside subscriptions", () => {
  const MS = isLong ? 60_000 : 2_000;
  test(`for ${MS / 1_000} s a hundred connections fight for one session while it subscribes and unsubscribes`, {
    timeout: MS + 60_000,
  }, async () => {
    broker = await AttackedBroker.start({
      log: { level: "warn" },
      metrics: { sysInterval: 0 },
      limits: { reconnectsPerMinute: 0 },
    });
    const friend = await broker.friend();
    const end = performance.now() + MS;
    const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    let rounds = 0;
    const fight = async (): Promise<void> => {
      for (; performance.now() < end; rounds++) {
        const link = await known(true, "one");
        link.sendPacket({
          type: PacketType.SUBSCRIBE,
          packetIdentifier: 1,
          subscriptions: [
            { topicFilter: "a/+", ...options },
            { topicFilter: "$share/g/a/b", ...options },
          ],
        });
        link.sendPacket({
          type: PacketType.PUBLISH,
          topicName: "a/b",
          payload: Buffer.from("x"),
          qos: 1,
          retain: false,
          dup: false,
          packetIdentifier: 2,
        });
        link.sendPacket({
          type: PacketType.UNSUBSCRIBE,
          packetIdentifier: 3,
          topicFilters: [rounds % 2 === 0 ? "a/+" : "$share/g/a/b"],
        });
        if (rounds % 3 === 0) await link.packet(PacketType.UNSUBACK);
        link.destroy();
      }
    };
    await Promise.all(Array.from({ length: 100 }, fight));
    const last = await known(true, "one");
    last.sendPacket({ type: PacketType.SUBSCRIBE, packetIdentifier: 4, subscriptions: [{ topicFilter: "end/+", ...options }] });
    await last.packet(PacketType.SUBACK);
    last.sendPacket({
      type: PacketType.PUBLISH,
      topicName: "end/1",
      payload: Buffer.from("once"),
      qos: 1,
      retain: false,
      dup: false,
      packetIdentifier: 5,
    });
    await last.until(() => last.packets.some((packet) => packet.type === PacketType.PUBACK && packet.packetIdentifier === 5));
    last.sendPacket({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 6, topicFilters: ["a/+", "$share/g/a/b", "end/+"] });
    await last.packet(PacketType.UNSUBACK);
    expect(
      last.packets.filter((packet) => packet.type === PacketType.PUBLISH && packet.topicName === "end/1").length,
    ).toBeLessThanOrEqual(1);
    await broker.process.connectionsAre((all) => all.filter(({ clientIdentifier }) => clientIdentifier === "one").length === 1);
    const one = (await broker.process.connections()).find(({ clientIdentifier }) => clientIdentifier === "one");
    expect(one).toMatchObject({ subscriptions: 0 });
    last.destroy();
    const report = await friend.leave();
    expect(rounds).toBeGreaterThan(100);
    expect(report.disturbances).toEqual([]);
    expect(broker.faults).toEqual([]);
  });
});
