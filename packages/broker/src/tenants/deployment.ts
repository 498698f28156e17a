import { MqttError, type QoS, type SubscriptionRequest } from "@bowline/protocol";
import type { AccessAnswer, AccessQuestion, RuleAccess } from "../acl/rule-access.ts";
import type { Rule, RuleInput } from "../acl/rule.ts";
import type { NoMatch } from "../acl/tenant-rules.ts";
import type { AuditEntry } from "../admin/audit-log.ts";
import type { ConnectionDetail, ConnectionSummary } from "../admin/broker-view.ts";
import type { Ban, BanKind } from "../auth/ban-list.ts";
import type { IssuedToken } from "../auth/token-method.ts";
import type { UserDirectory, UserSummary } from "../auth/user-directory.ts";
import type { BrokerLimits } from "../connection/broker-limits.ts";
import type { Connection } from "../connection/connection.ts";
import type { Refusal } from "../events/refusal.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Session } from "../sessions/session.ts";
import type { Trace, TraceLimits } from "../trace/trace.ts";
import type { TraceRequest } from "../trace/trace-scope.ts";
import type { Plan } from "./plan.ts";
import type { Tenant } from "./tenant.ts";
import type { TenantOverview } from "./tenant-overview.ts";
import type { UsageOf } from "./usage-book.ts";

/** The users of one tenant. */
export interface TenantUsers {
  list(): UserSummary[];
  /** @param check Throws when it cannot be had after all, once its password is hashed. */
  add(username: string, password: string, check?: () => void): Promise<UserSummary>;
  /** Several with their passwords; all or none. */
  addAll(
    users: readonly { username: string; password: string }[],
    check?: () => void,
    signal?: AbortSignal,
  ): Promise<UserSummary[]>;
  setPassword(username: string, password: string): Promise<void>;
  setDisabled(username: string, isDisabled: boolean): Promise<void>;
  remove(username: string): Promise<void>;
  /** With hashes of another broker; all or none. */
  importAll(users: readonly { username: string; passwordHash: string }[]): Promise<void>;
  /** With their hashes, for whoever may open the socket alone. */
  hashes(): { username: string; passwordHash: string }[];
}

/** The access rules of one tenant. */
export interface TenantRuleList {
  list(): Rule[];
  noMatch(): NoMatch;
  add(rule: RuleInput, place?: number): Promise<Rule>;
  addAll(rules: readonly RuleInput[]): Promise<Rule[]>;
  replaceAll(rules: readonly RuleInput[]): Promise<Rule[]>;
  put(id: string, rule: RuleInput): Promise<Rule>;
  remove(id: string): Promise<void>;
  move(id: string, place: number): Promise<void>;
  setNoMatch(noMatch: NoMatch): Promise<void>;
  test(question: AccessQuestion): AccessAnswer;
}

/** Whom the connections that somebody ends belong to. */
export type KickRequest = Pick<Ban, "kind" | "value">;

/** Who may not come to one tenant. */
export interface TenantBans {
  list(): Ban[];
  add(ban: Ban): Promise<void>;
  lift(kind: BanKind, value: string): Promise<boolean>;
}

/**
 * One tenant as its administrator may act on it: whoever holds this reaches no other's, since nothing here takes a tenant's name. All of
 * the admin API that an administrator may ask is written against it.
 */
export interface Deployment {
  /** Its Sessions, subscriptions, retained messages and counters. */
  readonly tenant: Tenant;
  readonly users: TenantUsers;
  readonly rules: TenantRuleList;
  readonly bans: TenantBans;
  /** Clients that are connected now. */
  connections(): ConnectionSummary[];
  /** One of them in full, by its number. */
  connection(id: number): ConnectionDetail | undefined;
  /** Ends it with DISCONNECT 0x98; false when there is none. */
  endConnection(id: number): boolean;
  /** The same of everybody that is meant; answers how many. */
  kick(whom: KickRequest): number;
  trace(about: Omit<TraceRequest, "tenant">, limits: TraceLimits): Trace;
  /** A token of five minutes for the console's own connection, of that signed-in browser where it is one. */
  issueToken(signIn?: string): Promise<IssuedToken>;
  /** Its Sessions, with the connection that each has just now. */
  clients(): SessionView[];
  /** Ends the connection (0x98) and the Session. */
  forgetSession(session: Session): void;
  /**
   * As if its client had asked: with its rights and within its limits. Answers the granted QoS, or why not.
   *
   * @throws MqttError STORE_READ_ONLY
   */
  subscribe(session: Session, requests: readonly SubscriptionRequest[]): Promise<GrantedByApi[]>;
  unsubscribe(session: Session, topicFilters: readonly string[]): Promise<void>;
  /** In the broker's own name; answers whether anybody had subscribed. */
  publish(topicName: string, payload: Uint8Array, options: { qos: QoS; retain: boolean }): Promise<boolean>;
  /** What it used, by hour and by month. */
  usage(): { hours: readonly UsageOf[]; months: readonly UsageOf[] };
  overview(): TenantOverview;
  /** Clients that were not let in or were sent away, the latest first. */
  refusals(): readonly Refusal[];
  /** What it may have; undefined: the limits of the configuration. */
  plan(): Plan | undefined;
  /** Who asked for which change of it, the latest first. */
  audit(): AuditEntry[];
  limits(): Readonly<BrokerLimits>;
  counters(): Readonly<Counters>;
}

/** A Session and its connection. */
export interface SessionView {
  readonly session: Session;
  readonly connection: Connection | undefined;
}

/** What became of one Topic Filter. */
export interface GrantedByApi {
  readonly topicFilter: string;
  /** The granted QoS, or from 0x80 on why not. */
  readonly reasonCode: number;
}

/** The users of one tenant out of all. */
export function usersOf(directory: UserDirectory, tenant: string): TenantUsers {
  return {
    list: () => directory.list(tenant),
    add: (username, password, check) => directory.add(tenant, username, password, check),
    addAll: (added, check, signal) => directory.addAll(tenant, added, check, signal),
    setPassword: (username, password) => directory.setPassword(tenant, username, password),
    setDisabled: (username, isDisabled) => directory.setDisabled(tenant, username, isDisabled),
    remove: (username) => directory.remove(tenant, username),
    importAll: (users) => directory.importAll(tenant, users),
    hashes: () => directory.hashes(tenant),
  };
}

/** The same, of which there are no more than the plan allows. */
export function boundedUsers(users: TenantUsers, maximum: number | undefined): TenantUsers {
  const mustHaveRoom = (more: number): void => mustFit(users.list().length + more, maximum, "users (maximumUsers)");
  return {
    ...users,
    add: async (username, password) => {
      mustHaveRoom(1);
      return users.add(username, password, () => mustHaveRoom(1));
    },
    addAll: async (added, _check, signal) => {
      mustHaveRoom(added.length);
      return users.addAll(added, () => mustHaveRoom(added.length), signal);
    },
    importAll: async (imported) => {
      mustHaveRoom(imported.length);
      return users.importAll(imported);
    },
  };
}

/** How many access rules a plan allows; undefined: as many as there can be. */
export type RuleBounds = Pick<Plan, "maximumRules" | "maximumRulesPerUser">;

/** The access rules of one tenant, of which there are no more than the plan allows. */
export function boundedRules(rules: TenantRuleList, { maximumRules, maximumRulesPerUser }: RuleBounds): TenantRuleList {
  const mustHaveRoom = (others: readonly RuleInput[], added: readonly RuleInput[]): void => {
    mustFit(others.length + added.length, maximumRules, "access rules (maximumRules)");
    mustHaveRoomForUsers(others, added);
  };
  const mustHaveRoomForUsers = (others: readonly RuleInput[], added: readonly RuleInput[]): void => {
    if (maximumRulesPerUser === undefined) return;
    const counts = new Map<string, number>();
    for (const about of [...others, ...added].flatMap(whomOf)) counts.set(about, (counts.get(about) ?? 0) + 1);
    for (const about of added.flatMap(whomOf))
      mustFit(counts.get(about)!, maximumRulesPerUser, `access rules about ${about} (maximumRulesPerUser)`);
  };
  return {
    ...rules,
    add: async (rule, place) => {
      mustHaveRoom(rules.list(), [rule]);
      return rules.add(rule, place);
    },
    addAll: async (added) => {
      mustHaveRoom(rules.list(), added);
      return rules.addAll(added);
    },
    replaceAll: async (others) => {
      mustHaveRoom([], others);
      return rules.replaceAll(others);
    },
    put: async (id, rule) => {
      const others = rules.list().filter((each) => each.id !== id);
      mustHaveRoomForUsers(others, [rule]);
      return rules.put(id, rule);
    },
  };
}

/** The user and the Client Identifier that a rule is about. */
function whomOf({ user, client }: RuleInput): string[] {
  const about: string[] = [];
  if (user !== undefined) about.push(`the user ${JSON.stringify(user)}`);
  if (client !== undefined) about.push(`the Client Identifier ${JSON.stringify(client)}`);
  return about;
}

function mustFit(count: number, maximum: number | undefined, what: string): void {
  if (maximum !== undefined && count > maximum)
    throw new MqttError("ADMIN_REFUSED", { detail: `the plan allows no more than ${maximum} ${what}` });
}

/** The access rules of one tenant out of all. */
export function rulesOf(access: RuleAccess, tenant: string): TenantRuleList {
  const { directory } = access;
  return {
    list: () => directory.list(tenant),
    noMatch: () => directory.noMatch(tenant),
    add: (rule, place) => directory.add(tenant, rule, place),
    addAll: (rules) => directory.addAll(tenant, rules),
    replaceAll: (rules) => directory.replaceAll(tenant, rules),
    put: (id, rule) => directory.put(tenant, id, rule),
    remove: (id) => directory.remove(tenant, id),
    move: (id, place) => directory.move(tenant, id, place),
    setNoMatch: (noMatch) => directory.setNoMatch(tenant, noMatch),
    test: (question) => access.answer(tenant, question),
  };
}
