import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { MqttError } from "@bowline/protocol";
import { type BrokerConfig, type BrokerConfigInput, brokerConfigSchema } from "./broker-config.ts";
import { describeIssues } from "./describe-issues.ts";
import { parseConfigText } from "./parse-config-text.ts";

export interface LoadConfigOptions {
  /** Configuration file, YAML or JSON; none when absent. */
  file?: string | undefined;
  /** What the command line says; it wins over the file, key by key. */
  overrides?: BrokerConfigInput;
  /** What relative paths of the command line start from. Default: the process's folder. */
  directory?: string;
}

/**
 * Reads, checks and completes the configuration. All paths in the result are absolute.
 *
 * @throws MqttError CONFIG_UNREADABLE, CONFIG_INVALID
 */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<BrokerConfig> {
  const directory = options.directory ?? process.cwd();
  const overrides = resolvePaths(options.overrides ?? {}, directory);
  if (options.file === undefined) return check(overrides, "the command line", () => undefined);
  const path = resolve(directory, options.file);
  const { value, lineOf } = parseConfigText(await readConfigFile(path, options.file), options.file);
  // Checked alone first, so that a line number is always one of the file.
  check(value, options.file, lineOf);
  return check(merge(resolvePaths(value as BrokerConfigInput, dirname(path)), overrides), "the command line", () => undefined);
}

async function readConfigFile(path: string, shown: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new MqttError("CONFIG_UNREADABLE", { detail: `${shown} (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`, cause });
  }
}

function check(value: unknown, origin: string, lineOf: (path: readonly PropertyKey[]) => number | undefined): BrokerConfig {
  const result = brokerConfigSchema.safeParse(value);
  if (result.success) return finish(result.data);
  throw new MqttError("CONFIG_INVALID", { detail: `${origin}: ${describeIssues(result.error.issues, lineOf).join("; ")}` });
}

// A broker that keeps nothing still needs the folder for its CA, so `data` stays what it is.
function finish(config: BrokerConfig): BrokerConfig {
  return { ...config, data: resolve(config.data) };
}

function merge(file: BrokerConfigInput, overrides: BrokerConfigInput): BrokerConfigInput {
  return {
    ...file,
    ...stated(overrides),
    tls: { ...file.tls, ...stated(overrides.tls ?? {}) },
    limits: { ...file.limits, ...stated(overrides.limits ?? {}) },
    log: { ...file.log, ...stated(overrides.log ?? {}) },
  };
}

/** Without the keys that are undefined, which would hide those of the file. */
function stated<T extends object>(input: T): Partial<T> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function resolvePaths(input: BrokerConfigInput, directory: string): BrokerConfigInput {
  const { certificate, key } = input.tls ?? {};
  return {
    ...input,
    ...(input.data === undefined ? {} : { data: resolve(directory, input.data) }),
    tls: {
      ...input.tls,
      ...(certificate === undefined ? {} : { certificate: resolve(directory, certificate) }),
      ...(key === undefined ? {} : { key: resolve(directory, key) }),
    },
  };
}
