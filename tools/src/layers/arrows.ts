/**
 * Who may import whom, written as the whole list for each workspace and not as steps to follow, so that the answer to
 * "may X import Y" is one look-up. Reasons stand in STYLE.md. What is not here may import nothing until it is added.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  client: ["protocol"],
  realtime: ["protocol"],
  mqttjs: ["protocol", "client"],
  doctor: ["protocol", "client"],
  broker: ["protocol", "client", "realtime"],
  "cluster-nats": ["protocol", "client", "realtime", "broker"],
  console: ["protocol", "client", "doctor"],
  cli: ["protocol", "client", "realtime", "mqttjs", "doctor", "broker", "cluster-nats", "console"],
  testkit: ["protocol", "client", "realtime", "mqttjs", "doctor", "broker", "cluster-nats", "console", "cli"],
  bench: ["protocol", "client", "realtime", "mqttjs", "doctor", "broker", "cluster-nats", "console", "cli"],
  tools: ["protocol", "client", "realtime", "mqttjs", "doctor", "broker", "cluster-nats", "console", "cli"],
};

/** The folders inside protocol: each may import itself and those before it. */
export const protocolOrder: readonly string[] = ["errors", "diagnosis", "packet", "topic", "flow", "session", "engine"];

/** Packages that run in browsers too, with the folders and files of theirs (below src) that are Node's alone. */
export const universal: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  client: ["node"],
  mqttjs: ["node"],
  doctor: ["probes", "wire", "attempt.ts", "certificate-findings.ts", "examination.ts"],
  console: [],
};

/**
 * Globals of Node that a universal package may name in types, which leave no code: the types of MQTT.js's API name Buffer, so those
 * of its drop-in do.
 */
export const nodeTypes: Readonly<Record<string, readonly string[]>> = { mqttjs: ["Buffer"] };

/** Globals of Node that a browser lacks. A guarded look at `globalThis.Buffer` is allowed: it says that it may be absent. */
export const nodeGlobals: ReadonlySet<string> = new Set([
  "Buffer",
  "process",
  "global",
  "setImmediate",
  "clearImmediate",
  "require",
  "module",
  "__dirname",
  "__filename",
]);
