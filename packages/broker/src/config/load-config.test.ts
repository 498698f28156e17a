import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { brokerConfigJsonSchema } from "./broker-config.ts";
import { loadConfig } from "./load-config.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-config-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(text: string, overrides = {}) {
  await writeFile(join(folder, "bowline.yaml"), text);
  return loadConfig({ file: "bowline.yaml", directory: folder, overrides });
}

/** The message of the error that loading the text ends in. */
async function faultOf(text: string): Promise<string> {
  return load(text).then(
    () => "no error",
    (error: Error) => error.message,
  );
}

test("without a file and flags everything is safe by default", async () => {
  expect(await loadConfig({ directory: folder })).toMatchObject({
    memory: false,
    durability: "durable",
    listen: ["mqtts://localhost:8883", "wss://localhost:8084/mqtt"],
    console: "https://localhost:18084",
    anonymous: false,
    allowPlaintext: false,
    proxyProtocol: false,
    log: { level: "info" },
  });
});

test("a file may be YAML, JSON or empty, and its paths are relative to it", async () => {
  expect(await load("data: store\nconsole: false\ntls:\n  certificate: c.pem\n  key: /etc/k.pem\n")).toMatchObject({
    data: join(folder, "store"),
    console: false,
    tls: { certificate: join(folder, "c.pem"), key: "/etc/k.pem", requireSni: false },
  });
  expect(await load('{"log": {"level": "debug"}}')).toMatchObject({ log: { level: "debug" } });
  expect(await load("# nothing yet\n")).toMatchObject({ durability: "durable" });
});

test("the command line wins over the file, key by key", async () => {
  const config = await load("anonymous: true\nlog: {level: warn, format: json}\nlisten: ['mqtt://localhost:1']", {
    log: { level: "debug", format: undefined },
    listen: ["mqtt://localhost:2"],
    anonymous: undefined,
  });
  expect(config).toMatchObject({ anonymous: true, log: { level: "debug", format: "json" }, listen: ["mqtt://localhost:2"] });
});

test("limits come with their defaults, and are merged key by key", async () => {
  const { limits } = await load("limits: {maximumQoS: 1, topicAliases: never}", {
    limits: { maximumQoS: undefined, receiveMaximum: 5 },
  });
  expect(limits).toMatchObject({ maximumQoS: 1, topicAliases: "never", receiveMaximum: 5, maximumPacketSize: 16_777_216 });
  expect((await loadConfig({ directory: folder })).limits).toMatchObject({ topicAliases: "auto", outboundTopicAliasMaximum: 64 });
});

test("an unknown key is named with its line and what was probably meant", async () => {
  expect(await faultOf("data: x\n\nanonymus: true\n")).toBe(
    'CONFIG_INVALID: the configuration is not valid: bowline.yaml: unknown key "anonymus" (line 3); did you mean "anonymous"?',
  );
  expect(await faultOf("log:\n  levle: info\n")).toContain('unknown key "log.levle" (line 2); did you mean "level"?');
  expect(await faultOf("tls: {pem: x}")).toContain('unknown key "tls.pem" (line 1); known are certificate, key, requireSni');
});

test.each([
  ["listen: mqtts://localhost", '"listen" (line 1) must be a list'],
  ["listen: []", '"listen" (line 1) needs at least one listener'],
  ["\nlisten:\n  - mqtt://a\n  - 5\n", '"listen.1" (line 4) must be a text'],
  ["anonymous: maybe", '"anonymous" (line 1) must be true or false'],
  ["durability: often", '"durability" (line 1) must be one of durable, relaxed'],
  ["console: true", `"console" (line 1) must be the console's https:// address, or false`],
  ["log: info", '"log" (line 1) must be a group of keys'],
  ["tls: {key: k.pem}", '"tls" (line 1) needs both certificate and key, or neither'],
  ["limits:\n  receiveMaximum: 0", '"limits.receiveMaximum" (line 2) must be a whole number from 1 to 65535'],
  ["limits: {maximumKeepAlive: 1.5}", '"limits.maximumKeepAlive" (line 1) must be a whole number'],
  ["limits: {maximumPacketSize: 1}", '"limits.maximumPacketSize" (line 1) must be a whole number from 1024 to 268435460'],
  ["limits: {topicAliasMaximum: 70000}", '"limits.topicAliasMaximum" (line 1) must be a whole number from 0 to 65535'],
  ["limits: {maximumInFlight: many}", '"limits.maximumInFlight" (line 1) must be a number'],
  ["limits: {topicAliases: often}", '"limits.topicAliases" (line 1) must be one of auto, always, never'],
  ["limits: {maximumQoS: 3}", '"limits.maximumQoS" (line 1) must be 0, 1 or 2'],
  ["limits: {maximumQueuedBytes: -1}", '"limits.maximumQueuedBytes" (line 1) must be a whole number from 1024 to'],
  ["limits: {retainAvailable: 1}", '"limits.retainAvailable" (line 1) must be true or false'],
  ["limits: {maximumQueueBytes: 5}", 'unknown key "limits.maximumQueueBytes" (line 1); did you mean "maximumQueuedBytes"?'],
  ["- a\n- b", "the configuration (line 1) must be a group of keys"],
  ["data: x\ndata: y", "bowline.yaml:2:1: Map keys must be unique"],
  ["data: [", "bowline.yaml:1:"],
])("%j is refused: %s", async (text, words) => {
  const fault = await faultOf(text);
  expect(fault).toContain("CONFIG_INVALID");
  expect(fault).toContain(words);
});

test("every fault is told at once", async () => {
  expect(await faultOf("anonymus: true\nlog: {level: loud}")).toMatch(/anonymous.*log\.level|log\.level.*anonymous/);
});

test("a file that cannot be read is named", async () => {
  await expect(loadConfig({ file: "missing.yaml", directory: folder })).rejects.toMatchObject({
    code: "CONFIG_UNREADABLE",
    message: expect.stringContaining("missing.yaml (ENOENT)") as string,
  });
});

test("config.schema.json is the schema (write it anew with vitest -u)", async () => {
  await expect(`${JSON.stringify(brokerConfigJsonSchema(), null, 2)}\n`).toMatchFileSnapshot("../../config.schema.json");
});
