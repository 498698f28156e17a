export type { ConnectionsOptions } from "./load/connections-options.ts";
export type { LoadOptions } from "./load/load-options.ts";
export type { LoadResult } from "./load/load-result.ts";
export { type LoadServer, loopbackAddresses, plainServer } from "./load/load-server.ts";
export { type ConnectionsResult, runConnections } from "./load/run-connections.ts";
export { runLoad } from "./load/run-load.ts";
