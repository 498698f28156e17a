export { connectPacket, ServerHarness, type SinkCall } from "./server-harness.ts";
