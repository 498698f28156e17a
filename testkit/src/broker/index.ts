export { BrokerWorld, type WorldOptions } from "./broker-world.ts";
export { connectOf, publishOf, type SubscribeRequest, TestClient, textOf } from "./test-client.ts";
export { type DiskState, TestStore } from "./test-store.ts";
export { recordingLogger } from "./recording-logger.ts";
export { lintPrometheus, parsePrometheus, type ParsedMetrics, type ParsedSample } from "./parse-prometheus.ts";
export { LocalServers, localServers, lossOf } from "./local-servers.ts";
export { HookServer } from "./hook-server.ts";
