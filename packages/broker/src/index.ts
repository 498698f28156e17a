export { Broker, type BrokerOptions, type LoadedDirectory } from "./broker.ts";
export type { ClientDrops } from "./metrics/drop-report.ts";
export type { DropCounts, DropReason } from "./metrics/drops.ts";
export { type BrokerLimits, defaultLimits } from "./connection/broker-limits.ts";
export type { TenantLimits } from "./connection/tenant-limits.ts";
export type { Redirection } from "./connection/redirection.ts";
export { type AccessFunctions, openAccess } from "./acl/access-functions.ts";
export type { AccessControl, ConnectionFacts, Identity, Rights, SubscribeVerdict } from "./acl/access-control.ts";
export { publishBit } from "./acl/access-control.ts";
export { responseInformationFor } from "./acl/response-information.ts";
export type {
  AuthAllowed,
  AuthenticationExchange,
  Authenticator,
  AuthRefused,
  AuthRequest,
  AuthResult,
  EnhancedMethod,
  ExchangeQuestion,
  ExchangeStep,
  ExchangeSuccess,
} from "./auth/authenticator.ts";
export type { AuthenticateAnswer, AuthenticateFunction, FunctionLogin } from "./auth/function-kind.ts";
export type { AccessCase } from "./acl/asked-source.ts";
export type { AuthorizeAnswer, AuthorizeFunction } from "./acl/function-authorizer.ts";
export type { Arrival } from "./listeners/arrival.ts";
export { type BrokerConfig, type BrokerConfigInput } from "./config/broker-config.ts";
export type { ConfigSource, Position, PositionOf } from "./config/config-source.ts";
export { defineConfig } from "./config/define-config.ts";
export { loadConfig, loadConfigFiles, type LoadConfigOptions, type LoadedConfig } from "./config/load-config.ts";
export { createLogger, type Logger, type LogFormat, type LogLevel } from "./log/logger.ts";
export type { ReloadReport } from "./server/config-reload.ts";
export { createBroker, type CreateBrokerOptions } from "./server/create-broker.ts";
export { type Server, type ServerOptions, startServer } from "./server/start-server.ts";
