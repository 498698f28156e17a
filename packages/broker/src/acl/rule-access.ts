import type { QoS } from "@bowline/protocol";
import type { StoredRule } from "../storage/storage.ts";
import type { AccessControl, ConnectionFacts, Identity, Rights } from "./access-control.ts";
import { publishBit } from "./access-control.ts";
import { AnswerExpiry } from "./answer-expiry.ts";
import { type AskedContext, AskedRights } from "./asked-rights.ts";
import { type AskedSource, isAsked } from "./asked-source.ts";
import { inWords, publishing, receiving, subscribing } from "./decide.ts";
import { rightsOfAbsent, superuserRights } from "./fixed-rights.ts";
import type { RuleDirectory } from "./rule-directory.ts";
import type { RuleSource } from "./rule-source.ts";
import { RuleRights } from "./rule-rights.ts";

/** A question that somebody tries out: would this client be allowed to do that? */
export interface AccessQuestion {
  readonly client: string;
  /** Empty for an anonymous client. */
  readonly user: string;
  readonly address: string;
  readonly action: "publish" | "subscribe" | "receive";
  /** A Topic Name, or for subscribe a Topic Filter. */
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
}

export interface AccessAnswer {
  readonly isAllowed: boolean;
  /** The rule that decides, and what it says. */
  readonly reason: string;
}

/** The access control of the rules that operators keep, and of whoever is asked before them. */
export class RuleAccess implements AccessControl, AskedContext {
  readonly directory: RuleDirectory;
  readonly expiry: AnswerExpiry;
  /**
   * By their tenant: asked about every client of it, behind what its authenticator granted and before the rules; see `renewed`. What
   * they say of a name in one tenant must not hold for the same name in another.
   */
  authorizers: ReadonlyMap<string, readonly AskedSource[]> = new Map();
  /** Nobody is told by default: it denies in any case. */
  askFailed: AskedContext["askFailed"] = () => {};

  constructor(directory: RuleDirectory, expiry: AnswerExpiry = new AnswerExpiry()) {
    this.directory = directory;
    this.expiry = expiry;
  }

  authorizersOf(tenant: string): readonly AskedSource[] {
    return this.authorizers.get(tenant) ?? [];
  }

  begin(rules: readonly StoredRule[]): void {
    this.directory.begin(rules);
  }

  rightsOf(who: Identity, connection: ConnectionFacts | undefined): Rights {
    const current = this.directory.currentOf(who.tenant);
    if (connection === undefined) return rightsOfAbsent(current, who);
    if (connection.rights !== undefined) return connection.rights;
    if (connection.isSuperuser === true) return superuserRights;
    const sources = connection.sources ?? [];
    const granted = sources.filter((source): source is RuleSource => !isAsked(source));
    return granted.length < sources.length || this.authorizersOf(who.tenant).length > 0
      ? new AskedRights(current, who, connection, this)
      : new RuleRights(current, who, connection, granted);
  }

  /** The rights that a connection has since `authorizers` are others. */
  renewed(rights: Rights): Rights {
    const isOurs = rights instanceof RuleRights || rights instanceof AskedRights;
    return isOurs ? this.rightsOf(rights.who, rights.connection) : rights;
  }

  isRevoked(who: Identity, topicName: string, way: number): boolean {
    const bound = this.directory.currentOf(who.tenant).rules.bind(who, undefined);
    return !publishing(bound, topicName, way).isAllowed;
  }

  /** What the rules of a tenant say to a client that was granted nothing else. */
  answer(tenant: string, question: AccessQuestion): AccessAnswer {
    const { client, user, address, action, topic, qos, retain } = question;
    const who = { tenant, owner: user, clientIdentifier: client };
    const connection = { remoteAddress: address };
    const bound = this.directory.currentOf(tenant).rules.bind(who, connection);
    if (action === "subscribe") return subscribing(bound, topic, qos);
    const decision = action === "publish" ? publishing(bound, topic, publishBit(qos, retain)) : receiving(bound, topic, qos);
    return { isAllowed: decision.isAllowed, reason: inWords(decision) };
  }
}
