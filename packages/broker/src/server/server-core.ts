import { MqttError } from "@bowline/protocol";
import type { RuleInput } from "../acl/rule.ts";
import { RuleAccess } from "../acl/rule-access.ts";
import { RuleDirectory } from "../acl/rule-directory.ts";
import { ApiKeys } from "../admin/api-keys.ts";
import { SignIns } from "../admin/sign-ins.ts";
import { BanList } from "../auth/ban-list.ts";
import { BanningAuthenticator } from "../auth/banning-authenticator.ts";
import type { EnhancedMethod } from "../auth/authenticator.ts";
import { PasswordHasher } from "../auth/password-hasher.ts";
import { ownerOf, TokenMethod } from "../auth/token-method.ts";
import { type UserChange, UserDirectory } from "../auth/user-directory.ts";
import { Broker, type BrokerOptions } from "../broker.ts";
import type { BootstrapConfig } from "../config/bootstrap-schema.ts";
import { stampedTenants } from "../config/access-chains.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import { grantsRights, NO_RIGHTS } from "../config/config-warnings.ts";
import type { DataFolder } from "../config/data-folder.ts";
import { readSecret } from "../config/secret-reference.ts";
import { ClientEvents } from "../events/client-events.ts";
import { ObserverList } from "../events/observer-list.ts";
import { RefusalLog } from "../events/refusal-log.ts";
import type { Logger } from "../log/logger.ts";
import { AWS_IOT, type Deviations, STANDARD } from "../realtime/aws-iot-profile.ts";
import type { LoadUserModule } from "../realtime/user-module.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { Storage } from "../storage/storage.ts";
import { DEFAULT_TENANT } from "../tenants/tenant.ts";
import { Plans } from "../tenants/plan.ts";
import { TenantRegistry } from "../tenants/tenant-registry.ts";
import { UsageMeters } from "../tenants/usage.ts";
import type { CloseStack } from "./close-stack.ts";
import { ServerAuthentication, type StagedChain } from "./server-authentication.ts";
import { ServerAuthorization } from "./server-authorization.ts";
import type { Staged } from "./staged.ts";
import { clientsOf } from "./view-of.ts";

const ANONYMOUS_RULE: RuleInput = { id: "anonymous", permission: "allow", action: "both", topics: ["#"], user: "" };

/** Reason Code 0x87, Not authorized. */
const NOT_AUTHORIZED = 0x87;

/** The broker with its storage and its users, without any way in. */
export interface ServerCore {
  broker: Broker;
  users: UserDirectory;
  rules: RuleAccess;
  tokens: TokenMethod;
  bans: BanList;
  tenants: TenantRegistry;
  keys: ApiKeys;
  signIns: SignIns;
  refusals: RefusalLog;
  /** MQTT listeners as URLs; none before they are open. */
  listeners: () => readonly string[];
  plans: Plans;
  usage: UsageMeters;
  /** Prepares the limits and the authenticators of another configuration. */
  stage(config: BrokerConfig): Promise<Staged>;
}

/** Of the options of a server, those that concern its core. */
export interface ServerCoreOptions {
  config: BrokerConfig;
  logger: Logger;
  authenticationMethods?: readonly EnhancedMethod[];
  loadUserModule?: LoadUserModule | undefined;
  redirect?: BrokerOptions["redirect"];
  rules?: readonly RuleInput[] | undefined;
}

/** @throws MqttError of the store, of an authenticator, and CONFIG_INVALID of a secret of `bootstrap` */
export async function startServerCore(
  { config, logger, authenticationMethods, redirect, rules, loadUserModule }: ServerCoreOptions,
  folder: DataFolder,
  closers: CloseStack,
): Promise<ServerCore> {
  const storage = await openConfiguredStorage(config, folder, logger);
  const hasher = new PasswordHasher();
  const users = new UserDirectory(storage, hasher);
  const access = new RuleAccess(new RuleDirectory(storage));
  const signIns = new SignIns();
  const tokens = new TokenMethod((signIn) => signIns.isLive(signIn));
  const bans = new BanList(storage);
  const tenants = new TenantRegistry(storage);
  const keys = new ApiKeys(storage);
  const plans = new Plans(storage);
  const usage = new UsageMeters(storage, logger, performance.now());
  const authentication = new ServerAuthentication({ users, hasher, logger, loadUserModule }, tokens, authenticationMethods);
  const authorization = new ServerAuthorization(access, logger);
  const { limits } = config;
  // Nobody comes before the chain is there: listeners open last.
  const staged = await stageAccess(authentication, authorization, config).catch(async (error: unknown) => {
    await storage.close();
    throw error;
  });
  const broker = new Broker({
    authenticator: new BanningAuthenticator(staged.chain, bans),
    storage,
    access,
    limits: { ...limits, deviations: deviationsOf(config) },
    logger,
    ...(redirect === undefined ? {} : { redirect }),
  });
  staged.commit();
  // It closes the storage too, also when it could not load it.
  closers.push(() => broker.close(0));
  closers.push(() => authentication.close());
  closers.push(() => authorization.close());
  authorization.begin(broker);
  const directory = await broker.start();
  for (const kept of [bans, tenants, keys, plans, usage]) kept.begin(directory.rules);
  for (const { name, state } of tenants.list()) if (state !== "deleting") broker.openTenant(name, state === "paused");
  const events = new ClientEvents(config.events, broker);
  events.begin(directory.rules);
  const refusals = new RefusalLog((tenant, username) => users.find(tenant, username) !== undefined);
  broker.observer = new ObserverList(events, refusals);
  broker.stampSenders(stampedTenants(config));
  for (const user of directory.users) users.loaded(user);
  await seed(users, config.bootstrap, logger);
  access.directory.onChange((tenant) => broker.accessChanged(tenant));
  await seedRules(access.directory, config, rules);
  warnOfNoRights(users, access.directory, config, logger);
  users.onChange((change) => userChanged(broker, change));
  endSignIns(broker, keys, signIns);
  const stage = async (next: BrokerConfig): Promise<Staged> => {
    const both = await stageAccess(authentication, authorization, next, broker);
    const commit = (): void => {
      both.commit();
      broker.authenticator = new BanningAuthenticator(both.chain, bans);
      broker.changeLimits({ ...next.limits, deviations: deviationsOf(next) });
      events.config = next.events;
      broker.stampSenders(stampedTenants(next));
      storage.changeMaximumBytes(next.storage.maximumBytes);
    };
    return { commit, undo: () => both.undo() };
  };
  return { broker, users, rules: access, tokens, bans, tenants, keys, signIns, refusals, listeners: () => [], plans, usage, stage };
}

function deviationsOf({ profile, deniedPublish }: BrokerConfig): Deviations {
  return { ...(profile === "aws-iot" ? AWS_IOT : STANDARD), acknowledgesDenied: deniedPublish === "acknowledge" };
}

/** A browser is signed out with its key, and its MQTT connections go with it, at whatever tenant they are. */
function endSignIns(broker: Broker, keys: ApiKeys, signIns: SignIns): void {
  keys.onChange = () => signIns.endUnbacked();
  signIns.onEnd = ({ id }) => {
    for (const { name } of broker.allTenants()) broker.dropOwner(name, ownerOf(id), true);
  };
}

/** The chain of authenticators, and who is asked for rights. */
async function stageAccess(
  authentication: ServerAuthentication,
  authorization: ServerAuthorization,
  config: BrokerConfig,
  broker?: Broker,
): Promise<StagedChain> {
  const chain = await authentication.stage(config);
  const asked = await authorization.stage(config, broker).catch(async (error: unknown) => {
    await chain.undo();
    throw error;
  });
  const commit = (): void => {
    chain.commit();
    asked.commit();
  };
  const undo = async (): Promise<void> => {
    await asked.undo();
    await chain.undo();
  };
  return { chain: chain.chain, commit, undo };
}

function openConfiguredStorage(config: BrokerConfig, folder: DataFolder, logger: Logger): Promise<Storage> {
  if (config.memory) return openStorage("memory");
  return openStorage({
    directory: folder.store,
    durability: config.durability,
    maximumBytes: config.storage.maximumBytes,
    onDamage: config.onDamage,
    onSalvaged: (report) => logger.warn({ ...report }, "the store was damaged; what could be read was kept"),
    onMigrated: (report) => logger.info({ ...report }, "the store was brought up to date; it is kept as it was beside the new one"),
  });
}

/** Fills an empty store. One that holds users belongs to the operator, who may have removed any of these. */
async function seed(users: UserDirectory, { users: given }: BootstrapConfig, logger: Logger): Promise<void> {
  if (users.size > 0 || given.length === 0) return;
  const read = given.map(async ({ username, password }) => ({ username, password: (await readSecret(password)).reveal() }));
  // At once: a store that holds some of them is one that is left alone.
  await users.addAll(DEFAULT_TENANT, await Promise.all(read));
  logger.info({ users: given.length }, "the empty store was filled from `bootstrap`");
}

/** What a store begins with that never had a rule. */
async function seedRules(directory: RuleDirectory, config: BrokerConfig, rules: readonly RuleInput[] | undefined): Promise<void> {
  const first = config.bootstrap.rules.length > 0 ? config.bootstrap.rules : rules;
  if (directory.isUntouched(DEFAULT_TENANT)) {
    if (first === undefined) await directory.setNoMatch(DEFAULT_TENANT, "allow");
    else if (first.length > 0) await directory.addAll(DEFAULT_TENANT, first);
  }
  // Whoever lets strangers in means them to do something. Whoever takes this rule away means it too: it comes but once.
  if (config.anonymous && first?.length === 0) await directory.seed(DEFAULT_TENANT, "anonymous", [ANONYMOUS_RULE]);
}

/** Where nothing gives anybody a right, every PUBLISH and SUBSCRIBE will be refused, and somebody would look for the reason in the client. */
function warnOfNoRights(users: UserDirectory, directory: RuleDirectory, config: BrokerConfig, logger: Logger): void {
  // A rule of strangers, such as the one that comes with `anonymous`, is none of theirs.
  const isGranting = directory.list(DEFAULT_TENANT).some(({ permission, user }) => permission === "allow" && user !== "");
  const isMute = !isGranting && directory.noMatch(DEFAULT_TENANT) === "deny";
  if (isMute && users.size > 0 && !grantsRights(config)) logger.warn({ users: users.size }, `users have no rights: ${NO_RIGHTS}`);
}

/** What a change of a user means to its connections and Sessions. */
function userChanged(broker: Broker, change: UserChange): void {
  if (change.kind === "password") disconnectUser(broker, change);
  else if (change.kind === "removed" || change.kind === "disabled")
    broker.dropOwner(change.tenant, change.username, change.kind === "removed");
}

/** One with a new password must not go on with the old one's connections. */
function disconnectUser(broker: Broker, change: UserChange): void {
  for (const { connection, session } of clientsOf(broker)) {
    if (connection.tenant.name !== change.tenant || session.owner !== change.username) continue;
    connection.end(
      new MqttError("NOT_AUTHORIZED", { reasonCode: NOT_AUTHORIZED, detail: "the user has another password", source: "local" }),
    );
  }
}
