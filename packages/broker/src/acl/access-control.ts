import type { ErrorCode, QoS } from "@bowline/protocol";
import type { StoredRule } from "../storage/storage.ts";
import type { AccessCase, AccessSource } from "./asked-source.ts";
import type { Identity } from "./identity.ts";

export type { Identity };

/** What rights may depend on besides the identity: known while a client is there, and remembered until it comes back. */
export interface ConnectionFacts {
  /** Address of the client without its port; empty for unix sockets. */
  readonly remoteAddress: string;
  /** What the authenticator granted, asked before the rules of the tenant and in order. */
  readonly sources?: readonly AccessSource[] | undefined;
  /** Values of `${client_attrs.NAME}`. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** May do everything but publish where the broker itself speaks. */
  readonly isSuperuser?: boolean | undefined;
  /** These decide alone, and no rule of the tenant is asked: the policy of a custom authorizer. */
  readonly rights?: Rights | undefined;
}

/** Decides what authenticated clients may do. */
export interface AccessControl {
  /**
   * Gets the rules that storage holds, before anything is decided.
   *
   * @throws MqttError STORE_DAMAGED
   */
  begin?(rules: readonly StoredRule[]): void;
  /**
   * The rights of one client on one connection. Asked at each CONNECT and re-authentication; `connection` is undefined for a Session
   * that was restored and whose client has not come back.
   */
  rightsOf(who: Identity, connection: ConnectionFacts | undefined): Rights;
  /**
   * Whether somebody who once published to the topic in that way (`publishBit`), by rights that were `isByRules`, could not do so any
   * more: a retained message of theirs is not delivered then.
   */
  isRevoked(publisher: Identity, topicName: string, way: number): boolean;
}

/** May the filter be subscribed to, and because of what. */
export interface SubscribeVerdict {
  readonly isAllowed: boolean;
  /** For the client and for whoever tries rules out: which rule said so. */
  readonly reason: string;
}

/** Why a client may not do something, for whoever looks after its rights. */
export interface Denial {
  readonly code: ErrorCode;
  readonly reason: string;
  /** What to change. */
  readonly remedy: string;
}

/**
 * What one client may do. The broker asks when a topic is first published to on a connection, at SUBSCRIBE, and when the receivers
 * of a topic are worked out; never once a message.
 */
export interface Rights {
  /** Another number, never used before, whenever an answer may be another. */
  readonly version: number;
  /** Rules alone decide: then they also decide what becomes of a retained message or a will that was published by these rights. */
  readonly isByRules: boolean;
  /**
   * Resolves when everything is known that the answer to this case depends on; undefined when it is. Absent where nobody has to be asked.
   * Without it a case that is not known is refused.
   */
  unknown?(action: AccessCase["action"], topic: string, qos: QoS, retain: boolean): Promise<void> | undefined;
  /** How it may not publish to the topic: the sum of `publishBit` of each way that is refused, 0 for none. */
  refusedPublishes(topicName: string): number;
  /** For the client, which rule refuses it: what `refusedPublishes` says it may not. Absent: nobody says. */
  whyNot?(topicName: string, qos: QoS, retain: boolean): string;
  /**
   * For whoever looks after these rights, never for the client: why it may not do what was refused, and what to change. Absent or
   * undefined: `whyNot` and the reason of `subscribing` say all.
   */
  denial?(action: AccessCase["action"] | "receive", topic: string, retain: boolean): Denial | undefined;
  /**
   * Whether a will that was allowed at CONNECT is not to be published any more: a right that was taken away stops it, one whose ground
   * is merely not known any more does not. Absent: whether it may be published now.
   */
  stopsWill?(topicName: string, way: number): boolean;
  /** `topicFilter` without `$share/ShareName/`. */
  subscribing(topicFilter: string, qos: QoS): SubscribeVerdict;
  /** Whether everything that the Subscription matches may be delivered, so that nobody need ask about each topic. */
  isFree(topicFilter: string, qos: QoS): boolean;
  /** Whether a message may be delivered by a Subscription, or, without one, by any. */
  mayReceive(topicName: string, qos: QoS, topicFilter?: string): boolean;
  /** For whoever looks after these rights: because of what a message is withheld. Absent: nobody says. */
  whyWithheld?(topicName: string, qos: QoS, topicFilter?: string): string;
}

/** One way to publish, as a bit: QoS and RETAIN. */
export function publishBit(qos: QoS, retain: boolean): number {
  return 1 << (qos * 2 + (retain ? 1 : 0));
}

/** Every way to publish. */
export const EVERY_PUBLISH = 0b11_1111;

let versions = 0;

/** A number for `Rights.version`. */
export function nextVersion(): number {
  return ++versions;
}

/** Topics where the broker alone speaks. */
export function isBrokersOwn(topicName: string): boolean {
  return topicName.startsWith("$SYS/") || topicName.startsWith("$events/");
}

/** Why a client may not publish there. */
export const BROKERS_OWN = "nobody but the broker publishes to $SYS/ and $events/";
