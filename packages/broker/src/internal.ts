export * from "./storage/storage.ts";
export { MemoryStorage, type MemoryStorageOptions } from "./storage/memory-storage.ts";
export { StoreImage } from "./storage/store-image.ts";
export { type BackupReport, backupStore, restoreStore } from "./storage/lmdb/backup-store.ts";
export { type SalvageReport, salvageUnused } from "./storage/lmdb/salvage-store.ts";
export { openStorage, type StoreOptions } from "./storage/open-storage.ts";
export type { AccessCase, AccessSource, AskedSource } from "./acl/asked-source.ts";
export { claimedRules } from "./acl/claims.ts";
export { parseEmqxCsv, writeEmqxCsv } from "./acl/formats/emqx-csv.ts";
export { parseMosquittoAcl } from "./acl/formats/mosquitto-acl.ts";
export { parseRule, type Rule, type RuleAction, ruleInWords, type RuleInput } from "./acl/rule.ts";
export { type AccessAnswer, type AccessQuestion, RuleAccess } from "./acl/rule-access.ts";
export { RuleDirectory } from "./acl/rule-directory.ts";
export type { RuleSource } from "./acl/rule-source.ts";
export type { NoMatch } from "./acl/tenant-rules.ts";
export { AnonymousMethod } from "./auth/anonymous-method.ts";
export type {
  AuthAllowed,
  AuthRefused,
  AuthRequest,
  AuthResult,
  AuthenticationMethod,
  Authenticator,
} from "./auth/authenticator.ts";
export { AuthenticatorChain } from "./auth/authenticator-chain.ts";
export { EMQX_HASHES, type EmqxHashing, emqxHashing, SALT_POSITIONS } from "./auth/import/emqx-hashing.ts";
export {
  type ForeignUser,
  hasPasswords,
  parseEmqxUsers,
  parseMosquittoUsers,
  parsePlainUsers,
  type PlainUser,
  writeEmqxUsers,
} from "./auth/import/user-files.ts";
export { generatePassword } from "./auth/generate-password.ts";
export { PasswordHasher } from "./auth/password-hasher.ts";
export { TokenMethod } from "./auth/token-method.ts";
export { UserDirectory, type UserChange, type UserSummary } from "./auth/user-directory.ts";
export { UserMethod } from "./auth/user-method.ts";
export type { KeySummary } from "./admin/api-keys.ts";
export { adminRoutes, type AdminContext } from "./admin/admin-app.ts";
export { type AdminSocket, openAdminSocket } from "./admin/admin-socket.ts";
export type { BrokerStats, BrokerView, ConnectionSummary } from "./admin/broker-view.ts";
export { addConsoleFiles } from "./admin/console-files.ts";
export { guardOrigin } from "./admin/guard-origin.ts";
export { OperatorAccess } from "./admin/operator-access.ts";
export { openOperatorKey } from "./admin/operator-key.ts";
export { RateHistory, type RateName, type RateSample } from "./admin/rate-history.ts";
export { type BrokerConfig, type BrokerConfigInput, brokerConfigJsonSchema } from "./config/broker-config.ts";
export { dataFolder, type DataFolder, makeDataFolder } from "./config/data-folder.ts";
export type { ConfigSource, PositionOf } from "./config/config-source.ts";
export { loadConfig, loadConfigFiles, type LoadConfigOptions, type LoadedConfig } from "./config/load-config.ts";
export { createLogger, LOG_LEVELS, type Logger, type LogFormat, type LogLevel, silentLogger } from "./log/logger.ts";
export type { TracedPacket, TracedPayload, TraceEvent } from "@bowline/protocol/internal";
export { Secret } from "./log/secret.ts";
export type { LoadUserModule, UserModule } from "./realtime/user-module.ts";
export { type Deployment, rulesOf, type TenantRuleList, type TenantUsers, usersOf } from "./tenants/deployment.ts";
export type { Plan } from "./tenants/plan.ts";
export type { UsageOf } from "./tenants/usage-book.ts";
export { TenantRegistry } from "./tenants/tenant-registry.ts";
export {
  parseTenantInput,
  type ShownTenant,
  type TenantInput,
  type TenantSettings,
  type TenantTlsFiles,
} from "./tenants/tenant-settings.ts";
export { type Server, type ServerOptions, startServer } from "./server/start-server.ts";
export { type LocalCa, openLocalCa } from "./tls/local-ca.ts";
export { AcmeRenewal } from "./tls/acme/acme-renewal.ts";
