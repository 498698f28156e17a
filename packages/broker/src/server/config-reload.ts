import { isDeepStrictEqual } from "node:util";
import { MqttError } from "@bowline/protocol";
import type { BrokerConfig } from "../config/broker-config.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import type { Logger } from "../log/logger.ts";
import { tlsFiles } from "../tls/read-tls-settings.ts";
import { FileWatch } from "./file-watch.ts";

/** How reloads went since the start, for the metrics and the admin API. */
export interface ReloadCounts {
  succeeded: number;
  failed: number;
  certificatesReloaded: number;
  certificatesRefused: number;
  /** Wall time in ms of the last reload of the configuration, 0 for none yet. */
  lastAt: number;
  /** Why the last one failed; undefined when it did not. */
  lastFailure: string | undefined;
}

/** What a reload did. */
export interface ReloadReport {
  /** The keys that are others now, such as `listen` or `log`. */
  changed: readonly string[];
}

export interface ConfigReloadOptions {
  readonly config: BrokerConfig;
  /** Reads the configuration anew; absent where it came from a program. */
  readonly load?: (() => Promise<LoadedConfig>) | undefined;
  /** The files it was read from. */
  readonly files?: readonly string[] | undefined;
  /** Puts a checked configuration in force as a whole, or rejects and leaves everything as it is. */
  readonly apply: (config: BrokerConfig) => Promise<void>;
  /** The same for what the TLS files hold now. */
  readonly applyCertificates: (config: BrokerConfig) => Promise<void>;
  readonly logger: Logger;
}

/** What is decided when the store is opened. Moving it under a running broker would lose what it has acknowledged. */
const FIXED = ["data", "memory", "durability"] as const;
/** Files that a person edits are looked at more often than certificates. */
const WATCH_EVERY_MS = 1_000;
/** The local authority's certificates are renewed 30 days before they end. */
const RENEWAL_EVERY_MS = 86_400_000;

/** Puts another configuration in force while connections stay: one reload at a time, and each as a whole or not at all. */
export class ConfigReload {
  readonly counts: ReloadCounts = {
    succeeded: 0,
    failed: 0,
    certificatesReloaded: 0,
    certificatesRefused: 0,
    lastAt: 0,
    lastFailure: undefined,
  };
  readonly #options: ConfigReloadOptions;
  readonly #configWatch: FileWatch = new FileWatch(() => void this.reload().catch(() => {}));
  readonly #tlsWatch: FileWatch = new FileWatch(() => void this.reloadCertificates());
  readonly #renewal: NodeJS.Timeout;
  #config: BrokerConfig;
  #files: readonly string[];
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: ConfigReloadOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#files = options.files ?? [];
    this.#renewal = setInterval(() => void this.reloadCertificates(), RENEWAL_EVERY_MS).unref();
  }

  /** Begins to watch: the start has succeeded. */
  begin(): void {
    this.#watch();
  }

  /** The one in force. It holds no secrets, only where they lie. */
  get config(): BrokerConfig {
    return this.#config;
  }

  /**
   * Reads the configuration anew and puts it in force.
   *
   * @throws MqttError of the configuration, CONFIG_FIXED, or of what could not be opened; the old one stays in force then
   */
  reload(): Promise<ReloadReport> {
    return this.#alone(async () => {
      const { load, logger } = this.#options;
      try {
        if (load === undefined)
          throw new MqttError("CONFIG_UNREADABLE", { detail: "this broker was started without a configuration file" });
        const { config, files } = await load();
        const report = await this.#put(config);
        this.#files = files;
        this.#watch();
        return report;
      } catch (error) {
        this.#failed(error);
        logger.error({ error }, "the configuration was not reloaded; the old one stays in force");
        throw error;
      }
    });
  }

  /**
   * Puts a configuration in force that a program brings.
   *
   * @throws MqttError as `reload` does
   */
  put(config: BrokerConfig): Promise<ReloadReport> {
    return this.#alone(async () => {
      try {
        return await this.#put(config);
      } catch (error) {
        this.#failed(error);
        throw error;
      }
    });
  }

  /** Reads the TLS files anew. Bad ones leave the old in force; that is logged and counted, and nobody's error. */
  reloadCertificates(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return this.#alone(async () => {
      const { logger, applyCertificates } = this.#options;
      try {
        await applyCertificates(this.#config);
        this.counts.certificatesReloaded++;
        logger.info({}, "certificates reloaded");
      } catch (error) {
        this.counts.certificatesRefused++;
        logger.error({ error }, "the new certificates cannot be used; the old ones stay in force");
      }
    });
  }

  /** Ends watching, and waits for a reload under way; a later one would open what nobody closes. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#renewal);
    this.#configWatch.close();
    this.#tlsWatch.close();
    await this.#last;
  }

  async #put(config: BrokerConfig): Promise<ReloadReport> {
    const changed = changedKeys(this.#config, config);
    mustNotBeFixed(changed);
    await this.#options.apply(config);
    this.#config = config;
    this.counts.succeeded++;
    this.counts.lastAt = Date.now();
    this.counts.lastFailure = undefined;
    this.#watch();
    this.#options.logger.info({ changed }, "configuration reloaded");
    return { changed };
  }

  #failed(error: unknown): void {
    this.counts.failed++;
    this.counts.lastAt = Date.now();
    this.counts.lastFailure = error instanceof Error ? error.message : String(error);
  }

  #watch(): void {
    const { watch, tls } = this.#config;
    this.#configWatch.watch(this.#files, watch ? WATCH_EVERY_MS : 0);
    this.#tlsWatch.watch(tlsFiles(tls), tls.reloadSeconds * 1_000);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) {
      const told = { source: "usage", detail: "the broker is closed", remedy: "Start another one." } as const;
      return Promise.reject(new MqttError("SHUTDOWN", told));
    }
    const run = this.#last.then(work);
    this.#last = run.catch(() => {});
    return run;
  }
}

function changedKeys(before: BrokerConfig, after: BrokerConfig): string[] {
  return (Object.keys(after) as (keyof BrokerConfig)[]).filter((key) => !isDeepStrictEqual(before[key], after[key]));
}

function mustNotBeFixed(changed: readonly string[]): void {
  const fixed = FIXED.filter((key) => changed.includes(key));
  if (fixed.length > 0) throw new MqttError("CONFIG_FIXED", { detail: fixed.map((key) => `"${key}"`).join(", ") });
}
