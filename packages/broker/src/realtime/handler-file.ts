import { type AuthorizerEvent, type AuthorizerFunction, type HandlerOptions, HandlerPool } from "@bowline/realtime";
import type { Logger } from "../log/logger.ts";
import { FileWatch } from "../server/file-watch.ts";
import type { LoadUserModule, UserModule } from "./user-module.ts";

/** What a handler's file needs to run. */
export interface HandlerFileSetting {
  /** Absolute path of the source. */
  readonly file: string;
  readonly load: LoadUserModule;
  /** Names the authorizer in each line. */
  readonly logger: Logger;
  readonly options: Omit<HandlerOptions, "module" | "onOutput" | "onCrash">;
}

/** How often its files are looked at. */
const LOOK_EVERY_MS = 300;

/** A handler in a file that is watched: after a save the next calls go to the new one, or, where that cannot be loaded, to the old. */
export class HandlerFile implements AuthorizerFunction {
  readonly #setting: HandlerFileSetting;
  readonly #pool: HandlerPool;
  readonly #watch: FileWatch = new FileWatch(() => (this.#reloading = this.#reloading.then(() => this.#reload())));
  #module: UserModule;
  /** One after the other. */
  #reloading: Promise<void> = Promise.resolve();

  private constructor(setting: HandlerFileSetting, pool: HandlerPool, module: UserModule) {
    this.#setting = setting;
    this.#pool = pool;
    this.#module = module;
    this.#watch.watch(module.files, LOOK_EVERY_MS);
  }

  /** Rejects with MqttError AWS_AUTHORIZER_LAMBDA, or that of the loader, for what cannot be loaded. */
  static async open(setting: HandlerFileSetting): Promise<HandlerFile> {
    const { file, load, logger, options } = setting;
    const module = await load(file);
    try {
      const pool = await HandlerPool.open({
        ...options,
        module: module.url,
        onOutput: (line, stream) => logger.info({ stream }, line),
        onCrash: (why) => logger.error({}, `the authorizer's process: ${why}`),
      });
      return new HandlerFile(setting, pool, module);
    } catch (error) {
      await module.dispose();
      throw error;
    }
  }

  call(event: AuthorizerEvent, signal?: AbortSignal): Promise<unknown> {
    return this.#pool.call(event, signal);
  }

  async close(): Promise<void> {
    this.#watch.close();
    await this.#reloading;
    // A load that was under way has begun to watch again.
    this.#watch.close();
    await this.#pool.close();
    await this.#module.dispose();
  }

  async #reload(): Promise<void> {
    const { file, load, logger } = this.#setting;
    let next: UserModule | undefined;
    try {
      next = await load(file);
      await this.#pool.replace(next.url);
      await this.#module.dispose();
      this.#module = next;
      this.#watch.watch(next.files, LOOK_EVERY_MS);
      logger.info({}, "the authorizer was loaded again");
    } catch (error) {
      await next?.dispose();
      logger.error({ error }, "the authorizer that was saved cannot be loaded; the one before stays");
    }
  }
}
