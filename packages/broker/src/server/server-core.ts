import { MqttError } from "@bowline/protocol";
import { AnonymousMethod } from "../auth/anonymous-method.ts";
import { AuthenticatorChain } from "../auth/authenticator-chain.ts";
import type { EnhancedMethod } from "../auth/authenticator.ts";
import { PasswordHasher } from "../auth/password-hasher.ts";
import { TokenMethod } from "../auth/token-method.ts";
import { type UserChange, UserDirectory } from "../auth/user-directory.ts";
import { UserMethod } from "../auth/user-method.ts";
import { Broker, type BrokerOptions } from "../broker.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import type { DataFolder } from "../config/data-folder.ts";
import type { Logger } from "../log/logger.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { Storage } from "../storage/storage.ts";
import type { CloseStack } from "./close-stack.ts";
import { clientsOf } from "./view-of.ts";

/** Reason Code 0x87, Not authorized. */
const NOT_AUTHORIZED = 0x87;

/** The broker with its storage and its users, without any way in. */
export interface ServerCore {
  broker: Broker;
  users: UserDirectory;
  tokens: TokenMethod;
}

/** Of the options of a server, those that concern its core. */
export interface ServerCoreOptions {
  config: BrokerConfig;
  logger: Logger;
  authenticationMethods?: readonly EnhancedMethod[];
  redirect?: BrokerOptions["redirect"];
}

/** @throws MqttError of the store */
export async function startServerCore(
  { config, logger, authenticationMethods, redirect }: ServerCoreOptions,
  folder: DataFolder,
  closers: CloseStack,
): Promise<ServerCore> {
  const storage = await openConfiguredStorage(config, folder, logger);
  const hasher = new PasswordHasher();
  const users = new UserDirectory(storage, hasher);
  const tokens = new TokenMethod();
  const methods = [tokens, new UserMethod(users, hasher), ...(config.anonymous ? [new AnonymousMethod()] : [])];
  const authenticator = new AuthenticatorChain(methods, logger, authenticationMethods);
  const { limits } = config;
  const broker = new Broker({ authenticator, storage, limits, logger, ...(redirect === undefined ? {} : { redirect }) });
  // It closes the storage too, also when it could not load it.
  closers.push(() => broker.close(0));
  const directory = await broker.start();
  for (const user of directory.users) users.loaded(user);
  users.onChange((change) => disconnectUser(broker, change));
  return { broker, users, tokens };
}

function openConfiguredStorage(config: BrokerConfig, folder: DataFolder, logger: Logger): Promise<Storage> {
  if (config.memory) return openStorage("memory");
  return openStorage({
    directory: folder.store,
    durability: config.durability,
    onDamage: config.onDamage,
    onSalvaged: (report) => logger.warn({ ...report }, "the store was damaged; what could be read was kept"),
  });
}

/** A removed user, or one with a new password, must not go on with the old one's connections. */
function disconnectUser(broker: Broker, change: UserChange): void {
  if (change.kind === "added") return;
  for (const { connection, session } of clientsOf(broker)) {
    if (connection.tenant.name !== change.tenant || session.owner !== change.username) continue;
    connection.end(
      new MqttError("NOT_AUTHORIZED", { reasonCode: NOT_AUTHORIZED, detail: "the user was changed or removed", source: "local" }),
    );
  }
}
