import type { QoS } from "@bowline/protocol";
import type { Identity } from "./identity.ts";
import type { RuleSource } from "./rule-source.ts";

/** One thing that a client wants to do, as somebody outside is asked about it. */
export interface AccessCase {
  readonly who: Identity;
  /** Without its port; empty for unix sockets. */
  readonly remoteAddress: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly action: "publish" | "subscribe";
  /** The Topic Name, or the Topic Filter without `$share/ShareName/`. */
  readonly topic: string;
  readonly qos: QoS;
  /** Of a PUBLISH. */
  readonly retain: boolean;
}

/**
 * Somebody outside who decides case by case, such as a webhook: asked where no rule ahead of it decides, once for each topic, way of
 * publishing and filter of a connection. Meanwhile that connection waits, and no other.
 */
export interface AskedSource {
  /** What it is called when it refuses: `webhook`. */
  readonly name: string;
  /** How long an answer holds for a connection, in ms; absent: until the rules of its tenant change. */
  readonly keepMs?: number;
  /** How long a Subscription that it granted stands before it is asked about again, in ms; absent: as long as it lasts. */
  readonly grantMs?: number;
  /**
   * `ignore` leaves it to what comes behind; a rejection denies, for a second. The answer holds for this connection for `keepMs`, until
   * the rules of its tenant change, or `RuleDirectory.askAgain` is called.
   */
  ask(question: AccessCase): Promise<"allow" | "deny" | "ignore">;
}

/** What stands before the rules of a tenant. */
export type AccessSource = RuleSource | AskedSource;

export function isAsked(source: AccessSource): source is AskedSource {
  return "ask" in source;
}
