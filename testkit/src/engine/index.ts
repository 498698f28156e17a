export { ClientHarness, type HarnessOptions } from "./client-harness.ts";
export { type Cut, type Direction, EnginePair } from "./engine-pair.ts";
export { connectPacket, ServerHarness, type SinkCall } from "./server-harness.ts";
export { packetsIn } from "./packets-in.ts";
