export { Broker, type BrokerOptions, type LoadedDirectory } from "./broker.ts";
export { type BrokerLimits, defaultLimits } from "./connection/broker-limits.ts";
export type { AccessControl } from "./acl/access-control.ts";
export type { Authenticator, AuthRequest, AuthResult } from "./auth/authenticator.ts";
