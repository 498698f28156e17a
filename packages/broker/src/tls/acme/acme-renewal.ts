import { MqttError } from "@bowline/protocol";
import type { Clock, TimerHandle } from "@bowline/protocol/internal";
import { timeLimit } from "@bowline/realtime/internal";
import type { AcmeConfig } from "../../config/acme-schema.ts";
import { readSecret } from "../../config/secret-reference.ts";
import type { Logger } from "../../log/logger.ts";
import type { Secret } from "../../log/secret.ts";
import { parseChallengeUrl } from "../../server/admin-url.ts";
import { readPem } from "../certificate-files.ts";
import { AcmeFiles, type KeptCertificate } from "./acme-files.ts";
import { ChallengeListener } from "./challenge-listener.ts";
import { orderCertificate } from "./order-certificate.ts";

export interface AcmeRenewalOptions {
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A new certificate is in its file: it is to be put in force. */
  readonly renewed: () => Promise<void>;
}

/** How orders went since the start, for the metrics. */
export interface AcmeCounts {
  succeeded: number;
  failed: number;
}

/** A certificate is renewed when a third of its life is left: 30 days of the usual 90, and it fits shorter ones too. */
const LIFE_LEFT_AT_RENEWAL = 1 / 3;
/** Between looks at the certificate's end: timers of weeks stand still while a machine sleeps. */
const LOOK_AGAIN_MS = 6 * 3_600_000;
/** After a failure, each time the next one. Let's Encrypt allows five failed proofs of a name in an hour. */
const RETRY_AFTER_MS = [60_000, 600_000, 3_600_000, LOOK_AGAIN_MS] as const;
const ORDER_MS_MAX = 300_000;

/**
 * Orders the certificate when there is none, and again before it ends. A failed order leaves the certificate in force as it is; it is
 * logged, counted and tried again. One order at a time.
 */
export class AcmeRenewal {
  readonly counts: AcmeCounts = { succeeded: 0, failed: 0 };
  readonly #options: AcmeRenewalOptions;
  readonly #files: AcmeFiles;
  #config: AcmeConfig | undefined;
  #failures = 0;
  #timer: TimerHandle;
  #stop = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(options: AcmeRenewalOptions) {
    this.#options = options;
    this.#files = new AcmeFiles(options.dataFolder);
  }

  /** What holds from now on; undefined for no ACME. Looks at the certificate at once, also when an order has failed before. */
  configure(config: AcmeConfig | undefined): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#config = config;
    this.#failures = 0;
    this.#look();
  }

  /** Resolves when no look and no order is under way. */
  async settled(): Promise<void> {
    for (let last: Promise<void> | undefined; last !== this.#last; ) await (last = this.#last);
  }

  /** Ends an order under way. */
  async close(): Promise<void> {
    this.configure(undefined);
    await this.settled();
  }

  #look(): void {
    this.#options.clock.clearTimer(this.#timer);
    const { signal } = this.#stop;
    this.#last = this.#last.then(() => this.#orderIfDue(signal));
  }

  async #orderIfDue(signal: AbortSignal): Promise<void> {
    const config = this.#config;
    if (config === undefined || signal.aborted) return;
    const { clock, logger } = this.#options;
    try {
      const dueIn = dueInMs(await this.#files.readCertificate(), config, clock.wallTime());
      if (dueIn > 0) return this.#lookAgainIn(dueIn);
      await this.#order(config, timeLimit(ORDER_MS_MAX, signal));
      this.#failures = 0;
      this.#lookAgainIn(LOOK_AGAIN_MS);
    } catch (cause) {
      if (signal.aborted) return;
      const error = MqttError.is(cause) ? cause : new MqttError("ACME_FAILED", { detail: (cause as Error).message, cause });
      const retryInMs = RETRY_AFTER_MS[Math.min(this.#failures++, RETRY_AFTER_MS.length - 1)] as number;
      this.counts.failed++;
      logger.error({ error, names: config.names, retryInMs }, "no certificate was issued; the one in force stays");
      this.#lookAgainIn(retryInMs);
    }
  }

  async #order(config: AcmeConfig, signal: AbortSignal): Promise<void> {
    const { directory, email, names } = config;
    const { logger, renewed } = this.#options;
    logger.info({ names, directory }, "a certificate is ordered");
    const challenges = await ChallengeListener.open(parseChallengeUrl(config.listen));
    try {
      const trust = config.trust === undefined ? undefined : await readPem(config.trust);
      const accountKey = await this.#files.accountKey();
      const externalAccount = await readExternalAccount(config);
      const material = await orderCertificate({
        directory,
        accountKey,
        email,
        trust,
        externalAccount,
        names,
        challenges,
        signal,
      });
      await this.#files.writeCertificate(material, directory);
      this.counts.succeeded++;
      logger.info({ names, notAfter: material.notAfter.toISOString() }, "a certificate was issued");
    } finally {
      challenges.close();
    }
    await renewed();
  }

  #lookAgainIn(delayMs: number): void {
    const { clock } = this.#options;
    clock.clearTimer(this.#timer);
    this.#timer = clock.setTimer(() => this.#look(), Math.min(delayMs, LOOK_AGAIN_MS));
  }
}

/** The secret is read when it is needed, so that one that is replaced holds at once. */
async function readExternalAccount({ externalAccount }: AcmeConfig): Promise<{ id: string; key: Secret } | undefined> {
  return externalAccount === undefined ? undefined : { id: externalAccount.id, key: await readSecret(externalAccount.key) };
}

/** 0 or less when it is due: there is none, it is for other names or of another server, or near its end. */
function dueInMs(kept: KeptCertificate | undefined, { directory, names }: AcmeConfig, now: number): number {
  if (kept === undefined || kept.directory !== directory) return 0;
  const { material, notBefore } = kept;
  if ([...material.dnsNames].sort().join() !== [...names].sort().join()) return 0;
  const end = material.notAfter.getTime();
  return end - (end - notBefore) * LIFE_LEFT_AT_RENEWAL - now;
}
