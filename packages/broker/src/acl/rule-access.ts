import type { QoS } from "@bowline/protocol";
import type { StoredRule } from "../storage/storage.ts";
import type { AccessControl, ConnectionFacts, Identity, Rights } from "./access-control.ts";
import { publishBit } from "./access-control.ts";
import { AskedRights } from "./asked-rights.ts";
import { isAsked } from "./asked-source.ts";
import { publishing, receiving } from "./decide.ts";
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

/** The access control of the rules that operators keep. */
export class RuleAccess implements AccessControl {
  readonly directory: RuleDirectory;

  constructor(directory: RuleDirectory) {
    this.directory = directory;
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
    return granted.length < sources.length
      ? new AskedRights(current, who, connection)
      : new RuleRights(current, who, connection, granted);
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
    if (action === "subscribe") return this.rightsOf(who, connection).subscribing(topic, qos);
    const bound = this.directory.currentOf(tenant).rules.bind(who, connection);
    const { isAllowed, rule } =
      action === "publish" ? publishing(bound, topic, publishBit(qos, retain)) : receiving(bound, topic, qos);
    if (rule === undefined) return { isAllowed, reason: `no rule matches, which means ${isAllowed ? "allow" : "deny"}` };
    return { isAllowed, reason: `${rule.label} ${isAllowed ? "allows" : "denies"} ${rule.topicFilter}` };
  }
}
