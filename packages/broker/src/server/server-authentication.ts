import { isDeepStrictEqual } from "node:util";
import { AnonymousMethod } from "../auth/anonymous-method.ts";
import { AttemptGuard } from "../auth/attempt-guard.ts";
import { AuthenticatorChain } from "../auth/authenticator-chain.ts";
import type { AuthenticatorContext, OpenAuthenticator } from "../auth/authenticator-kind.ts";
import { type AuthenticatorConfig, doubledMethod, openAuthenticator, secretsOf } from "../auth/authenticator-kinds.ts";
import type { EnhancedMethod } from "../auth/authenticator.ts";
import type { TokenMethod } from "../auth/token-method.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import { secretsVersion } from "../config/secret-reference.ts";
import type { Staged } from "./staged.ts";

interface Link {
  readonly config: AuthenticatorConfig;
  /** Of its secrets when it was opened: a file that holds another one opens it anew. */
  readonly secrets: string;
  readonly open: OpenAuthenticator;
}

export interface StagedChain extends Staged {
  readonly chain: AuthenticatorChain;
}

/** The chain of authenticators. A reload keeps the links whose configuration stays, with what they remember. */
export class ServerAuthentication {
  readonly #context: AuthenticatorContext;
  readonly #tokens: TokenMethod;
  readonly #given: readonly EnhancedMethod[];
  /** Outlives the chains, so that a reload forgets no failure. */
  readonly #guard: AttemptGuard = new AttemptGuard();
  #links: readonly Link[] = [];

  /** @param given Authentication Methods of whoever embeds the broker, beside those of the configuration. */
  constructor(context: AuthenticatorContext, tokens: TokenMethod, given: readonly EnhancedMethod[] = []) {
    this.#context = context;
    this.#tokens = tokens;
    this.#given = given;
  }

  /**
   * Opens the links that are new, or none of them.
   *
   * @throws MqttError of the kinds
   */
  async stage(config: BrokerConfig): Promise<StagedChain> {
    const doubled = doubledMethod(
      config.authentication,
      this.#given.map(({ name }) => name),
    );
    if (doubled !== undefined) throw doubled.error;
    const free = [...this.#links];
    const next: Link[] = [];
    const opened: Link[] = [];
    const giveUp = (): void => {
      for (const { open } of opened) open.close?.();
    };
    try {
      for (const link of config.authentication) {
        // Before it is opened: a change in between is seen at the next reload.
        const secrets = await secretsVersion(secretsOf(link).map(({ reference }) => reference));
        const kept = takeEqual(free, link, secrets);
        const usable = kept ?? { config: link, secrets, open: await openAuthenticator(link, this.#context) };
        if (kept === undefined) opened.push(usable);
        next.push(usable);
      }
    } catch (error) {
      giveUp();
      throw error;
    }
    const commit = (): void => {
      this.#links = next;
      this.#context.users.scramIterations = scramIterationsOf(next);
      for (const { open } of free) open.close?.();
    };
    return { chain: this.#chainOf(next, config.anonymous), commit, undo: giveUp };
  }

  close(): void {
    for (const { open } of this.#links) open.close?.();
  }

  #chainOf(links: readonly Link[], anonymous: boolean): AuthenticatorChain {
    const methods = links.flatMap(({ open }) => open.method ?? []);
    const enhanced = links.flatMap(({ open }) => open.enhanced ?? []);
    const all = [this.#tokens, ...methods, ...(anonymous ? [new AnonymousMethod()] : [])];
    return new AuthenticatorChain(all, this.#context.logger, [...this.#given, ...enhanced], this.#guard);
  }
}

/** Where no link offers SCRAM no keys are made. */
function scramIterationsOf(links: readonly Link[]): number | undefined {
  for (const { config } of links) if (config.kind === "scram") return config.iterations;
  return undefined;
}

function takeEqual(free: Link[], config: AuthenticatorConfig, secrets: string): Link | undefined {
  const index = free.findIndex((link) => link.secrets === secrets && isDeepStrictEqual(link.config, config));
  return index < 0 ? undefined : free.splice(index, 1)[0];
}
