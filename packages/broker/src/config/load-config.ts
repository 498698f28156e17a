import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorInfo, MqttError } from "@bowline/protocol";
import { type BrokerConfig, type BrokerConfigInput, brokerConfigSchema, type CheckedConfig, GROUPS } from "./broker-config.ts";
import { parseListenUrl } from "../listeners/listen-url.ts";
import { meaningFaults } from "./check-meaning.ts";
import { configWarnings } from "./config-warnings.ts";
import type { ConfigSource, PositionOf } from "./config-source.ts";
import { type ConfigFault, describeIssues } from "./describe-issues.ts";
import { parseConfigText } from "./parse-config-text.ts";
import { withPreset } from "./presets.ts";
import { resolvePaths } from "./resolve-paths.ts";

export interface LoadConfigOptions {
  /** Configuration file: YAML, JSON, or what `loadModule` takes; none when absent. */
  file?: string | undefined;
  /** What the command line says; it wins over the file, key by key. */
  overrides?: BrokerConfigInput;
  /** What relative paths of the command line start from. Default: the process's folder. */
  directory?: string;
  /** Reads a TypeScript or JavaScript file, given its absolute path and its name as the user wrote it. The command line brings one. */
  loadModule?: (path: string, shownName: string) => Promise<ConfigSource>;
}

/** A configuration, and the files whose change may change it. */
export interface LoadedConfig {
  config: BrokerConfig;
  files: readonly string[];
  /** What is allowed and hardly meant, with its place. */
  warnings?: readonly string[];
}

const MODULE = /\.[cm]?[jt]s$/;

/**
 * Reads, checks and completes the configuration. All paths in the result are absolute.
 *
 * @throws MqttError CONFIG_UNREADABLE, CONFIG_INVALID, LISTEN_URL_INVALID, PLAINTEXT_OFF_LOOPBACK
 */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<BrokerConfig> {
  return (await loadConfigFiles(options)).config;
}

/** `loadConfig` for whoever watches the files too. */
export async function loadConfigFiles(options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const directory = options.directory ?? process.cwd();
  // The command line alone brings a loader; what a program gives are options.
  const name = options.loadModule === undefined ? "the options" : "the command line";
  const caller: Origin = { name, positionOf: () => undefined };
  const given = options.overrides ?? {};
  // Their form comes before their paths: those of a link are told by its kind.
  if (options.file === undefined) check(withPreset(given), caller);
  const overrides = resolvePaths(given, directory);
  if (options.file === undefined)
    return { config: await complete(check(withPreset(overrides), caller), overrides, undefined), files: [] };
  const path = resolve(directory, options.file);
  const source = await readSource(path, options);
  const origin: Origin = { name: options.file, positionOf: source.positionOf };
  // Checked alone first, so that a position is always one of the file.
  check(source.value, origin);
  const merged = merge(resolvePaths(source.value as BrokerConfigInput, dirname(path)), overrides);
  const config = await complete(check(withPreset(merged), caller), overrides, origin);
  const warnings = (await configWarnings(config)).map(({ path: key, words }) => `${placeOf(key, origin)}${words}`);
  return { config, files: source.files, warnings };
}

async function readSource(path: string, { file = "", loadModule }: LoadConfigOptions): Promise<ConfigSource> {
  if (!MODULE.test(path)) return { ...parseConfigText(await readConfigFile(path, file), file), files: [path] };
  if (loadModule !== undefined) return loadModule(path, file);
  throw new MqttError("CONFIG_UNREADABLE", {
    detail: `${file} is a program, and only the command line loads those`,
    remedy: "Import it yourself and pass what it exports, or use YAML or JSON.",
  });
}

async function readConfigFile(path: string, shown: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new MqttError("CONFIG_UNREADABLE", { detail: `${shown} (${cause.code ?? "unknown"})`, cause });
  });
  // Such as what a redirection in PowerShell writes.
  if (!isUtf8(bytes)) throw new MqttError("CONFIG_INVALID", { detail: `${shown}:1:1: it is not written in UTF-8: save it so` });
  return bytes.toString("utf8");
}

/** Whose words are checked. */
interface Origin {
  name: string;
  positionOf: PositionOf;
}

function check(value: unknown, origin: Origin): CheckedConfig {
  const result = brokerConfigSchema.safeParse(value);
  if (result.success) return result.data;
  const lines = [...describeIssues(result.error.issues, value), ...listenFaults(value)]
    .map(({ path, words }) => ({ position: origin.positionOf(path), text: `${placeOf(path, origin)}${words}` }))
    .sort((a, b) => (a.position?.line ?? 0) - (b.position?.line ?? 0))
    .map(({ text }) => text);
  throw new MqttError("CONFIG_INVALID", { detail: lines.join("\n  ") });
}

/** Addresses that cannot be, also where something else is wrong, so that whoever mends the file sees all of it at once. */
function listenFaults(value: unknown): ConfigFault[] {
  const { listen, allowPlaintext } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(listen)) return [];
  return listen.flatMap((listener: unknown, index) => {
    const url = typeof listener === "string" ? listener : (listener as { url?: unknown } | null)?.url;
    if (typeof url !== "string") return [];
    try {
      parseListenUrl(url, { allowPlaintext: allowPlaintext === true });
      return [];
    } catch (error) {
      return MqttError.is(error) ? [{ path: ["listen", index], words: error.message.slice(error.code.length + 2) }] : [];
    }
  });
}

/** `bowline.yaml:3:1: `, as editors and terminals understand it. */
function placeOf(path: readonly PropertyKey[], { name, positionOf }: Origin): string {
  const position = positionOf(path);
  return position === undefined ? `${name}: ` : `${name}:${position.line}:${position.column}: `;
}

async function complete(checked: CheckedConfig, overrides: BrokerConfigInput, file: Origin | undefined): Promise<BrokerConfig> {
  const config: BrokerConfig & Pick<CheckedConfig, "$schema"> = {
    ...checked,
    // A broker that keeps nothing still needs the folder for its CA, so `data` stays what it is.
    data: resolve(checked.data),
    listen: checked.listen.map((listener) => (typeof listener === "string" ? { url: listener } : listener)),
  };
  delete config.$schema;
  const faults = await meaningFaults(config);
  if (faults.length === 0) return config;
  // What the command line says is its own, wherever the file says it too.
  const originOf = (path: readonly PropertyKey[]): Origin | undefined =>
    overrides[path[0] as keyof BrokerConfigInput] === undefined ? file : undefined;
  const lines = faults.map(({ path, error }) => {
    const origin = originOf(path);
    return `${origin === undefined ? "" : placeOf(path, origin)}${detailOf(error)}`;
  });
  const [{ error }] = faults as [(typeof faults)[number]];
  throw new MqttError(error.code, { detail: lines.join("\n  "), remedy: error.remedy, cause: error });
}

/** The message without its code and title, which the new error brings again. */
function detailOf({ code, message }: MqttError): string {
  return message.replace(`${code}: ${errorInfo(code).title}: `, "");
}

function merge(file: BrokerConfigInput, overrides: BrokerConfigInput): BrokerConfigInput {
  const groups = GROUPS.map((name) => [name, { ...file[name], ...stated(overrides[name] ?? {}) }]);
  return { ...file, ...stated(overrides), ...(Object.fromEntries(groups) as Pick<BrokerConfigInput, (typeof GROUPS)[number]>) };
}

/** Without the keys that are undefined, which would hide those of the file. */
function stated<T extends object>(input: T): Partial<T> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Partial<T>;
}
