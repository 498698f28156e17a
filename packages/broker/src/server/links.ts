import { isDeepStrictEqual } from "node:util";
import { type SecretReference, secretsVersion } from "../config/secret-reference.ts";
import type { Staged } from "./staged.ts";

/** What one tenant has for itself: the same words of two tenants are two links, which remember nothing of each other. */
export interface OfTenant<Config> {
  readonly tenant: string;
  readonly config: Config;
}

/** One of several that the configuration lists, in force. */
export interface Link<Config, Open> {
  readonly config: Config;
  /** Of its secrets when it was opened: a file that holds another one opens it anew. */
  readonly secrets: string;
  readonly open: Open;
}

/** How links of a sort are opened, and where their secrets lie. */
export interface LinkMaker<Config, Open> {
  open(config: Config): Promise<Open>;
  secrets(config: Config): readonly { readonly reference: SecretReference }[];
}

/** A list of the configuration whose items are opened. A reload keeps those that stay as they are, with what they remember. */
export class Links<Config, Open extends { close?(): void }> {
  readonly #maker: LinkMaker<Config, Open>;
  #links: readonly Link<Config, Open>[] = [];

  constructor(maker: LinkMaker<Config, Open>) {
    this.#maker = maker;
  }

  /**
   * Opens those that are new, or none of them.
   *
   * @throws MqttError of the maker
   */
  async stage(configs: readonly Config[]): Promise<Staged & { readonly next: readonly Link<Config, Open>[] }> {
    const free = [...this.#links];
    const next: Link<Config, Open>[] = [];
    const opened: Link<Config, Open>[] = [];
    try {
      for (const config of configs) {
        // Before it is opened: a change in between is seen at the next reload.
        const secrets = await secretsVersion(this.#maker.secrets(config).map(({ reference }) => reference));
        const kept = takeEqual(free, config, secrets);
        const usable = kept ?? { config, secrets, open: await this.#maker.open(config) };
        if (kept === undefined) opened.push(usable);
        next.push(usable);
      }
    } catch (error) {
      closeAll(opened);
      throw error;
    }
    const commit = (): void => {
      this.#links = next;
      closeAll(free);
    };
    return { next, commit, undo: () => closeAll(opened) };
  }

  close(): void {
    closeAll(this.#links);
  }
}

function closeAll(links: readonly Link<unknown, { close?(): void }>[]): void {
  for (const { open } of links) open.close?.();
}

function takeEqual<Config, Open>(free: Link<Config, Open>[], config: Config, secrets: string): Link<Config, Open> | undefined {
  const index = free.findIndex((link) => link.secrets === secrets && isDeepStrictEqual(link.config, config));
  return index < 0 ? undefined : free.splice(index, 1)[0];
}
