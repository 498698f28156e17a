import type { MqttError, Properties, ProtocolVersion } from "@bowline/protocol";
import { type Attempt, canSay, prepareAttempt } from "./attempt.ts";
import { fingerprint } from "./credentials.ts";
import { IdleLimit } from "./idle-limit.ts";
import type { ConnectOptions, Credentials } from "./options.ts";
import { RetryPolicy } from "./reconnect/retry-policy.ts";
import { ServerList } from "./reconnect/server-list.ts";
import { VersionChoice } from "./version-choice.ts";

/**
 * What one attempt hands to the next: where it goes, what it speaks, what it is made with, and when it is due. Lives as long as the
 * client.
 */
export class Attempts {
  /** The one under way, or the one that became the connection. */
  current: Attempt | undefined;
  readonly policy: RetryPolicy;
  /** Told by the connections when they were cut in silence. */
  readonly idleLimit: IdleLimit = new IdleLimit();
  private readonly servers: ServerList;
  private readonly versions: VersionChoice;
  private readonly options: ConnectOptions;
  /** Fingerprint of the credentials that were refused last. */
  private refused: string | undefined;

  constructor(url: string, options: ConnectOptions, random: () => number) {
    this.options = options;
    this.servers = new ServerList([url, ...(options.servers ?? [])]);
    this.versions = new VersionChoice(options.protocolVersion);
    this.policy = new RetryPolicy(options.reconnect || {}, random);
  }

  get version(): ProtocolVersion {
    return this.versions.current;
  }

  /** Throws what is wrong with the input. */
  prepare(clientId: string, credentials: Credentials, authentication: Properties | undefined): Attempt {
    const state = { version: this.version, clientId, isReturn: this.policy.wasOnline, credentials, authentication };
    const attempt = prepareAttempt(this.servers.current, this.options, state);
    return { ...attempt, connect: this.idleLimit.within(attempt.connect) };
  }

  /** The server has refused these: asking it again would be the blind retry that locks accounts. */
  haveRefused(credentials: Credentials): boolean {
    return this.refused === fingerprint(credentials);
  }

  /** CONNACK came. */
  accepted(): void {
    this.policy.connected();
    this.servers.connected();
    this.versions.accepted();
    this.refused = undefined;
  }

  /** The server closed in place of a CONNACK. */
  unanswered(): void {
    this.versions.unanswered(this.canSpeak);
  }

  /** Whoever asks for another one knows that the server will answer otherwise. */
  restart(): void {
    this.policy.restart();
    this.refused = undefined;
  }

  /** Ms until the next one; undefined to give up. */
  delayAfter(error: MqttError, retryAfterMs: number | undefined, now: number): number | undefined {
    const { current, options } = this;
    const { code, stage, retry } = error;
    const isRefusal = retry === "new-credentials";
    if (isRefusal && current !== undefined) {
      if (this.haveRefused(current.credentials)) return undefined;
      this.refused = fingerprint(current.credentials);
    }
    if (options.reconnect === false) return undefined;
    if (code === "PROTO_VERSION" && this.versions.refused(this.canSpeak)) return 0;
    const hasNewCredentials = typeof options.credentials === "function";
    const delay = this.policy.next({ code, stage, retry, hasNewCredentials, retryAfterMs }, now);
    // The servers of a list are one service, so that what one refuses the others do.
    return isRefusal ? delay : this.servers.failed(delay);
  }

  private readonly canSpeak = (version: ProtocolVersion): boolean => canSay(this.current, version);
}
