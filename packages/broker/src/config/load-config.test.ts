import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { brokerConfigJsonSchema } from "./broker-config.ts";
import { openLocalCa } from "../tls/local-ca.ts";
import { loadConfig, loadConfigFiles } from "./load-config.ts";

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
    listen: [{ url: "mqtts://localhost:8883" }, { url: "wss://localhost:8084/mqtt" }],
    console: "https://localhost:18084",
    anonymous: false,
    allowPlaintext: false,
    proxyProtocol: false,
    log: { level: "info" },
  });
});

test("a file may be YAML, JSON or empty, and its paths are relative to it", async () => {
  expect(await load("data: store\nconsole: false\nauthentication: [{kind: custom-authorizer, file: a.ts}]\n")).toMatchObject({
    data: join(folder, "store"),
    console: false,
    authentication: [{ file: join(folder, "a.ts") }],
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
  expect(config).toMatchObject({
    anonymous: true,
    log: { level: "debug", format: "json" },
    listen: [{ url: "mqtt://localhost:2" }],
  });
});

test("limits come with their defaults, and are merged key by key", async () => {
  const { limits } = await load("limits: {maximumQoS: 1, topicAliases: never}", {
    limits: { maximumQoS: undefined, receiveMaximum: 5 },
  });
  expect(limits).toMatchObject({ maximumQoS: 1, topicAliases: "never", receiveMaximum: 5, maximumPacketSize: 16_777_216 });
  expect((await loadConfig({ directory: folder })).limits).toMatchObject({ topicAliases: "auto", outboundTopicAliasMaximum: 64 });
});

test("a fault in what a program gives is one of its options", async () => {
  const mistyped = { listn: ["mqtt://127.0.0.1:0"] } as object;
  await expect(loadConfig({ overrides: mistyped })).rejects.toThrow('the options: unknown key "listn"; did you mean "listen"?');
});

test("an unknown key is named with line, column and what was probably meant", async () => {
  expect(await faultOf("data: x\n\nanonymus: true\n")).toBe(
    'CONFIG_INVALID: the configuration is not valid: bowline.yaml:3:1: unknown key "anonymus"; did you mean "anonymous"?',
  );
  expect(await faultOf("log:\n  levle: info\n")).toContain('bowline.yaml:2:3: unknown key "log.levle"; did you mean "level"?');
  expect(await faultOf("shutdown: {pem: x}")).toContain('unknown key "shutdown.pem"; known are serverReference');
  expect(await faultOf("listen:\n  - url: mqtts://a\n    proxyProtokol: true\n")).toContain(
    'bowline.yaml:3:5: unknown key "listen.0.proxyProtokol"; did you mean "proxyProtocol"?',
  );
});

test.each([
  ["listen: mqtts://localhost", '1:1: "listen" must be a list, not a text'],
  ["listen: []", '1:1: "listen" needs at least one listener'],
  ["\nlisten:\n  - mqtt://a\n  - 5\n", `4:5: "listen.1" must be a listener's URL, or a group of keys with \`url\``],
  ["listen:\n- {proxyProtocol: true}", '2:3: "listen.0.url" is missing: it must be a text'],
  ["anonymous: maybe", '1:1: "anonymous" must be true or false, not a text'],
  ["durability: relaxd", '1:1: "durability" must be one of durable, relaxed; did you mean "relaxed"?'],
  ["console: true", `1:1: "console" must be the console's https:// address, or false`],
  ["log: info", '1:1: "log" must be a group of keys, not a text'],
  ["log:", '1:1: "log" must be a group of keys, not empty'],
  ["log: {hide: [password]}", '1:14: "log.hide.0" must be one of clientId'],
  ["tls: {key: k.pem}", '1:1: "tls" needs both certificate and key, or neither'],
  ["tls: {crl: k.pem}", '1:1: "tls" needs clientCa'],
  ["tls: {passphrase: geheim}", '1:7: "tls.passphrase" must say where the secret lies: {file: PATH} or {env: NAME}'],
  ["tls: {reloadSeconds: -1}", '1:7: "tls.reloadSeconds" must be a whole number of seconds'],
  ["limits:\n  receiveMaximum: 0", '2:3: "limits.receiveMaximum" must be a whole number from 1 to 65535'],
  ["limits: {maximumKeepAlive: 1.5}", '1:10: "limits.maximumKeepAlive" must be a whole number, not one with a fraction'],
  ["limits: {maximumPacketSize: 1}", '"limits.maximumPacketSize" must be a whole number from 1024 to 268435460'],
  ["limits: {topicAliasMaximum: 70000}", '"limits.topicAliasMaximum" must be a whole number from 0 to 65535'],
  ["limits: {maximumInFlight: many}", '"limits.maximumInFlight" must be a number, not a text'],
  ["limits: {topicAliases: often}", '"limits.topicAliases" must be one of auto, always, never'],
  ["limits: {maximumQoS: 3}", '"limits.maximumQoS" must be 0, 1 or 2'],
  ["limits: {maximumQueuedBytes: -1}", '"limits.maximumQueuedBytes" must be a whole number from 1024 to'],
  ["limits: {retainAvailable: 1}", '"limits.retainAvailable" must be true or false, not a number'],
  ["limits: {maximumQueueBytes: 5}", 'unknown key "limits.maximumQueueBytes"; did you mean "maximumQueuedBytes"?'],
  ["authentication: [{kind: passwd}]", '"authentication.0" must be a group of keys whose `kind` is one of password, jwt'],
  ["authentication: [{kind: passwd}]", 'custom-authorizer; did you mean "password"?'],
  ["bootstrap: {rules: [{action: both, topics: [a]}]}", '"bootstrap.rules.0.permission" is missing: it must be one of allow, deny'],
  ["authentication: [{kind: password, realm: x}]", 'unknown key "authentication.0.realm"; known are kind'],
  ["bootstrap: {users: [{username: ann, password: hunter2}]}", '"bootstrap.users.0.password" must say where the secret lies'],
  ["- a\n- b", "1:1: the configuration must be a group of keys, not a list"],
  ["data: x\ndata: y", "bowline.yaml:2:1: this key stands there twice"],
  ["data: [", "bowline.yaml:1:"],
  ["log: {level: *none}", "bowline.yaml:1:14: nothing before it is called &none"],
  ["data: x\n---\ndata: y", "bowline.yaml:2:1: a second document begins here"],
])("%j is refused: %s", async (text, words) => {
  const fault = await faultOf(text);
  expect(fault).toContain("CONFIG_INVALID");
  expect(fault).toContain(words);
});

test("a listen URL that cannot be is told together with what else is wrong, in the order of the file", async () => {
  const fault = await faultOf("listen:\n  - mqtts://localhost\n  - htp://localhost\nretaind: true\n");
  expect(fault).toMatch(/bowline\.yaml:3:5: .*"htp:\/\/localhost"[^\n]*\n +bowline\.yaml:4:1: unknown key "retaind"/);
});

test.each([
  ["listen: ['http://localhost']", "LISTEN_URL_INVALID", "bowline.yaml:1:10: "],
  ["a: 1\nlisten:\n  - mqtts://localhost\n  - url: mqtt://0.0.0.0:1883\n", "PLAINTEXT_OFF_LOOPBACK", "bowline.yaml:3:5: "],
  ["console: http://localhost", "LISTEN_URL_INVALID", "bowline.yaml:1:1: "],
  ["admin: {listen: 'http://0.0.0.0'}", "PLAINTEXT_OFF_LOOPBACK", "bowline.yaml:1:9: "],
  ["admin: {listen: 'mqtt://localhost'}", "LISTEN_URL_INVALID", "http://127.0.0.1:18085"],
  ["trustedProxies: [10.0.0.0/33]", "CONFIG_INVALID", 'bowline.yaml:1:18: trustedProxies: "10.0.0.0/33" is no address'],
  [
    "tls: {certificate: none.pem, key: none.key, clientCa: bowline.yaml}",
    "CERTIFICATE_UNREADABLE",
    /bowline.yaml:1:7: .*none.pem: there is no such file\n +bowline.yaml:1:45: .*bowline.yaml: it holds no PEM certificate/,
  ],
  ["listen: [{url: 'ws://localhost', allowedOrigins: ['example.com/']}]", "CONFIG_INVALID", "is no origin"],
  [
    "metrics: {token: {env: BOWLINE_NOT_SET}}",
    "CONFIG_INVALID",
    "bowline.yaml:1:11: the environment variable BOWLINE_NOT_SET is not set",
  ],
  ["tls:\n  passphrase: {file: none.txt}", "CONFIG_INVALID", "none.txt cannot be read (ENOENT)"],
  [
    "authentication:\n- kind: jwt\n  secret: {env: BOWLINE_NOT_SET}",
    "CONFIG_INVALID",
    "bowline.yaml:3:3: the environment variable BOWLINE_NOT_SET is not set",
  ],
  [
    "authentication:\n- kind: jwt\n  secret: {env: HOME}",
    "CONFIG_INVALID",
    "bowline.yaml:3:3: the secret of tokens has fewer than 32",
  ],
  [
    "authentication:\n- kind: webhook\n  url: https://a.example\n  headers:\n    authorization: {file: none}",
    "CONFIG_INVALID",
    "bowline.yaml:5:5: the file",
  ],
  ["authentication:\n- kind: webhook\n  url: http://a.example", "CONFIG_INVALID", "bowline.yaml:2:3: webhook: url must be"],
  ["authentication:\n- {kind: jwt, jwks: 'http://a.example/k'}", "CONFIG_INVALID", "bowline.yaml:2:3: jwks: a key set of another"],
  [
    "authentication: [{kind: jwt, secret: {file: long}, verifyClaims: {sub: '${user}'}}]",
    "CONFIG_INVALID",
    "bowline.yaml:1:18: verifyClaims.sub may be a text, or ${username} or ${clientid} alone",
  ],
  ["authentication:\n- kind: jwt\n  publicKey: none.pem", "CONFIG_INVALID", "bowline.yaml:3:3: the file"],
  ["authentication:\n- kind: jwt\n  publicKey: bowline.yaml", "CONFIG_INVALID", "bowline.yaml:3:3: it holds no public key"],
  ["authentication:\n- kind: jwt\n  jwks: bowline.yaml", "CONFIG_INVALID", "bowline.yaml:3:3: it holds no JSON Web Key Set"],
  [
    "authentication:\n- {kind: jwt, jwks: 'https://a.example'}\n- {kind: jwt, jwks: 'https://b.example'}",
    "CONFIG_INVALID",
    'bowline.yaml:3:3: the Authentication Method "JWT" is that of authentication.0 (jwt) already',
  ],
])("%j means nothing: %s", async (text, code, words: string | RegExp) => {
  await writeFile(join(folder, "long"), "s".repeat(2_000));
  const fault = await faultOf(text.replace("a: 1\n", ""));
  expect(fault).toContain(`${code}: `);
  expect(fault).toEqual(typeof words === "string" ? expect.stringContaining(words) : expect.stringMatching(words));
});

test("secrets are told by where they lie, and what they hold is in no error and no configuration", async () => {
  await writeFile(join(folder, "token"), "geheim\n");
  const config = await load("metrics: {token: {file: token}}");
  expect(config.metrics.token).toEqual({ file: join(folder, "token") });
  await writeFile(join(folder, "token"), "\n");
  expect(await faultOf("metrics: {token: {file: token}}")).toContain("is empty");
  await writeFile(join(folder, "token"), "geheim\n");
  for (const text of [
    "tls: {passphrase: geheim}",
    "bootstrap: {users: [{username: a, password: geheim}]}",
    "tls: {passphrase: {text: geheim}}",
    "authentication: [{kind: jwt, jwks: token}]",
    "authentication: [{kind: jwt, publicKey: token}]",
  ])
    expect(await faultOf(text)).toMatch(/^CONFIG_INVALID: (?!.*geheim)/s);
});

test.each([
  ["users: [{username: a/b, password: {file: pw}}]", 'bowline.yaml:2:12: user name "a/b": it must not contain'],
  [
    "users: [{username: a, password: {file: pw}}, {username: a, password: {file: pw}}]",
    'bowline.yaml:2:49: the user "a" comes twice',
  ],
  ["users: [{username: a, password: {file: long}}]", "bowline.yaml:2:25: the password has more than 1024 bytes"],
  [
    "rules: [{permission: allow, action: subscribe, topics: [a], retain: true}]",
    "bowline.yaml:2:11: retain: belongs to publishing",
  ],
  [
    "rules: [{id: x, permission: deny, action: both, topics: [a]}, {id: x, permission: deny, action: both, topics: [b]}]",
    "comes twice",
  ],
])("what would end the first start in its middle is told before: %s", async (text, words) => {
  await writeFile(join(folder, "pw"), "secret\n");
  await writeFile(join(folder, "long"), "x".repeat(1_025));
  expect(await faultOf(`bootstrap:\n  ${text}\n`)).toContain(words);
});

async function warningsOf(text: string): Promise<readonly string[] | undefined> {
  await writeFile(join(folder, "bowline.yaml"), text);
  return (await loadConfigFiles({ file: "bowline.yaml", directory: folder })).warnings;
}

test("authenticators that can let nobody in are warned of", async () => {
  expect(await warningsOf("authentication: []")).toEqual([expect.stringMatching(/^bowline\.yaml:1:1: .*nobody can come in/)]);
  expect(await warningsOf("authentication: []\nanonymous: true")).toEqual([]);
  const certificates = "authentication: [{kind: password}, {kind: certificate}]\n";
  expect(await warningsOf(certificates)).toEqual([expect.stringMatching(/^bowline\.yaml:1:36: .*give `tls\.clientCa`/)]);
  expect(await warningsOf(`${certificates}listen: [{url: 'ws://localhost', forwardedCertificate: x-cert}]`)).toEqual([]);
});

test("a certificate whose time is over is warned of", async () => {
  const now = Date.now();
  const ca = await openLocalCa({ folder: join(folder, "old-ca"), now: () => now - 500 * 86_400_000 });
  const { certificate, privateKey } = await ca.issue(["localhost"]);
  for (const [name, text] of [
    ["old.pem", certificate],
    ["old.key", privateKey],
  ] as const)
    await writeFile(join(folder, name), text);
  expect(await warningsOf("tls: {certificate: old.pem, key: old.key}")).toEqual([
    expect.stringMatching(/^bowline\.yaml:1:7: the certificate ended on \d{4}-\d\d-\d\d: it is accepted nowhere$/),
  ]);
});

test("users of `bootstrap` without a rule are warned of, with their place, unless somebody else grants rights", async () => {
  await writeFile(join(folder, "pw"), "secret\n");
  const users = "bootstrap:\n  users: [{username: ann, password: {file: pw}}]\n";
  const [warning] = (await warningsOf(users)) ?? [];
  expect(warning).toMatch(/^bowline\.yaml:2:3: the users of `bootstrap` will have no rights: .*bowline acl add/);
  expect(await warningsOf(`${users}  rules: [{permission: allow, action: both, topics: [a]}]\n`)).toEqual([]);
  expect(await warningsOf(`${users}authentication: [{kind: webhook, url: "https://a.example"}]\n`)).toEqual([]);
  expect(await warningsOf("")).toEqual([]);
});

test("a program as configuration is the command line's business", async () => {
  await expect(loadConfig({ file: "bowline.config.ts", directory: folder })).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
  const loaded = await loadConfigFiles({
    file: "bowline.config.ts",
    directory: folder,
    loadModule: (path) => Promise.resolve({ value: { data: "store" }, positionOf: () => undefined, files: [path, "/lib.ts"] }),
  });
  expect(loaded.config.data).toBe(join(folder, "store"));
  expect(loaded.files).toEqual([join(folder, "bowline.config.ts"), "/lib.ts"]);
});

test("a key of a function's link is found by its closest name, and functions are for programs alone", async () => {
  const mistyped = loadConfig({ overrides: { authentication: [{ kind: "function", authenticat: () => "deny" } as never] } });
  await expect(mistyped).rejects.toThrow('unknown key "authentication.0.authenticat"; did you mean "authenticate"?');
  const forms = [{ kind: "pasword" }, "password"].map((link) => loadConfig({ overrides: { authentication: [link as never] } }));
  for (const form of forms) await expect(form).rejects.toThrow('"authentication.0" must be a group of keys whose `kind` is one of');
  const single = loadConfig({ overrides: { authentication: { kind: "password" } as never } });
  await expect(single).rejects.toThrow('the options: "authentication" must be a list');
  expect(await faultOf("authorization: [{kind: function}]")).toContain(
    'bowline.yaml:1:17: "authorization.0.authorize" must be a function: only a configuration in TypeScript',
  );
});

test("every fault is told at once", async () => {
  expect(await faultOf("anonymus: true\nlog: {level: loud}")).toMatch(/yaml:1:1: .*anonymous.*\n.*yaml:2:7: "log\.level"/);
});

test("what is wrong with a tenant's chain is told with its line, and two links with one Authentication Method are a fault", async () => {
  const text = `tenants:
  named:
    acme:
      authentication:
        - kind: jwt
          secret: { env: NO_SUCH_KEY_OF_ACME }
        - kind: jwt
          publicKey: key.pem
    default:
      senderStamp: true
    Beta:
      authorization: []
    gamma:
      authentication: [{ kind: webhook, url: http://example.com/hook }]
`;
  const detail = await faultOf(text);
  expect(detail).toContain('bowline.yaml:9:5: tenants.named: what concerns the tenant "default" stands at the top');
  expect(detail).toContain('bowline.yaml:11:5: tenants.named: "Beta" cannot be a tenant');
  expect(detail).toContain("bowline.yaml:14:24: webhook: url must be an https:// address");
  expect(detail).toMatch(/bowline\.yaml:6:\d+: .*NO_SUCH_KEY_OF_ACME/);
  expect(await faultOf("tenants:\n  named:\n    acme:\n      authentification: []\n")).toContain('did you mean "authentication"?');
  const twice =
    "[{ kind: jwt, publicKey: a.pem, authenticationMethods: [T] }, { kind: jwt, publicKey: b.pem, authenticationMethods: [T] }]";
  expect(await faultOf(`tenants:\n  named:\n    acme:\n      authentication: ${twice}\n`)).toContain(
    'bowline.yaml:4:85: the Authentication Method "T" is that of tenants.named.acme.authentication.0 (jwt) already',
  );
});

test("a file in UTF-16 is named as such", async () => {
  await writeFile(join(folder, "wide.yaml"), "\ufeffdata: x\n", "utf16le");
  await expect(loadConfig({ file: "wide.yaml", directory: folder })).rejects.toThrow("wide.yaml:1:1: it is not written in UTF-8");
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
